# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The diagnosis of a broken release, and of none, on the lab: all is in it, and no secret is."""

from __future__ import annotations

import base64
import functools
import io
import json
import pathlib
import stat
import tarfile
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from tests.integration.conftest import Player, of_namespace
from tests.integration.furnishing import allow
from tests.integration.leaking import Searcher
from tests.integration.playing import play
from tests.integration.test_secrecy import CANARIES, variables

__all__ = ["variables"]  # a fixture of another module

DIAGNOSE = "intelgraph.maestro.diagnose"
VIEWER = [
    {
        "apiGroups": ["", "apps"],
        "resources": ["pods", "pods/log", "deployments", "configmaps"],
        "verbs": ["get", "list"],
    }
]


@pytest.fixture
def diagnose(namespace: str, tmp_path: pathlib.Path) -> Player:
    """Runs the playbook on the test's namespace; its archive goes to a folder that does not exist yet."""
    return functools.partial(play, DIAGNOSE, maestro_diagnosis_dir=str(tmp_path / "new"), **of_namespace(namespace))


def unpacked(path: str) -> dict[str, str]:
    """The files of an archive, by path below its one folder."""
    with tarfile.open(fileobj=io.BytesIO(pathlib.Path(path).read_bytes())) as archive:
        return {
            member.name.partition("/")[2]: t.cast("t.IO[bytes]", archive.extractfile(member)).read().decode()
            for member in archive.getmembers()
        }


def test_a_broken_release_is_explained_and_gives_no_secret_away(
    namespace: str,
    deploy: Player,
    diagnose: Player,
    lab: dict[str, t.Any],
    cluster: Cluster,
    variables: dict[str, t.Any],
) -> None:
    made = deploy(
        **variables,
        maestro_wait_timeout=180,
        workload_environment={"LEAK": CANARIES["external"]},
        workload_settings_extra={CANARIES["jwt"]: base64.b64encode(CANARIES["openai"].encode()).decode()},
    )
    assert made.release["verdict"] == "failed", made.output
    done = diagnose("-vvvv")
    assert done.rc == 0, done.output
    result = done.result_of(DIAGNOSE)
    parts = unpacked(result["path"])
    assert sorted(parts) == sorted(result["parts"])
    assert result["left_out"] == []
    assert stat.S_IMODE(pathlib.Path(result["path"]).stat().st_mode) == 0o600

    assert result["findings"][0]["id"] == "crash-loop"
    assert "crash-loop" in parts["README.md"]
    assert "exit code 78" in parts["findings.txt"]
    assert "node-1" in parts["nodes.txt"]
    assert "requests.cpu" in parts["usage.txt"]
    assert "failed" in parts["history.txt"]
    assert "BackOff" in parts["events.txt"]
    assert "objects/Deployment/maestro.yaml" in parts
    previous = [text for path, text in parts.items() if path.startswith("logs/") and path.endswith(".previous.log")]
    assert any("JWT_SIGNING_KEY)" in text for text in previous), "the log names the key that it would have given away"

    values = {**CANARIES, **{part: lab[part]["password"] for part in ("database", "redis", "registry")}}
    assert Searcher(values).leaks({"output": done.output, "result": json.dumps(result), **parts}) == []

    viewer = allow(cluster, namespace, VIEWER)
    limited = diagnose(maestro_connection={"kubeconfig": lab["kubeconfig"], "impersonate_user": viewer})
    assert limited.rc == 0, limited.output
    lacks = {entry["part"]: entry["why"] for entry in limited.result_of(DIAGNOSE)["left_out"]}
    assert {"objects/Secret", "nodes.txt"} <= lacks.keys()
    assert "forbidden" in lacks["nodes.txt"]
    assert any("Read them before you pass the archive on" in line for line in limited.output.splitlines())
    assert any(part.startswith("logs/") for part in limited.result_of(DIAGNOSE)["parts"])


def test_without_a_namespace_there_is_an_archive_all_the_same(diagnose: Player, tmp_path: pathlib.Path) -> None:
    checked = diagnose("--check")
    assert checked.rc == 0, checked.output
    assert checked.result_of(DIAGNOSE)["changed"]
    assert not (tmp_path / "new").exists()

    done = diagnose()
    assert done.rc == 0, done.output
    parts = unpacked(done.result_of(DIAGNOSE)["path"])
    assert "the history names none" in parts["README.md"]
    assert "not found" in parts["README.md"]
    assert done.result_of(DIAGNOSE)["msg"] in done.output
