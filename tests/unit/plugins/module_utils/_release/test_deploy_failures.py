# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever stops a release is told and recorded, and a plain re-run mends it."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import ApiError, Unreachable
from ansible_collections.intelgraph.maestro.plugins.module_utils._health.waiter import Health, await_verdict
from ansible_collections.intelgraph.maestro.plugins.module_utils._release import deploy as deploy_module
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.deploy import ReleaseFailed
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.deploy import deploy as deploying
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.record.history import (
    History,
    NumberTaken,
    Record,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.record.lease_lock import Lock
from tests.unit.api_double import ApiDouble
from tests.unit.plugins.module_utils._release.releasing import (
    AWAY,
    STUCK,
    WISH,
    deploy,
    records,
    release,
    states,
)
from tests.unit.plugins.samples import (
    NAMESPACE,
    service,
)
from tests.unit.rendering import only


def test_a_release_that_is_not_ready_fails_with_its_findings_and_prunes_nothing() -> None:
    cluster = ApiDouble()
    deploy(cluster, release(service("old")))
    cluster.unready["Deployment maestro"] = STUCK
    with pytest.raises(ReleaseFailed, match="Release 2 of maestro is not ready") as caught:
        deploy(cluster, release(a="2"))
    outcome = caught.value.outcome
    assert outcome.verdict == "failed"
    assert outcome.changed
    assert only(outcome.findings).message == "no new pod became available in 600 s: deadline exceeded"
    assert (
        "Deployment maestro-system/maestro: no new pod became available in 600 s: deadline exceeded" in outcome.message
    )
    assert states(cluster)[-1] == (2, "failed")
    assert "deadline exceeded" in records(cluster)[-1].outcome["reason"]
    assert "old" in cluster.names("services")


def test_a_failed_release_whose_objects_are_in_place_is_made_again() -> None:
    cluster = ApiDouble()
    cluster.unready["Deployment maestro"] = STUCK
    with pytest.raises(ReleaseFailed):
        deploy(cluster)
    live = cluster.live("deployments/maestro")
    assert live
    cluster.unready.clear()
    cluster.settle(live)
    outcome = deploy(cluster)
    assert (outcome.changed, outcome.number, outcome.plan.changes) == (True, 2, [])
    assert states(cluster) == [(1, "failed"), (2, "passed")]


def test_what_is_in_place_but_not_ready_is_a_failure_without_a_change() -> None:
    cluster = ApiDouble()
    deploy(cluster)
    live = cluster.live("deployments/maestro")
    assert live
    live["status"] = {**STUCK, "conditions": []}
    with pytest.raises(ReleaseFailed, match="Release 1 of maestro has nothing to change but is not ready") as caught:
        deploy(cluster)
    assert not caught.value.outcome.changed
    assert states(cluster) == [(1, "passed")]


def test_without_waiting_nobody_asks_whether_it_is_ready() -> None:
    cluster = ApiDouble()
    cluster.unready["Deployment maestro"] = STUCK
    assert deploy(cluster, wait=False).verdict == "passed"


def test_an_api_error_half_way_is_recorded_and_mended_by_a_re_run() -> None:
    cluster = ApiDouble(NAMESPACE)
    cluster.fail("PATCH", "/deployments/maestro?fieldManager=intelgraph.maestro&force=False", AWAY)
    cluster.fail("PATCH", "/deployments/maestro?fieldManager=intelgraph.maestro-initial", AWAY)
    with pytest.raises(ReleaseFailed, match=r"stopped half-way: \[api-unreachable\] API server: .* reached") as caught:
        deploy(cluster)
    assert caught.value.outcome.number == 1
    assert states(cluster) == [(1, "failed")]
    assert records(cluster)[0].outcome["reason"] == str(AWAY)
    cluster.mend()
    assert deploy(cluster).number == 2
    assert not deploy(cluster).changed


def test_an_api_that_stays_away_does_not_hide_what_happened() -> None:
    cluster = ApiDouble(NAMESPACE)
    cluster.fail("PATCH", "/deployments/maestro?fieldManager=intelgraph.maestro-initial", AWAY)
    cluster.fail("PATCH", "/secrets/maestro-release-1", Unreachable("still away"))
    with pytest.raises(ReleaseFailed, match="The API server cannot be reached") as caught:
        deploy(cluster)
    assert "could not be recorded, so nothing was undone" in caught.value.outcome.message
    assert only(caught.value.outcome.findings).id == "api-unreachable"
    assert states(cluster) == [(1, "pending")]
    cluster.mend()
    assert deploy(cluster).number == 2


def test_what_cannot_be_recorded_is_not_undone_but_left_to_the_next_run() -> None:
    cluster = ApiDouble()
    deploy(cluster, release(service("old")))
    expired = ApiError(401, "Unauthorized", "Unauthorized")
    cluster.fail("DELETE", "/services/old", expired)
    cluster.fail("PATCH", "/secrets/maestro-release-2", expired)
    rolled_back: list[ReleaseFailed] = []

    def auto_rollback(dummy: object, failure: ReleaseFailed) -> ReleaseFailed:
        rolled_back.append(failure)
        return failure

    with pytest.raises(ReleaseFailed, match=r"credentials-refused.*finds the release unfinished and finishes it"):
        deploying(cluster, release(), WISH, auto_rollback=auto_rollback)
    assert rolled_back == []
    cluster.mend()
    assert deploy(cluster, release()).number == 3
    assert states(cluster) == [(1, "passed"), (2, "interrupted"), (3, "passed")]


def test_a_server_that_is_away_while_a_release_becomes_ready_does_not_end_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock cannot be renewed meanwhile. Nothing is written, so nothing is lost."""
    cluster = ApiDouble()
    require = Lock.require

    def wait(*given: t.Any, **more: t.Any) -> Health:
        def away(*dummy: object) -> None:
            raise AWAY

        monkeypatch.setattr(Lock, "require", away)
        try:
            return await_verdict(*given, **more)
        finally:
            monkeypatch.setattr(Lock, "require", require)

    monkeypatch.setattr(f"{ReleaseFailed.__module__}.await_verdict", wait)
    assert deploy(cluster).verdict == "passed"


def test_a_release_whose_end_cannot_be_recorded_has_not_passed() -> None:
    cluster = ApiDouble(NAMESPACE)
    cluster.fail("PATCH", "/secrets/maestro-release-1", AWAY, times=1)
    with pytest.raises(ReleaseFailed, match="stopped half-way"):
        deploy(cluster)
    assert states(cluster) == [(1, "failed")]


def test_what_cannot_be_tidied_up_does_not_fail_the_release() -> None:
    cluster = ApiDouble()
    for value in "12":
        deploy(cluster, release(a=value), history_limit=2)
    cluster.fail("DELETE", "/configmaps/", ApiError(403, "Forbidden", "you may not delete"))
    outcome = deploy(cluster, release(a="3"), history_limit=2)
    assert outcome.verdict == "passed"
    assert states(cluster)[-1] == (3, "passed")
    assert "Old releases of maestro could not be forgotten" in only(cluster.warnings)
    assert "you may not delete" in only(cluster.warnings)


@pytest.mark.parametrize(
    "error",
    [ApiError(403, "Forbidden", "you may not delete"), ApiError(500, "InternalError", "failed calling webhook")],
)
def test_what_cannot_be_removed_makes_a_release_that_serves_no_worse(error: ApiError) -> None:
    cluster = ApiDouble()
    deploy(cluster, release(service("old"), service("older")))
    cluster.fail("DELETE", "/services/old?", error)
    outcome = deploy(cluster)
    assert outcome.message == "Release 2 of maestro is in place: 1 removed."
    finding = only(outcome.findings)
    assert (finding.id, finding.severity) == ("prune-failed", "warning")
    assert (finding.object, finding.message) == (f"Service {NAMESPACE}/old", error.message)
    assert only(cluster.warnings) == finding.sentence()
    assert only(records(cluster)[-1].outcome["findings"])["id"] == "prune-failed"
    cluster.mend()
    assert deploy(cluster).message == "Release 3 of maestro is in place: 1 removed."
    assert cluster.names("services") == ["maestro"]


def test_a_killed_run_is_mended_by_a_plain_re_run() -> None:
    cluster = ApiDouble()
    cluster.fail("PATCH", "/services/", KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        deploy(cluster)
    assert states(cluster) == [(1, "pending")]
    cluster.mend()
    assert deploy(cluster).number == 2
    assert states(cluster) == [(1, "interrupted"), (2, "passed")]
    assert "found by me@here" in records(cluster)[0].outcome["reason"]
    assert "Release 1 of maestro was interrupted" in only(cluster.warnings)


def test_what_a_killed_run_left_is_pruned() -> None:
    cluster = ApiDouble()
    deploy(cluster)
    cluster.fail("PATCH", "secrets/maestro-release-2", KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        deploy(cluster, release(service("extra")))
    cluster.mend()
    assert "extra" in cluster.names("services")
    deploy(cluster)
    assert cluster.names("services") == ["maestro"]


def test_a_number_that_another_run_claims_is_refused_before_the_first_change(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cluster = ApiDouble()
    deploy(cluster)
    begin = History.begin

    def overtaken(self: History, *arguments: t.Any) -> Record:
        monkeypatch.setattr(History, "begin", begin)
        History(cluster, NAMESPACE, "maestro").read().begin([service("theirs")], {"run": "theirs"})
        return begin(self, *arguments)

    monkeypatch.setattr(History, "begin", overtaken)
    with pytest.raises(NumberTaken, match="Release 2 of maestro was begun by another run"):
        deploy(cluster, release(a="2"))
    changes = [path for dummy, path in cluster.writes if not path.startswith("leases/")]
    assert changes == ["secrets/maestro-release-2"], "theirs only"


def break_down(*dummy: object, **named: object) -> t.NoReturn:
    raise KeyError("a key that nobody foresaw")


@pytest.mark.parametrize("place", ["Applier.apply", "await_verdict", "Applier.prune_what_can_be", "History.end"])
def test_an_error_that_nobody_foresaw_ends_the_record_as_failed(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = ApiDouble()
    deploy(cluster, release(service("old")))
    if place == "History.end":
        monkeypatch.setattr(deploy_module, "running_images", break_down)
        cluster.unready["Deployment maestro"] = STUCK
    else:
        monkeypatch.setattr(f"{deploy_module.__name__}.{place}", break_down)
    with pytest.raises(ReleaseFailed) as caught:
        deploy(cluster, release(a="2"))
    assert caught.value.outcome.recorded
    assert states(cluster) == [(1, "passed"), (2, "failed")]
    assert records(cluster)[-1].outcome["reason"]
    if place != "History.end":
        first = caught.value.outcome.findings[0]
        assert (first.id, first.object) == ("unexpected-error", "KeyError")
        assert "in break_down" in first.evidence[-1]
        assert "a key that nobody foresaw" in records(cluster)[-1].outcome["reason"]
    monkeypatch.undo()
    cluster.unready.clear()
    assert deploy(cluster, release(a="3")).number == 3


def test_what_cannot_be_told_of_a_good_release_does_not_make_it_a_bad_one(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = ApiDouble()
    monkeypatch.setattr(deploy_module, "running_images", break_down)
    assert deploy(cluster).verdict == "passed"
    assert states(cluster) == [(1, "passed")]
    assert "The record of release 1 is short: [unexpected-error]" in only(cluster.warnings)


def test_an_automatic_rollback_that_breaks_down_does_not_hide_the_failure() -> None:
    cluster = ApiDouble()
    cluster.unready["Deployment maestro"] = STUCK
    with pytest.raises(ReleaseFailed, match="deadline exceeded") as caught:
        deploying(cluster, release(), WISH, auto_rollback=break_down)
    assert "[unexpected-error] KeyError" in caught.value.outcome.message
    assert states(cluster) == [(1, "failed")]
