# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run at a time: the loser is told who is at work, the dead are followed, and nobody compares clocks."""

from __future__ import annotations

import subprocess
import threading
import time
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.api_resources import Manifest
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import ApiError, Unreachable
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.process_identity import identity_of
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.record import lease_lock
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.record.lease_lock import (
    InProgress,
    Lock,
    Superseded,
    Terms,
    acknowledge,
    is_unacknowledged,
)
from tests.unit.api_double import ApiDouble
from tests.unit.plugins.samples import NAMESPACE

LEASE = "leases/maestro-release"
QUICK = Terms(good_for=0.15, renew_every=0.03, look_every=0.01)
LIVELY = QUICK._replace(good_for=30)
"""Seen to live however busy the machine is."""
STILL = Terms(good_for=60, renew_every=60, look_every=0.01)
"""Never renewed while a test runs: the holder might as well be dead."""


def lock(cluster: ApiDouble, who: str = "me@here", terms: Terms = STILL) -> Lock:
    return Lock(cluster, NAMESPACE, "maestro", who, "deploy (a test)", terms)


def held(cluster: ApiDouble, who: str, terms: Terms = STILL) -> Lock:
    made = lock(cluster, who, terms)
    made.acquire()
    return made


def spec(cluster: ApiDouble) -> dict[str, t.Any]:
    live = cluster.live(LEASE)
    assert live
    return t.cast("dict[str, t.Any]", live["spec"])


def test_which_run_holds_the_lock_can_be_asked_without_taking_it() -> None:
    cluster = ApiDouble(NAMESPACE)
    holder = lock(cluster)

    def is_held(token: str = holder.token) -> bool:
        return is_unacknowledged(cluster, NAMESPACE, "maestro", token)

    assert not is_held()
    holder.acquire()
    assert is_held()
    assert not is_held("other")
    cluster.fail("GET", LEASE, ApiError(403, "Forbidden", "you may not get leases"))
    assert not is_held()
    cluster.mend()
    holder.release()
    assert not is_held()


def go_on_checking(made: Lock, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        made.check()
        time.sleep(0.01)


def eventually(holds: t.Callable[[], bool], seconds: float = 20.0) -> bool:
    """Whether it comes true while there is patience."""
    deadline = time.monotonic() + seconds
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.01)
    return holds()


def is_superseded(made: Lock) -> bool:
    try:
        made.require()
    except Superseded:
        return True
    return False


def expires_at_once(cluster: ApiDouble, **changed: t.Any) -> None:
    """Nobody waits long for this holder."""
    live = cluster.live(LEASE)
    assert live
    live["spec"].update({"leaseDurationSeconds": 0.05, **changed})


@pytest.fixture
def cluster() -> ApiDouble:
    return ApiDouble(NAMESPACE)


def test_the_lease_says_who_what_for_and_until_when(cluster: ApiDouble) -> None:
    mine = held(cluster, "me@here (process 7)")
    assert spec(cluster)["holderIdentity"].startswith("me@here (process 7) ")
    assert spec(cluster)["leaseDurationSeconds"] == 60
    assert spec(cluster)["acquireTime"] == spec(cluster)["renewTime"]
    live = cluster.live(LEASE)
    assert live
    assert live["metadata"]["annotations"][lease_lock.PURPOSE] == "deploy (a test)"
    assert mine.taken_over == ""
    mine.release()
    assert spec(cluster)["holderIdentity"] == ""


def test_a_lock_that_was_given_back_is_free_at_once(cluster: ApiDouble) -> None:
    held(cluster, "first").release()
    second = held(cluster, "second")
    assert second.taken_over == ""
    assert spec(cluster)["leaseTransitions"] == 2
    second.release()


def test_whoever_finds_a_living_holder_is_told_all_about_it(cluster: ApiDouble) -> None:
    theirs = held(cluster, "ann@tower (process 7, job 42)", LIVELY)
    try:
        with pytest.raises(InProgress) as caught:
            lock(cluster).acquire()
    finally:
        theirs.release()
    said = str(caught.value)
    assert "ann@tower (process 7, job 42)" in said
    assert "to deploy (a test), since 20" in said
    assert "without another renewal the lock is free 30 s later" in said
    assert caught.value.id == "release-in-progress"


def test_a_dead_holder_is_followed_after_its_time(cluster: ApiDouble) -> None:
    dead = held(cluster, "dead")
    expires_at_once(cluster)
    begun = time.monotonic()
    second = held(cluster, "second")
    assert time.monotonic() - begun >= 0.05
    assert second.taken_over == dead.identity
    second.release()


@pytest.mark.parametrize("year", ["1996", "2066"])
def test_the_clock_of_the_holder_does_not_matter(cluster: ApiDouble, year: str) -> None:
    wrong = f"{year}-11-23T12:00:00.000000Z"
    dead = held(cluster, "dead")
    expires_at_once(cluster, renewTime=wrong, acquireTime=wrong)
    second = held(cluster, "second")
    assert second.taken_over == dead.identity
    expires_at_once(cluster, renewTime=wrong, leaseDurationSeconds=30)
    over = threading.Event()

    def live() -> None:
        while not over.wait(0.05):
            second.require(surely=True)

    living = threading.Thread(target=live)
    living.start()
    try:
        with pytest.raises(InProgress):
            lock(cluster, "third").acquire()
    finally:
        over.set()
        living.join()
    second.release()


def test_a_lock_that_is_given_back_meanwhile_is_taken(cluster: ApiDouble) -> None:
    theirs = held(cluster, "theirs")
    leaving = threading.Timer(0.05, theirs.release)
    leaving.start()
    mine = held(cluster, "mine")
    leaving.join()
    assert mine.taken_over == ""
    mine.release()


def test_a_holder_keeps_renewing(cluster: ApiDouble) -> None:
    mine = held(cluster, "me", QUICK)
    first = spec(cluster)["renewTime"]
    assert eventually(lambda: spec(cluster)["renewTime"] > first)
    mine.require()
    mine.release()


def test_who_was_followed_may_not_go_on(cluster: ApiDouble) -> None:
    stopped = held(cluster, "stopped")
    expires_at_once(cluster)
    second = held(cluster, "second")
    stopped.require()  # it does not know yet, and its writes are fenced
    with pytest.raises(Superseded, match=r"second \w+ holds it now"):
        stopped.require(surely=True)
    stopped.release()
    assert spec(cluster)["holderIdentity"] == second.identity
    second.release()


def test_a_holder_that_was_followed_notices_by_itself(cluster: ApiDouble) -> None:
    stopped = held(cluster, "stopped", Terms(60, 1.0, 0.01))
    expires_at_once(cluster)
    second = held(cluster, "second", STILL)
    assert eventually(lambda: is_superseded(stopped))
    second.release()


def test_whoever_only_waits_asks_nobody_and_is_told_what_became_known(cluster: ApiDouble) -> None:
    stopped = held(cluster, "stopped", Terms(0.1, 0.6, 0.01))
    cluster.fail("PATCH", "/leases/", Unreachable("away"))
    time.sleep(0.12)
    asked = cluster.requests
    stopped.check()
    assert cluster.requests == asked
    cluster.mend()
    expires_at_once(cluster)
    second = held(cluster, "second")
    with pytest.raises(Superseded, match=r"second \w+ holds it now"):
        go_on_checking(stopped, 10)
    stopped.release()
    second.release()


def test_a_holder_that_slept_asks_before_it_goes_on(cluster: ApiDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = held(cluster, "stopped")
    expires_at_once(cluster)
    second = held(cluster, "second")
    awake = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: awake() + 61)
    with pytest.raises(Superseded):
        stopped.require()
    monkeypatch.undo()
    second.release()


def test_a_lease_that_somebody_deleted_is_lost(cluster: ApiDouble) -> None:
    mine = held(cluster, "me")
    cluster.delete(f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/{LEASE}")
    with pytest.raises(Superseded, match="nobody holds it now"):
        mine.require(surely=True)
    mine.release()
    assert cluster.live(LEASE) is None


class Losing(ApiDouble):
    """Creates, and loses the answer."""

    def create(self, path: str, body: Manifest, **query: t.Any) -> Manifest:
        super().create(path, body, **query)
        raise Unreachable("no answer came")


def test_a_lost_answer_to_the_claim_does_no_harm() -> None:
    cluster = Losing(NAMESPACE)
    mine = held(cluster, "me")
    mine.require(surely=True)
    mine.release()
    assert spec(cluster)["leaseTransitions"] == 1


class Repeating(ApiDouble):
    """Sends each conditional patch twice, as a client does that lost the first answer."""

    def merge(self, path: str, body: Manifest, **query: t.Any) -> Manifest:
        super().merge(path, body, **query)
        return super().merge(path, body, **query)


def test_a_lost_answer_to_a_renewal_or_a_take_over_does_no_harm() -> None:
    cluster = Repeating(NAMESPACE)
    dead = held(cluster, "dead")
    expires_at_once(cluster)
    mine = held(cluster, "me")
    assert mine.taken_over == dead.identity
    mine.require(surely=True)
    mine.release()
    assert spec(cluster)["holderIdentity"] == ""


def test_a_lock_that_cannot_be_given_back_is_a_warning(cluster: ApiDouble) -> None:
    mine = held(cluster, "me")
    cluster.fail("PATCH", "leases", ApiError(403, "Forbidden", "you may not"))
    mine.release()
    assert "it ends by itself within 60 s" in cluster.warnings[0]


def test_the_last_one_takes_the_lease_away(cluster: ApiDouble) -> None:
    mine = held(cluster, "me")
    mine.leave_nothing()
    mine.release()
    assert cluster.live(LEASE) is None


def test_two_at_once_are_one_winner(cluster: ApiDouble) -> None:
    results: list[str] = []

    def run(who: str) -> None:
        mine = lock(cluster, who, LIVELY)
        try:
            mine.acquire()
        except InProgress:
            results.append("told")
            return
        results.append("won")
        eventually(lambda: results.count("told") == 3)
        mine.release()

    threads = [threading.Thread(target=run, args=(f"run {number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["told", "told", "told", "won"]


def died_here(cluster: ApiDouble) -> Lock:
    """A lock whose holder was a process of this host that has ended."""
    made = held(cluster, "dead", Terms(20, 60, 0.01))
    live = cluster.live(LEASE)
    assert live
    process = subprocess.Popen(["sleep", "60"])
    live["metadata"]["annotations"][lease_lock.PROCESS] = identity_of(process.pid)
    process.kill()
    process.wait()
    return made


def test_a_holder_that_was_a_process_of_this_host_and_has_ended_is_followed_at_once(cluster: ApiDouble) -> None:
    dead = died_here(cluster)
    begun = time.monotonic()
    second = held(cluster, "second")
    assert time.monotonic() - begun < 5
    assert (second.taken_over, second.died_here) == (dead.identity, True)
    second.release()


def test_a_holder_that_runs_on_this_host_is_not_followed_at_once(cluster: ApiDouble) -> None:
    held(cluster, "alive", Terms(1, 60, 0.01))
    begun = time.monotonic()
    second = held(cluster, "second")
    assert time.monotonic() - begun >= 1
    assert not second.died_here
    second.release()


@pytest.mark.parametrize("duration", [86_400, 2**31 - 1, -5, 0, "20", None, True, 1e308, float("nan")])
def test_a_duration_that_no_run_of_ours_would_say_is_not_waited_for(cluster: ApiDouble, duration: object) -> None:
    held(cluster, "absurd")
    expires_at_once(cluster, leaseDurationSeconds=duration)
    begun = time.monotonic()
    second = held(cluster, "second", Terms(0.3, 60, 0.01))
    assert time.monotonic() - begun < 5
    second.release()


def test_a_lease_is_not_looked_at_for_longer_than_a_release_may_take(cluster: ApiDouble) -> None:
    held(cluster, "theirs")
    expires_at_once(cluster, leaseDurationSeconds=3)
    mine = Lock(cluster, NAMESPACE, "maestro", "me", "deploy", Terms(0.5, 60, 0.01), timeout=0.2)
    with pytest.raises(InProgress, match="It was looked at for 1 s"):
        mine.acquire()


@pytest.mark.parametrize("transitions", [2**31 - 1, -1, "many", None])
def test_a_count_of_hands_that_cannot_grow_begins_anew(cluster: ApiDouble, transitions: object) -> None:
    held(cluster, "theirs").release()
    expires_at_once(cluster, leaseTransitions=transitions)
    held(cluster, "mine").release()
    assert spec(cluster)["leaseTransitions"] == 1


def test_a_run_that_gave_its_lock_back_is_unheard_of_until_that_is_acknowledged(cluster: ApiDouble) -> None:
    mine = Lock(cluster, NAMESPACE, "maestro", "me", "deploy", STILL, acknowledges=True)
    mine.acquire()
    mine.release()
    assert is_unacknowledged(cluster, NAMESPACE, "maestro", mine.token)
    acknowledge(cluster, NAMESPACE, "maestro", "another")
    assert is_unacknowledged(cluster, NAMESPACE, "maestro", mine.token)
    acknowledge(cluster, NAMESPACE, "maestro", mine.token)
    assert not is_unacknowledged(cluster, NAMESPACE, "maestro", mine.token)
    cluster.fail("GET", LEASE, Unreachable("away"))
    acknowledge(cluster, NAMESPACE, "maestro", mine.token)
