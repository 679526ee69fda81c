# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module's edge: what it takes, what it refuses, and what it returns however it ends."""

from __future__ import annotations

import getpass
import json
import pathlib
import typing as t

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args

from ansible_collections.intelgraph.maestro.plugins.module_utils import _release_report
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.arguments import CONNECTION
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import ApiError, Cluster
from ansible_collections.intelgraph.maestro.plugins.module_utils._module_runner import Call, Ending, perform
from ansible_collections.intelgraph.maestro.plugins.module_utils._objects.manifest import take_out_secrets
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.record.history import History
from ansible_collections.intelgraph.maestro.plugins.modules import release
from tests.unit.api_double import ApiDouble
from tests.unit.documented import documented
from tests.unit.plugins.module_utils._release.releasing import STUCK
from tests.unit.plugins.samples import NAMESPACE, base64_of, deployment, namespace, secret, service
from tests.unit.rendering import only

DOCUMENTED: dict[str, dict[str, t.Any]] = documented(release.DOCUMENTATION)["options"]
RETURNED: dict[str, dict[str, t.Any]] = yaml.safe_load(release.RETURN)
ALWAYS = {name for name, value in RETURNED.items() if value["returned"] == "always"}
MANIFESTS, VALUES = take_out_secrets([namespace(), secret(TOKEN="hunter2"), deployment(), service()])


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> ApiDouble:
    """The cluster to which the module connects, from a folder that may be written to."""
    monkeypatch.chdir(tmp_path)
    double = ApiDouble()

    def connect(params: dict[str, t.Any]) -> ApiDouble:
        assert params.keys() >= CONNECTION.keys()
        return double

    monkeypatch.setattr(Cluster, "connect", connect)
    return double


def parameters(**given: t.Any) -> dict[str, t.Any]:
    defaults = {name: option.get("default") for name, option in release.ARGUMENTS.items()}
    wanted = {"components": {"all": MANIFESTS}, "secret_values": VALUES, "wait_timeout": 0}
    return {**defaults, **wanted, **given}


def run(check: bool = False, diff: bool = False, **given: t.Any) -> Ending:
    return perform(release.carry_out, Call(parameters(**given), check, diff))


def test_the_documentation_says_what_the_module_takes() -> None:
    own = {name: option for name, option in release.ARGUMENTS.items() if name not in CONNECTION}
    assert DOCUMENTED.keys() == own.keys()
    for name, option in own.items():
        assert DOCUMENTED[name]["type"] == option["type"], name
        assert DOCUMENTED[name].get("default") == option.get("default"), name
        assert DOCUMENTED[name].get("choices") == option.get("choices"), name


def test_secret_values_are_not_logged() -> None:
    assert release.ARGUMENTS["secret_values"]["no_log"] is True


def test_a_release_and_its_result(cluster: ApiDouble) -> None:
    ending = run(reason="a test")
    assert not ending.failed
    assert ending.values["msg"] == "Release 1 of maestro is in place: 4 created."
    assert ending.values["changed"] is True
    assert ending.values["requests"] == cluster.requests
    assert ending.values["counts"]["create"] == sum(ending.values["counts"].values()) == 4
    assert "diff" not in ending.values
    record = only(History(cluster, NAMESPACE, "maestro").read().records)
    assert record.about["reason"] == "a test"
    assert record.about["by"].startswith(f"{getpass.getuser()}@")


def test_a_second_time_nothing_changes(cluster: ApiDouble) -> None:
    run()
    again = run()
    assert (again.values["changed"], again.values["number"]) == (False, 1)


def test_check_mode_and_diff_mode(cluster: ApiDouble) -> None:
    before = cluster.versions()
    ending = run(check=True, diff=True)
    assert cluster.versions() == before
    assert ending.values["changed"] is True
    assert len(ending.values["diff"]) == 4
    displayed = json.dumps(ending.values)
    assert "hunter2" not in displayed
    assert base64_of("hunter2") not in displayed


def test_a_release_that_fails_has_all_keys(cluster: ApiDouble) -> None:
    cluster.unready["Deployment maestro"] = {"observedGeneration": 0}
    ending = run(diff=True)
    assert ending.failed
    assert ending.values["verdict"] == "failed"
    assert only(ending.values["findings"])["id"] == "not-ready"
    assert ending.values["changed"] is True
    assert len(ending.values["diff"]) == 4


def test_a_failed_release_is_told_on_a_page_with_the_rollback_that_followed_and_no_secret(
    cluster: ApiDouble, tmp_path: pathlib.Path
) -> None:
    run()
    stuck = {**STUCK["conditions"][0], "message": "deadline exceeded for hunter2-and-a-half"}
    cluster.unready["Deployment maestro"] = {**STUCK, "conditions": [stuck]}
    worse, values = take_out_secrets([namespace(), secret(TOKEN="hunter2-and-a-half"), deployment(replicas=7)])
    ending = run(components={"all": worse}, secret_values=values, report_dir=str(tmp_path / "kept"))
    evidence = pathlib.Path(ending.values["report"])
    assert [pathlib.Path(path) for path in ending.values["report_files"]] == [
        evidence.with_suffix("") / f"report.{kind}" for kind in ("json", "xml", "html")
    ]
    assert ending.values["msg"].endswith(f"\nEvidence: {evidence}\nReport: {ending.values['report_files'][-1]}")
    texts = [pathlib.Path(path).read_text(encoding="utf-8") for path in ending.values["report_files"]]
    reported = json.loads(texts[0])
    assert [(check["name"], check["verdict"]) for check in reported["checks"]] == [
        ("release", "failed"),
        ("rollback", "failed"),
    ]
    assert reported["release"]["number"] == 2
    assert reported["seconds"] == pytest.approx(sum(ending.values["seconds"].values()), abs=1)
    assert all("hunter2-and-a-half" not in text and "Automatic rollback" in text for text in texts)


@pytest.mark.parametrize("quoted", ["hunter2-and-a-half", base64_of("hunter2-and-a-half")])
def test_a_server_that_quotes_a_secret_gives_it_away_nowhere(
    quoted: str, cluster: ApiDouble, tmp_path: pathlib.Path
) -> None:
    refusal = ApiError(422, "Invalid", f'Service "maestro" is invalid: policy: the namespace may not hold {quoted}')
    for method in ("PATCH", "POST"):
        cluster.fail(method, "/services", refusal)
    manifests, values = take_out_secrets([namespace(), secret(TOKEN="hunter2-and-a-half"), service()])
    ending = run(components={"all": manifests}, secret_values=values, report_dir=str(tmp_path))
    record = only(History(cluster, NAMESPACE, "maestro").read().records)
    assert "the namespace may not hold (secret maestro-secrets/TOKEN)" in ending.values["msg"]
    assert "the namespace may not hold (secret maestro-secrets/TOKEN)" in record.outcome["reason"]
    kept = [path.read_text(encoding="utf-8") for path in tmp_path.rglob("*.*") if path.is_file()]
    assert len(kept) == 4
    assert quoted not in "".join([json.dumps([ending.values, ending.warnings, record.outcome, record.about]), *kept])


def test_a_page_that_cannot_be_written_hides_neither_verdict_nor_evidence(
    cluster: ApiDouble, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_given: object) -> list[str]:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_release_report, "write_report", full)
    cluster.unready["Deployment maestro"] = {"observedGeneration": 0}
    ending = run(report_dir=str(tmp_path))
    assert (ending.values["verdict"], ending.values["report_files"]) == ("failed", [])
    assert pathlib.Path(ending.values["report"]).exists()
    assert ending.warnings == ["The page about release 1 could not be written: [Errno 28] No space left on device"]


def test_a_removal(cluster: ApiDouble) -> None:
    run()
    ending = run(state="absent", confirm="maestro", remove_data=True)
    assert not ending.failed
    assert ending.values["msg"] == "maestro was removed."
    assert list(cluster.store) == ["/api/v1/namespaces/kube-system"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"history_limit": 1}, "history_limit must be at least 2, but 1 was given."),
        ({"wait_timeout": -1}, "wait_timeout must be at least 0, but -1 was given."),
        ({"state": "absent"}, "confirm must be 'maestro', but '' was given"),
        ({"state": "absent", "confirm": "other"}, "confirm must be 'maestro', but 'other' was given"),
        ({"state": "absent", "name": "m", "confirm": "maestro"}, "maestro_remove_confirm=m."),
    ],
)
def test_what_cannot_be_meant_is_refused_before_the_cluster_is_asked(
    given: dict[str, t.Any], words: str, cluster: ApiDouble
) -> None:
    asked = cluster.requests
    ending = run(**given)
    assert ending.failed
    assert words in ending.values["msg"]
    assert cluster.requests == asked


def test_components_that_cannot_be_released_are_refused(cluster: ApiDouble) -> None:
    ending = run(components={"a": [{}]})
    assert ending.failed
    assert ending.values["error_id"] == "bad-components"


def test_an_error_of_the_cluster_is_a_failure_with_its_id(cluster: ApiDouble) -> None:
    cluster.fail("GET", "", ApiError(403, "Forbidden", "you may not"))
    ending = run()
    assert ending.failed
    assert ending.values["error_id"] == "api-error"
    assert "you may not" in ending.values["msg"]


@pytest.mark.parametrize("how", ["passed", "checked", "unready", "refused", "unusable"])
def test_what_is_always_returned_is_returned(how: str, cluster: ApiDouble) -> None:
    if how == "unready":
        cluster.unready["Deployment maestro"] = {"observedGeneration": 0}
    if how == "refused":
        cluster.fail("GET", "", ApiError(403, "Forbidden", "you may not"))
    ending = run(check=how == "checked", history_limit=0 if how == "unusable" else 10)
    assert ALWAYS
    assert not ALWAYS - ending.values.keys()
    assert not ending.values.keys() - RETURNED.keys() - {"changed", "diff"}


def test_warnings_of_the_api_server_are_passed_on(cluster: ApiDouble) -> None:
    cluster.warnings.append("API server: careful")
    assert run().warnings == ["API server: careful"]


def test_a_user_without_a_name_may_deploy(cluster: ApiDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found: 12345")

    monkeypatch.setattr(getpass, "getuser", nameless)
    assert not run().failed
    assert only(History(cluster, NAMESPACE, "maestro").read().records).about["by"].startswith("uid ")


class TestProcess:
    """The module as a process of its own."""

    def run(self, capsys: pytest.CaptureFixture[str], **given: t.Any) -> dict[str, t.Any]:
        with patch_module_args(given), pytest.raises(SystemExit):
            release.main()
        return t.cast("dict[str, t.Any]", json.loads(capsys.readouterr().out))

    def test_it_releases(self, capsys: pytest.CaptureFixture[str], cluster: ApiDouble) -> None:
        result = self.run(capsys, components={"all": MANIFESTS}, secret_values=VALUES)
        assert (result["changed"], result["number"]) == (True, 1)
        assert "hunter2" not in json.dumps(result)

    def test_components_are_required(self, capsys: pytest.CaptureFixture[str]) -> None:
        result = self.run(capsys)
        assert result["failed"]
        assert "components" in result["msg"]
