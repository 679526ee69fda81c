# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release that fails keeps its evidence, gives way to the former one, and still counts as failed."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import re
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Answer, ApiError
from ansible_collections.intelgraph.maestro.plugins.module_utils._findings.finding import Finding
from ansible_collections.intelgraph.maestro.plugins.module_utils._redaction.live_secrets import NOT_SHOWN, LiveSecrets
from ansible_collections.intelgraph.maestro.plugins.module_utils._redaction.mask import Mask
from ansible_collections.intelgraph.maestro.plugins.module_utils._release import auto_rollback
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.auto_rollback import AutoRollback
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.deploy import ReleaseFailed
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.deploy import deploy as deploying
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.fenced_writer import Writer
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.objects.assembly import Release
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.outcome import Outcome
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.planning.preserved import CannotRestore
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.record.lease_lock import Superseded
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.rollback import restore
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.session import ReleaseOptions, SmokeResult
from tests.unit.api_double import ApiDouble
from tests.unit.full_disk import full_disk
from tests.unit.plugins.module_utils._release.releasing import (
    STUCK,
    WISH,
    TwoVersions,
    autoscaled,
    deploy,
    records,
    release,
    states,
)
from tests.unit.plugins.samples import NAMESPACE, Manifest, base64_of, manifest, secret, service
from tests.unit.rendering import only

STARTED = {"name": "c", "ready": False, "restartCount": 1, "containerID": "containerd://1", "state": {"running": {}}}


class Choosy(ApiDouble):
    """A Deployment with the settings `bad` never becomes ready; all others do."""

    bad = ""

    def settle(self, item: Manifest) -> None:
        config = json.dumps(item.get("spec") or {})
        self.unready = {"Deployment maestro": STUCK} if self.bad and self.bad in config else {}
        super().settle(item)


@pytest.fixture
def cluster() -> Choosy:
    """Release 1 is good; whatever release comes with other settings is not."""
    double = Choosy()
    deploy(double, release(a="good"))
    double.bad = settings_of(double, "bad")
    return double


def settings_of(cluster: ApiDouble, value: str) -> str:
    """The name that settings with this value have."""
    wanted = deploy(cluster, release(a=value), check=True)
    [name] = [step.key.name for step in wanted.plan.changes if step.key.kind == "ConfigMap"]
    return name


def failed(cluster: ApiDouble, folder: pathlib.Path, wanted: Release | None = None, **auto_rollback: t.Any) -> Outcome:
    """What is known after a release failed."""
    with pytest.raises(ReleaseFailed) as caught:
        deploying(cluster, wanted or release(a="bad"), WISH, auto_rollback=AutoRollback(WISH, folder, **auto_rollback))
    assert caught.value.outcome.verdict == "failed"
    return caught.value.outcome


def test_the_former_release_comes_back_and_both_facts_are_in_one_message(
    cluster: Choosy, tmp_path: pathlib.Path
) -> None:
    outcome = failed(cluster, tmp_path, release(service("new"), a="bad"))
    assert states(cluster) == [(1, "passed"), (2, "failed"), (3, "passed")]
    headline, evidence = outcome.message.split("\n")
    assert re.match(r"Release 2 of maestro is not ready after \d+ s: \[progress-deadline\]", headline)
    assert "deadline exceeded" in headline
    assert "Release 1 was restored as release 3" in headline
    assert evidence == f"Evidence: {outcome.report}"
    assert outcome.number == 2
    assert (outcome.restored["release"], outcome.restored["number"], outcome.restored["verdict"]) == (1, 3, "passed")
    assert cluster.names("services") == ["maestro"]
    assert records(cluster)[-1].about["rollback_to"] == 1
    assert records(cluster)[-1].about["reason"] == "automatic rollback: release 2 failed"
    assert not deploy(cluster, release(a="good")).plan.changes


def test_what_the_failed_release_had_in_another_version_of_its_api_stays(tmp_path: pathlib.Path) -> None:
    cluster = TwoVersions()
    deploy(cluster, autoscaled("v1", a="good"))
    options = dataclasses.replace(WISH, verify=Proving("failed", "passed"))
    with pytest.raises(ReleaseFailed):
        deploying(cluster, autoscaled("v2", a="bad"), options, auto_rollback=AutoRollback(options, tmp_path))
    assert states(cluster)[-1] == (3, "passed")
    assert cluster.names("horizontalpodautoscalers") == ["other", "maestro"]


def test_the_lock_is_held_until_the_former_release_is_back(cluster: Choosy, tmp_path: pathlib.Path) -> None:
    cluster.writes.clear()
    failed(cluster, tmp_path)
    given_back = [place for place, (dummy, path) in enumerate(cluster.writes) if path == "leases/maestro-release"][-1]
    assert given_back == len(cluster.writes) - 1
    live = cluster.live("leases/maestro-release")
    assert live
    assert live["spec"]["leaseTransitions"] == 2


def test_evidence_is_kept_before_anything_is_undone(cluster: Choosy, tmp_path: pathlib.Path) -> None:
    outcome = failed(cluster, tmp_path / "new folder", mask=Mask({"WORD": "deadline"}))
    path = pathlib.Path(outcome.report)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    kept = json.loads(path.read_text(encoding="utf-8"))
    assert kept["release"]["number"] == 2
    assert kept["result"]["findings"][0]["message"] == "no new pod became available in 600 s: (secret WORD) exceeded"
    [deployment] = kept["objects"]["Deployment"]
    assert deployment["status"]["updatedReplicas"] == STUCK["updatedReplicas"]


def test_evidence_that_cannot_be_kept_does_not_stop_the_rollback(cluster: Choosy, tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").touch()
    outcome = failed(cluster, tmp_path / "file")
    assert outcome.report == ""
    assert any("could not be kept" in warning for warning in cluster.warnings)
    assert outcome.restored["verdict"] == "passed"


def test_a_full_disk_stops_no_rollback_and_leaves_no_half_file(cluster: Choosy, tmp_path: pathlib.Path) -> None:
    with full_disk():
        outcome = failed(cluster, tmp_path)
    assert outcome.report == ""
    assert "Evidence" not in outcome.message
    assert "The evidence of release 2 could not be kept: [Errno 27] File too large" in only(cluster.warnings)
    assert outcome.restored["verdict"] == "passed"
    assert list(tmp_path.iterdir()) == []


def test_what_may_not_be_read_says_so_in_the_evidence(cluster: Choosy, tmp_path: pathlib.Path) -> None:
    cluster.fail("GET", "/events", ApiError(403, "Forbidden", "you may not list events"))
    kept = json.loads(pathlib.Path(failed(cluster, tmp_path).report).read_text(encoding="utf-8"))
    assert "you may not list events" in kept["events"]


def test_a_first_release_that_fails_says_what_stands_and_how_to_remove_it(tmp_path: pathlib.Path) -> None:
    cluster = ApiDouble(NAMESPACE)
    cluster.unready["Deployment maestro"] = STUCK
    outcome = failed(cluster, tmp_path)
    assert outcome.restored == {}
    assert "no release of maestro has passed" in outcome.message
    assert "What it made stands (5 objects in namespace maestro-system)." in outcome.message
    assert "intelgraph.maestro.remove -e maestro_remove_confirm=maestro" in outcome.message
    assert states(cluster) == [(1, "failed")]


def test_what_could_not_be_made_does_not_stand(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = Writer.apply

    def choosy(self: Writer, manifest: Manifest, *more: t.Any, **named: t.Any) -> Manifest:
        if manifest["kind"] == "Service":
            raise ApiError(403, "Forbidden", "a policy denied the request")
        return write(self, manifest, *more, **named)

    monkeypatch.setattr(Writer, "apply", choosy)
    assert "What it made stands (4 objects in namespace" in failed(ApiDouble(NAMESPACE), tmp_path).message


def test_what_the_rollback_could_not_undo_is_told(tmp_path: pathlib.Path) -> None:
    def with_certificate(value: str) -> Release:
        return release(secret("maestro-tls", immutable=False, certificate=value), a=value)

    cluster = Choosy()
    deploy(cluster, with_certificate("good"))
    cluster.bad = settings_of(cluster, "bad")
    outcome = failed(cluster, tmp_path, with_certificate("bad"))
    assert "Release 1 was restored as release 3" in outcome.message
    assert f"Not undone: Secret {NAMESPACE}/maestro-tls: it keeps the values that it has now" in outcome.message
    assert only(outcome.restored["risks"])["id"] == "irreversible-change"


def test_without_automatic_rollback_nothing_is_undone_and_the_way_is_told(
    cluster: Choosy, tmp_path: pathlib.Path
) -> None:
    outcome = failed(cluster, tmp_path, enabled=False)
    assert states(cluster) == [(1, "passed"), (2, "failed")]
    assert (
        "Nothing was undone. To go back to release 1: ansible-playbook intelgraph.maestro.rollback" in outcome.message
    )
    assert outcome.report


def test_a_rollback_that_fails_as_well_is_told(cluster: Choosy, tmp_path: pathlib.Path) -> None:
    cluster.bad = "maestro-config"
    outcome = failed(cluster, tmp_path)
    assert "The rollback to release 1 failed as well: Release 3 of maestro (release 1 restored) is not ready" in (
        outcome.message
    )
    assert outcome.restored["verdict"] == "failed"
    assert [state for dummy, state in states(cluster)] == ["passed", "failed", "failed"]


def test_a_restored_release_of_which_nothing_is_proven_is_not_called_bad(
    cluster: Choosy, tmp_path: pathlib.Path
) -> None:
    """The new release answers wrongly, and of the former one the smoke test does not know."""
    cluster.bad = ""
    options = dataclasses.replace(WISH, verify=Proving("failed", "inconclusive"))
    with pytest.raises(ReleaseFailed) as caught:
        deploying(cluster, release(a="bad"), options, auto_rollback=AutoRollback(options, tmp_path))
    assert states(cluster) == [(1, "passed"), (2, "failed"), (3, "inconclusive")]
    assert (
        "Release 1 was restored as release 3, undecided: Release 3 of maestro (release 1 restored) is ready but could "
        "not prove that it serves: [error-ratio-high]"
    ) in caught.value.outcome.message
    assert caught.value.outcome.restored["verdict"] == "inconclusive"


def test_the_way_back_from_a_restored_release_that_failed_has_its_number(
    cluster: Choosy, tmp_path: pathlib.Path
) -> None:
    """A plain rollback would try the same release again."""
    cluster.bad = ""
    assert deploy(cluster, release(a="newer")).verdict == "passed"
    options = dataclasses.replace(WISH, verify=Proving("failed"))
    with pytest.raises(ReleaseFailed) as caught:
        restore(cluster, options, auto_rollback=AutoRollback(options, tmp_path, enabled=False))
    assert states(cluster) == [(1, "passed"), (2, "passed"), (3, "failed")]
    assert (
        "Nothing was undone. To go back to release 2: ansible-playbook intelgraph.maestro.rollback -e "
        "maestro_rollback_to=2."
    ) in caught.value.outcome.message


class Proving:
    """What the smoke test says, one time after the other; `asked` is what each release was expected to be."""

    def __init__(self, *verdicts: str) -> None:
        self._verdicts = list(verdicts)
        self.asked: list[t.Any] = []

    def __call__(self, kept: t.Mapping[str, t.Any]) -> SmokeResult:
        self.asked.append((kept.get("expect") or {}).get("version"))
        verdict = self._verdicts.pop(0)
        wrong = Finding("error-ratio-high", "error", "error_ratio", "1 % of the requests failed")
        return SmokeResult(verdict, (wrong,) if verdict != "passed" else (), {"verdict": verdict})


def expecting(what: str, verify: Proving) -> ReleaseOptions:
    return dataclasses.replace(
        WISH, verify=verify, about={"proof": {"url": "", "expect": {"version": what}, "defaults": True, "checks": []}}
    )


def test_a_release_that_comes_back_proves_what_it_had_to_in_its_time(tmp_path: pathlib.Path) -> None:
    cluster = ApiDouble(NAMESPACE)
    verify = Proving("passed", "failed", "passed", "passed", "passed")
    deploying(cluster, release(a="1"), expecting("version 1", verify))
    newer = expecting("version 2", verify)
    with pytest.raises(ReleaseFailed):
        deploying(cluster, release(a="2"), newer, auto_rollback=AutoRollback(newer, tmp_path))
    deploying(cluster, release(a="3"), expecting("version 3", verify))
    restore(cluster, expecting("version 4", verify))
    assert verify.asked == ["version 1", "version 2", "version 1", "version 3", "version 1"]
    assert [record.about["proof"]["expect"]["version"] for record in records(cluster)] == verify.asked
    assert states(cluster) == [(1, "passed"), (2, "failed"), (3, "passed"), (4, "passed"), (5, "passed")]


def test_failed_tries_do_not_push_out_the_release_to_go_back_to(tmp_path: pathlib.Path) -> None:
    cluster = ApiDouble()
    for value in ("A", "B"):
        deploy(cluster, release(a=value))
    for value in "12345":
        options = dataclasses.replace(WISH, history_limit=4, verify=Proving("failed", "passed"))
        with pytest.raises(ReleaseFailed):
            deploying(cluster, release(a=value), options, auto_rollback=AutoRollback(options, tmp_path))
    assert len(records(cluster)) == 4
    assert restore(cluster, WISH).rollback_to == 1


def test_a_rollback_that_is_not_possible_is_told(
    cluster: Choosy, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*dummy: object) -> Release:
        raise CannotRestore("Secret maestro-system/maestro-secrets was deleted")

    monkeypatch.setattr(auto_rollback, "brought_back", refuse)
    outcome = failed(cluster, tmp_path)
    assert "The rollback to release 1 was not possible: Secret maestro-system/maestro-secrets was deleted." in (
        outcome.message
    )
    assert outcome.restored == {}


def test_a_run_that_was_taken_over_restores_nothing(cluster: Choosy, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*dummy: object, **named: object) -> Manifest:
        raise Superseded("another run holds it now")

    monkeypatch.setattr(Writer, "apply", refuse)
    with pytest.raises(Superseded):
        deploying(cluster, release(a="bad"), WISH, auto_rollback=AutoRollback(WISH, pathlib.Path("/nowhere")))
    assert states(cluster) == [(1, "passed"), (2, "pending")]


class Talking(Choosy):
    """Its pods have logs; `said` is what they say."""

    said = "starting\nthe key is canary-7c1f\x1b[2J\n"

    def request(self, method: str, path: str, *more: t.Any, **named: t.Any) -> Answer:
        if path.endswith("/log"):
            return Answer(200, self.said)
        return super().request(method, path, *more, **named)


def test_the_evidence_has_logs_and_events_and_no_value_that_only_the_cluster_holds(tmp_path: pathlib.Path) -> None:
    cluster = Talking(NAMESPACE)
    deploy(cluster, release(a="good"))
    cluster.bad = settings_of(cluster, "bad")
    theirs = manifest("v1", "Secret", "of-somebody", data={"KEY": base64_of("canary-7c1f")})
    cluster.put(theirs)
    cluster.put(
        manifest(
            "v1", "Event", "e", involvedObject={"kind": "Deployment", "name": "maestro"}, message="it is canary-7c1f"
        )
    )
    pod = manifest("v1", "Pod", "maestro-x", spec={}, status={"containerStatuses": [STARTED]})
    cluster.put(pod)
    cluster.store[cluster.path_of(pod)]["status"] = {"containerStatuses": [STARTED]}
    mask = LiveSecrets(cluster, NAMESPACE, {"maestro", NAMESPACE}, Mask({}).text)
    text = pathlib.Path(failed(cluster, tmp_path, mask=mask).report).read_text(encoding="utf-8")
    kept = json.loads(text)
    assert "canary-7c1f" not in text
    assert base64_of("canary-7c1f") not in text
    assert kept["logs"]["maestro-x/c.log"] == ["starting", r"the key is (secret of-somebody/KEY)\x1b[2J"]
    assert [event["message"] for event in kept["events"]] == ["it is (secret of-somebody/KEY)"]


def test_where_nobody_knows_what_the_secrets_hold_the_evidence_shows_nothing_that_a_pod_said(
    tmp_path: pathlib.Path,
) -> None:
    cluster = Talking(NAMESPACE)
    deploy(cluster, release(a="good"))
    cluster.bad = settings_of(cluster, "bad")
    cluster.fail("GET", "/secrets?fieldSelector", ApiError(500, "InternalError", "etcd"))
    mask = LiveSecrets(cluster, NAMESPACE, {"maestro", NAMESPACE}, Mask({}).text)
    kept = json.loads(pathlib.Path(failed(cluster, tmp_path, mask=mask).report).read_text(encoding="utf-8"))
    assert kept["logs"] == kept["events"] == kept["objects"] == NOT_SHOWN


def test_the_evidence_does_not_change_how_long_the_rollback_tries(cluster: Choosy, tmp_path: pathlib.Path) -> None:
    before = cluster.limits
    failed(cluster, tmp_path)
    assert cluster.limits == before
