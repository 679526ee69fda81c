# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module's edge: what it takes, what it writes and what it returns."""

from __future__ import annotations

import pathlib
import tarfile
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.arguments import CONNECTION
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import ApiError, Cluster
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.errors import Unreachable
from ansible_collections.intelgraph.maestro.plugins.module_utils._module_runner import Call, Ending, perform
from ansible_collections.intelgraph.maestro.plugins.modules import diagnose
from tests.unit.api_double import ApiDouble
from tests.unit.documented import documented

DOCUMENTED: dict[str, dict[str, t.Any]] = documented(diagnose.DOCUMENTATION)["options"]
NAMESPACE = "maestro-system"


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> ApiDouble:
    """The cluster that the module connects to."""
    double = ApiDouble(NAMESPACE)
    monkeypatch.setattr(Cluster, "connect", lambda _params: double)
    return double


def run(dest: pathlib.Path, check: bool = False, **changes: t.Any) -> Ending:
    defaults = {name: option.get("default") for name, option in diagnose.ARGUMENTS.items()}
    return perform(diagnose.diagnose, Call({**defaults, "dest": str(dest), **changes}, check))


def test_the_documentation_says_what_the_module_takes() -> None:
    own = {name: option for name, option in diagnose.ARGUMENTS.items() if name not in CONNECTION}
    assert {name: option["type"] for name, option in DOCUMENTED.items()} == {n: o["type"] for n, o in own.items()}
    assert {name: option["default"] for name, option in DOCUMENTED.items()} == {n: o["default"] for n, o in own.items()}


@pytest.mark.usefixtures("api")
def test_it_writes_what_it_says(tmp_path: pathlib.Path) -> None:
    ending = run(tmp_path)
    (path,) = tmp_path.iterdir()
    values = ending.values
    assert not ending.failed
    assert values["changed"]
    assert (values["path"], values["size"]) == (str(path), path.stat().st_size)
    assert values["msg"].startswith(f"The diagnosis of release maestro lies in {path} (")
    with tarfile.open(path) as archive:
        assert [name.partition("/")[2] for name in archive.getnames()] == values["parts"]


@pytest.mark.usefixtures("api")
def test_check_mode_tells_what_it_would_write_and_writes_nothing(tmp_path: pathlib.Path) -> None:
    ending = run(tmp_path / "new", check=True)
    assert list(tmp_path.iterdir()) == []
    assert ending.values["changed"]
    assert "would lie in" in ending.values["msg"]
    assert "README.md" in ending.values["parts"]


def test_what_is_left_out_is_in_the_result_and_in_the_sentence(api: ApiDouble, tmp_path: pathlib.Path) -> None:
    api.fail("GET", "/nodes", ApiError(403, "Forbidden", "nodes is forbidden"))
    values = run(tmp_path).values
    assert {"part": "nodes.txt", "why": "The account may not do this: nodes is forbidden"} in values["left_out"]
    assert "parts left out: see its README.md" in values["msg"]


def test_a_history_that_cannot_be_read_is_left_out_like_any_other_part(api: ApiDouble, tmp_path: pathlib.Path) -> None:
    api.fail("GET", "/secrets", ApiError(403, "Forbidden", "secrets is forbidden"))
    ending = run(tmp_path)
    assert not ending.failed
    assert "history.txt" in [entry["part"] for entry in ending.values["left_out"]]


def test_secrets_that_cannot_be_read_are_warned_of(api: ApiDouble, tmp_path: pathlib.Path) -> None:
    assert run(tmp_path).warnings == []
    api.fail("GET", "/secrets", ApiError(403, "Forbidden", "secrets is forbidden"))
    assert run(tmp_path).warnings == [diagnose.UNKNOWN_SECRETS]


@pytest.mark.parametrize(
    "error",
    [Unreachable("the API server cannot be reached"), ApiError(401, "Unauthorized", "Unauthorized")],
)
def test_a_cluster_that_gives_no_answers_is_a_failure(api: ApiDouble, tmp_path: pathlib.Path, error: Exception) -> None:
    api.fail("GET", "/", error)
    ending = run(tmp_path)
    assert ending.failed
    assert ending.values["error_id"] == error.id  # type: ignore[attr-defined]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("api")
def test_an_archive_that_cannot_be_written_is_a_failure(tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").touch()
    assert run(tmp_path / "file").values["error_id"] == "support-bundle-not-written"


@pytest.mark.parametrize("option", ["log_bytes", "logs_bytes", "timeout"])
def test_a_bound_of_nothing_is_refused(option: str, tmp_path: pathlib.Path) -> None:
    ending = run(tmp_path, **{option: 0})
    assert ending.failed
    assert ending.values["msg"].startswith(f"{option} must be at least")
