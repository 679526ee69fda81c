# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""All rules together: what may never happen, time, staleness, and the sentence that a person reads."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.intelgraph.maestro.plugins.module_utils._health.facts import Facts
from ansible_collections.intelgraph.maestro.plugins.module_utils._health.rules import evaluate, headline, timed_out

from .views import (
    DEPLOYMENT,
    NAMESPACE,
    OLD,
    ago,
    cause,
    condition,
    crashed,
    deployment,
    event,
    facts,
    item,
    node,
    pod,
    replica_set,
    rollout,
    running,
    unavailable,
    waiting,
)

Live = dict[str, t.Any]
NOT_FOUND = waiting("ErrImagePull", "ghcr.io/x/y:1: not found")
READY, UNREADY = running(), running(ready=False, spec={"readinessProbe": {"periodSeconds": 1}})
STATUSES = [
    UNREADY,
    NOT_FOUND,
    waiting("ContainerCreating"),
    waiting("CreateContainerConfigError", 'secret "s" not found'),
    waiting("CrashLoopBackOff", restarts=4, lastState=crashed()["state"]),
    crashed(137, restarts=3, reason="OOMKilled"),
]
WRONGS = [
    condition("Progressing", "False", "ReplicaSet has timed out progressing.", "ProgressDeadlineExceeded"),
    condition("ReplicaFailure", "True", "exceeded quota: q", "FailedCreate"),
]


def pods_of(statuses: t.Iterable[Live], of: str, prefix: str) -> list[Live]:
    return [pod(status, name=f"{prefix}-{n}", of=of) for n, status in enumerate(statuses)]


def world(new: list[Live], old: list[Live], wrongs: list[Live], complete: bool) -> list[Live]:
    """A rollout in any state, with an event of each kind about each pod."""
    live = deployment(len(new), *wrongs) if complete else unavailable(*wrongs, replicas=len(new))
    pods = [*pods_of(new, "maestro-new", "new"), *pods_of(old, OLD, "old")]
    reported = [
        event(each, reason, "it went wrong") for each in pods for reason in ("Unhealthy", "FailedMount", "BackOff")
    ]
    return [live, replica_set("maestro-new", *wrongs), replica_set(OLD, *wrongs), *pods, *reported]


SOME = st.lists(st.sampled_from([READY, *STATUSES]), max_size=3)
SOME_NEW = st.lists(st.sampled_from([READY, *STATUSES]), min_size=1, max_size=3)
SOME_WRONGS = st.lists(st.sampled_from(WRONGS), unique_by=lambda wrong: wrong["type"])


@settings(max_examples=60, deadline=None)
@given(new=SOME_NEW, old=SOME, wrongs=SOME_WRONGS, complete=st.booleans(), ahead=st.sampled_from([0, 30, 3000]))
def test_never_passed_with_an_unready_pod_or_anything_missing(
    new: list[Live], old: list[Live], wrongs: list[Live], complete: bool, ahead: float
) -> None:
    evaluation = evaluate(dataclasses.replace(facts(*world(new, old, wrongs, complete)), now=1_800_000_000.0 + ahead))
    if evaluation.verdict == "passed":
        assert complete
        assert old == []
        assert all(status is READY for status in new)
    assert (evaluation.verdict == "passed") <= (evaluation.missing == ())
    assert (evaluation.verdict == "failed") == any(finding.severity == "error" for finding in evaluation.findings)


@settings(max_examples=40, deadline=None)
@given(count=st.integers(1, 4), wrongs=SOME_WRONGS, settle=st.sampled_from([0.0, 1000.0]))
def test_never_failed_with_everything_ready(count: int, wrongs: list[Live], settle: float) -> None:
    given_facts = facts(*world([READY] * count, [], wrongs, True), settle=settle)
    assert evaluate(given_facts).verdict == ("" if settle else "passed")


@settings(max_examples=40, deadline=None)
@given(new=SOME_NEW, old=SOME, wrongs=SOME_WRONGS, data=st.data())
def test_the_order_of_objects_and_events_decides_nothing(
    new: list[Live], old: list[Live], wrongs: list[Live], data: st.DataObject
) -> None:
    objects = world(new, old, wrongs, False)
    ordered = facts(*objects)
    shuffled = facts(*data.draw(st.permutations(objects)))
    assert evaluate(shuffled) == evaluate(ordered)
    assert timed_out(shuffled, evaluate(shuffled)) == timed_out(ordered, evaluate(ordered))


@settings(max_examples=40, deadline=None)
@given(new=SOME_NEW, wrongs=SOME_WRONGS)
def test_what_is_to_be_judged_again_is_in_the_future_and_changes_the_judgement(
    new: list[Live], wrongs: list[Live]
) -> None:
    at_once = facts(*world(new, [], wrongs, False))
    again = evaluate(at_once).again_at
    if again is not None and evaluate(at_once).verdict == "":
        assert again > at_once.now
        assert evaluate(dataclasses.replace(at_once, now=again)) != evaluate(at_once)


BROKEN = rollout(pod(NOT_FOUND))


@pytest.mark.parametrize("stale", ["Pod", "Event", "ReplicaSet"])
def test_nothing_is_decided_while_a_watch_is_interrupted(stale: str) -> None:
    for known in (BROKEN, facts(deployment(), replica_set(), pod())):
        evaluation = evaluate(dataclasses.replace(known, stale=frozenset({stale})))
        assert evaluation.verdict == ""
        assert evaluation.missing[-1] == f"what is known of {stale} may be old"
        assert timed_out(dataclasses.replace(known, stale=frozenset({stale})), evaluation).verdict == "inconclusive"


def test_what_was_wrong_before_this_release_began_is_tried_again_first() -> None:
    began = BROKEN.now - 10
    renewed = dataclasses.replace(BROKEN, begun=began)
    assert evaluate(renewed).verdict == ""
    assert evaluate(renewed).again_at == began + 30
    assert evaluate(dataclasses.replace(renewed, now=began + 30)).verdict == "failed"
    assert evaluate(dataclasses.replace(BROKEN, begun=BROKEN.now - 60)).verdict == "failed"


def test_at_the_time_out_what_could_still_pass_away_is_an_error() -> None:
    undecided = rollout(pod(crashed()))
    evaluation = timed_out(undecided, evaluate(undecided))
    assert cause(evaluation).id == "crash-loop"
    assert evaluation.log_requests


def test_at_the_time_out_what_was_not_worth_telling_is_told() -> None:
    undecided = rollout(pod(UNREADY, conditions=[]), now=1_800_000_000.0 - 53)
    assert evaluate(undecided).findings == ()
    assert cause(timed_out(undecided, evaluate(undecided))).id == "readiness-timeout"


def test_at_the_time_out_what_nothing_explains_is_not_ready() -> None:
    ingress = item("Ingress", "maestro", spec={}, status={})
    waited = facts(ingress)
    finding = cause(timed_out(waited, evaluate(waited)))
    assert (finding.id, finding.object) == ("not-ready", f"Ingress {NAMESPACE}/maestro")
    assert finding.message == "it has no address yet, and the time is over"
    assert "controller of its class" in finding.next_step


def test_at_the_time_out_a_pod_that_its_node_never_took_up_is_named_with_its_node() -> None:
    """A node that went away with new pods placed on it: for most of a minute nobody else notices."""
    placed = pod(name="maestro-new-b", node="node-2", phase="Pending", containerStatuses=[])
    placed["status"]["conditions"] = [condition("PodScheduled", "True", age=30)]
    old = pod(name="maestro-old-a", of=OLD)
    stuck = deployment(2, availableReplicas=1)
    waited = facts(stuck, replica_set(), replica_set(OLD), pod(), placed, old)
    finding = cause(timed_out(waited, evaluate(waited)))
    assert (finding.id, finding.message) == ("not-ready", "1 of 2 new pods are not ready, and the time is over")
    reported = f"its node has told nothing of it since it was placed there at {ago(30)}"
    assert finding.evidence == (f"pod maestro-new-b on node-2: {reported}",)
    lost = dataclasses.replace(waited, objects={**waited.objects, "Node": (node("node-2", ready=False),)})
    assert cause(timed_out(lost, evaluate(lost))).evidence == (
        f"pod maestro-new-b on node-2 (which is not ready): {reported}",
    )


def test_a_release_that_has_not_settled_in_time_has_not_passed() -> None:
    unsettled = facts(deployment(), replica_set(), pod(), settle=600.0)
    assert cause(timed_out(unsettled, evaluate(unsettled))).message.startswith(
        "everything is ready and has to stay so for another 550 s"
    )


def test_a_release_whose_old_pods_still_drain_is_not_taken_back() -> None:
    leaving = pod(name="maestro-old-a", of=OLD)
    waited = facts(deployment(), replica_set(), replica_set(OLD), pod(), leaving)
    assert timed_out(waited, evaluate(waited)).verdict == "failed"
    leaving["metadata"]["deletionTimestamp"] = ago(30)
    waited = facts(deployment(), replica_set(), replica_set(OLD), pod(), leaving)
    evaluation = evaluate(waited)
    assert evaluation.verdict == "passed"
    assert [(each.id, each.severity) for each in evaluation.findings] == [("previous-pods-terminating", "note")]


def test_the_time_out_changes_no_verdict() -> None:
    assert timed_out(BROKEN, evaluate(BROKEN)) == evaluate(BROKEN)


def test_the_headline_answers_four_questions() -> None:
    serving = pod(name="maestro-old-a", of=OLD)
    known = facts(unavailable(), replica_set(), replica_set(OLD), pod(NOT_FOUND), serving)
    assert headline(known, evaluate(known)) == (
        f"{DEPLOYMENT}: image ghcr.io/x/y:1 of container maestro was not found: ghcr.io/x/y:1: not found "
        f"(pod maestro-new-a on node-1), since {ago(60)}. Ready pods: 1 of the former revision. "
        "Push the image, or deploy one that exists. See image-not-found."
    )


def test_the_headline_says_when_nothing_serves_and_that_there_is_more() -> None:
    known = rollout(pod(NOT_FOUND), pod(crashed(restarts=3), name="b"))
    assert "No pod serves." in headline(known, evaluate(known))
    assert headline(known, evaluate(known)).endswith("See image-not-found (1 more finding).")


def test_the_headline_of_what_is_not_failed() -> None:
    passed = facts(deployment(), replica_set(), pod())
    assert headline(passed, evaluate(passed)) == "Everything is ready."
    begun = rollout(pod(waiting("ContainerCreating")))
    assert headline(begun, evaluate(begun)).startswith(f"{DEPLOYMENT}: 0 of 1 pods are available; ")


def test_facts_without_anything_to_judge_pass() -> None:
    assert evaluate(Facts(now=0.0, wanted=(), objects={})).verdict == "passed"
