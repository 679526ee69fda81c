# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run clears up after one that died before it does anything itself; an orphan of that finds nothing to break."""

from __future__ import annotations

import time
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import ApiError
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.fenced_writer import Writer
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.newer_release import NewerRelease
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.objects.ownership import TAKEN_OVER
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.outcome import Outcome
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.record import lease_lock
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.record.history import History
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.record.lease_lock import (
    InProgress,
    Lock,
    Superseded,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.session import PLAY
from tests.unit.api_double import ApiDouble
from tests.unit.plugins.module_utils._release.record.test_lease_lock import STILL, expires_at_once, held
from tests.unit.plugins.module_utils._release.releasing import WISH, deploy, records, release, states
from tests.unit.plugins.samples import NAMESPACE, Manifest, service
from tests.unit.rendering import only


@pytest.fixture(autouse=True)
def no_long_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease_lock, "TERMS", STILL)


BEGIN, APPLY, END = "claiming its number", "writing the Service", "recording its end"
REQUESTS = {BEGIN: ("POST", "secrets"), END: ("PATCH", "secrets/maestro-release-2")}


def dies(cluster: ApiDouble, moment: str, monkeypatch: pytest.MonkeyPatch, *more: Manifest) -> Lock:
    """A second release is killed at this moment and gives nothing back; its lock, with which an orphan may go on."""
    locks: list[Lock] = []
    apply = Writer.apply

    def keep(lock: Lock) -> None:
        locks.append(lock)

    def stop(self: Writer, manifest: Manifest, *arguments: t.Any, **named: t.Any) -> Manifest:
        if moment == APPLY and manifest["kind"] == "Service":
            raise KeyboardInterrupt
        return apply(self, manifest, *arguments, **named)

    if moment in REQUESTS:
        cluster.fail(*REQUESTS[moment], KeyboardInterrupt())
    with monkeypatch.context() as patched:
        patched.setattr(Lock, "release", keep)
        patched.setattr(Writer, "apply", stop)
        with pytest.raises(KeyboardInterrupt):
            deploy(cluster, release(*more, a="killed"))
    cluster.mend()
    expires_at_once(cluster)
    return t.cast("Lock", only(locks))


@pytest.mark.parametrize("moment", [BEGIN, APPLY, END])
def test_a_plain_re_run_finishes_what_was_begun(moment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = ApiDouble()
    deploy(cluster)
    dies(cluster, moment, monkeypatch, service("new"))
    outcome = deploy(cluster, release(service("new"), a="again"))
    assert outcome.verdict == "passed"
    assert {state for dummy, state in states(cluster)} <= {"passed", "interrupted"}
    numbers = [number for number, dummy in states(cluster)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert sorted(cluster.names("services")) == ["maestro", "new"]


def test_what_the_dead_run_may_change_is_marked_and_the_next_one_knows_who_died(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cluster = ApiDouble()
    deploy(cluster)
    dead = dies(cluster, END, monkeypatch, service("new"))
    deploy(cluster)
    marked = {path.rsplit("/", 1)[1] for path, item in cluster.store.items() if TAKEN_OVER in annotations(item)}
    assert {"maestro", "new"} - marked == {"new"}, "new was marked and then pruned"
    assert "its run ended without a word; found by me@here" in records(cluster)[1].outcome["reason"]
    assert "Release 2 of maestro was interrupted" in only(cluster.warnings)
    with pytest.raises(Superseded):
        dead.require(surely=True)


def annotations(item: Manifest) -> Manifest:
    return item["metadata"].get("annotations") or {}


def test_an_orphan_cannot_end_its_record_for_its_successor(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = ApiDouble()
    deploy(cluster)
    dies(cluster, APPLY, monkeypatch, service("new"))
    orphan = History(cluster, NAMESPACE, "maestro").read()
    deploy(cluster, release(a="next"))
    pending = orphan.records[-1]
    assert pending.state == "pending"
    with pytest.raises(Superseded, match="Another run ended release 2"):
        orphan.end(pending, "passed", {"reason": "I was first"})
    assert states(cluster) == [(1, "passed"), (2, "interrupted"), (3, "passed")]


def test_what_an_orphan_made_afterwards_is_swept_by_the_next_release(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = ApiDouble()
    deploy(cluster)
    dies(cluster, APPLY, monkeypatch, service("new"))
    deploy(cluster, release(a="next"))
    cluster.apply(service("stray"), "intelgraph.maestro")
    cluster.put(service("by-hand"))
    assert deploy(cluster, release(a="after")).plan.counts()["prune"] == 1
    assert sorted(cluster.names("services")) == ["by-hand", "maestro"]


def test_what_may_not_be_listed_is_told_and_nothing_else_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = ApiDouble()
    deploy(cluster)
    dies(cluster, APPLY, monkeypatch, service("new"))
    cluster.fail(
        "GET", "/secrets?labelSelector=app.kubernetes.io", ApiError(403, "Forbidden", "you may not list secrets")
    )
    assert deploy(cluster, release(a="next")).verdict == "passed"
    assert any("of kind Secret was not looked for" in warning for warning in cluster.warnings)


def test_while_another_run_is_at_work_nothing_changes() -> None:
    cluster = ApiDouble()
    deploy(cluster)
    theirs = held(cluster, "ann", lease_lock.Terms(5, 0.02, 0.01))
    before = {path: text for path, text in cluster.versions().items() if "/leases/" not in path}
    with pytest.raises(InProgress, match="ann"):
        deploy(cluster, release(a="mine"))
    theirs.release()
    assert {path: text for path, text in cluster.versions().items() if "/leases/" not in path} == before


def overtaken(cluster: ApiDouble, monkeypatch: pytest.MonkeyPatch, theirs: str, **options: t.Any) -> Outcome:
    """A deploy between whose plan and whose lock another run makes a whole release."""
    acquire = Lock.acquire

    def late(self: Lock) -> None:
        monkeypatch.setattr(Lock, "acquire", acquire)
        deploy(cluster, release(service("theirs"), a=theirs), about={"by": "ann@tower", "reason": "2.1.0"})
        acquire(self)

    monkeypatch.setattr(Lock, "acquire", late)
    return deploy(cluster, release(a="mine"), **options)


def test_a_plan_made_before_the_lock_is_made_anew_only_when_that_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = ApiDouble()
    deploy(cluster)
    with pytest.raises(NewerRelease, match=r"release 2 was begun by ann@tower \(2\.1\.0\) at 20.*: passed") as caught:
        overtaken(cluster, monkeypatch, "first")
    assert "maestro_replan=true" in caught.value.next_step
    assert cluster.names("services") == ["maestro", "theirs"]
    assert states(cluster) == [(1, "passed"), (2, "passed")]
    overtaken(cluster, monkeypatch, "second", replan=True)
    assert cluster.names("services") == ["maestro"], "theirs was pruned, as it would have been one after the other"
    assert [state for dummy, state in states(cluster)] == ["passed"] * 4
    assert "release 3 was begun by ann@tower (2.1.0)" in only(cluster.warnings)


def test_a_release_that_another_play_made_since_this_one_began_is_not_overwritten() -> None:
    cluster = ApiDouble()
    about = {"by": "ann@tower", "reason": "", PLAY: "host boot 7 1"}
    deploy(cluster, release(a="theirs"), about=about)
    begun = time.monotonic() - 60
    mine = {"by": "me@here", "reason": "", PLAY: "host boot 8 1"}
    with pytest.raises(NewerRelease, match="release 1 was begun by ann@tower"):
        deploy(cluster, release(a="mine"), about=mine, play_begun=begun)
    assert not deploy(cluster, release(a="theirs"), about=mine, play_begun=begun).changed
    assert deploy(cluster, release(a="own"), about=about, play_begun=begun).number == 2
    assert deploy(cluster, release(a="later"), about=mine, play_begun=time.monotonic() + 60).number == 3


def test_nothing_to_change_needs_no_lock() -> None:
    cluster = ApiDouble()
    deploy(cluster)
    theirs = held(cluster, "ann")
    assert not deploy(cluster).changed
    theirs.release()


def test_the_lock_names_the_person_and_the_job() -> None:
    assert WISH.who.startswith("me@here (process ")
