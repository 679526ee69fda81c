# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers that run and are not ready: their own probes say for how long that is all right."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._health.facts import PROBE, LogRequest
from ansible_collections.intelgraph.maestro.plugins.module_utils._health.rules import evaluate, timed_out

from .views import (
    NAMESPACE,
    NOW,
    cause,
    condition,
    event,
    facts,
    item,
    pod,
    replica_set,
    rollout,
    running,
    seconds_left,
    unavailable,
    undecided,
    waiting,
)

READINESS = {"readinessProbe": {"httpGet": {"path": "/readyz"}, "periodSeconds": 5, "failureThreshold": 2}}
"""5 + 2 * 5 + 1 = 16 seconds."""
STARTUP = {"startupProbe": {"httpGet": {"path": "/healthz"}, "periodSeconds": 2, "failureThreshold": 10}}
"""2 * 10 + 1 = 21 seconds."""
LATE = 3
"""Seconds by which the status may be late that says that a container has started."""
STARTUP_SAID = "Startup probe failed: HTTP probe failed with statuscode: 503"
SAID = 'Readiness probe failed: Get "http://10.0.0.7:8080/readyz": dial tcp 10.0.0.7:8080: connect: connection refused'


def unready(since: float, spec: dict[str, t.Any], **fields: t.Any) -> dict[str, t.Any]:
    made = pod(running(ready=False, since=since, spec=spec, **fields), podIP="10.0.0.7")
    made["status"]["conditions"] = [condition("Ready", "False", age=since + 5)]
    return made


def test_unready_before_it_was_ever_ready_is_waited_for() -> None:
    """However often the probe fails: its threshold is for a pod that serves, not for one that starts."""
    made = unready(500, READINESS)
    given = rollout(made, also=[event(made, "Unhealthy", SAID, count=99, first=490)], begun=NOW - 501)
    assert seconds_left(given) is None
    finding = undecided(evaluate(given))
    assert (finding.id, finding.container) == ("readiness-failing", "maestro")
    assert "not ready yet: Readiness probe failed" in finding.message
    assert cause(timed_out(given, evaluate(given))).id == "readiness-timeout"


def test_the_progress_deadline_is_the_end_of_it() -> None:
    made = unready(500, READINESS)
    over = condition("Progressing", "False", reason="ProgressDeadlineExceeded", age=1)
    given = facts(
        unavailable(over), replica_set(), made, event(made, "Unhealthy", SAID, count=99, first=490), begun=NOW - 501
    )
    assert [each.id for each in evaluate(given).findings] == ["readiness-timeout", "progress-deadline"]


@pytest.mark.parametrize(
    ("since", "spec", "left"), [(0, READINESS, 12), (10, READINESS, 2), (0, {**READINESS, **STARTUP}, 33)]
)
def test_a_release_may_state_a_shorter_deadline(since: float, spec: dict[str, t.Any], left: float) -> None:
    made = unready(since, spec)
    given = rollout(made, also=[event(made, "Unhealthy", said(spec), first=since, last=0)], readiness_deadline=12.0)
    assert seconds_left(given) == left
    finding = cause(evaluate(dataclasses.replace(given, now=NOW + left)))
    assert (finding.id, finding.container) == ("readiness-timeout", "maestro")


def said(spec: dict[str, t.Any]) -> str:
    return STARTUP_SAID if "startupProbe" in spec else SAID


def test_a_workload_may_state_a_deadline_of_its_own() -> None:
    made = unready(0, READINESS)
    given = rollout(made, also=[event(made, "Unhealthy", SAID, first=0, last=0)], readiness_deadline=50.0)
    workload = given.objects["Deployment"][0]
    workload["metadata"]["annotations"]["maestro.intelgraph.ai/readiness-deadline"] = "12"
    assert seconds_left(given) == 12


def test_a_job_is_not_judged_by_the_readiness_of_its_pods() -> None:
    made = unready(500, READINESS)
    made["metadata"]["ownerReferences"] = [{"uid": "Job/migrate"}]
    given = facts(item("Job", "migrate", spec={}), made, event(made, "Unhealthy", SAID, count=99, first=490))
    assert (evaluate(given).verdict, evaluate(given).findings) == ("", ())


def test_while_it_starts_only_the_startup_probe_counts() -> None:
    starting = unready(11, {**READINESS, **STARTUP})
    starting["status"]["containerStatuses"][0]["started"] = False
    given = rollout(starting, also=[event(starting, "Unhealthy", STARTUP_SAID, count=9, first=11)])
    assert seconds_left(given) == 10 + LATE


def test_a_kubelet_that_does_not_tell_of_bad_answers_may_not_have_asked() -> None:
    """So long until its node is known to be not ready; the figure is that of the API's control plane."""
    starting = unready(11, {**READINESS, **STARTUP})
    starting["status"]["containerStatuses"][0]["started"] = False
    for answers, left in ((0, 60 + LATE), (8, 60 + LATE), (9, 10 + LATE)):
        also = [event(starting, "Unhealthy", STARTUP_SAID, count=answers, first=11)] if answers else []
        assert seconds_left(rollout(starting, also=also)) == left
    assert seconds_left(rollout(unready(6, READINESS), readiness_deadline=12.0)) == 6 + 50


def test_the_first_answer_to_the_readiness_probe_says_when_the_startup_was_over() -> None:
    made = unready(20, {**READINESS, **STARTUP})
    given = rollout(made, also=[event(made, "Unhealthy", SAID, first=14)], readiness_deadline=16.0)
    assert seconds_left(given) == 2


def test_readiness_that_was_lost_has_its_budget_anew() -> None:
    """16 seconds from the loss, where no rollout is under way."""
    made = unready(300, READINESS)
    made["status"]["conditions"] = [condition("Ready", "False", age=6)]
    also = [event(made, "Unhealthy", SAID, count=2, first=12)]
    assert seconds_left(rollout(made, also=also)) == 10
    going_on = condition("Progressing", "True", reason="ReplicaSetUpdated")
    assert seconds_left(facts(unavailable(going_on), replica_set(), made, *also)) is None


@pytest.mark.parametrize(("age", "placed", "left"), [(10, 9, 7), (200, 9, 7), (10, None, 6)])
def test_a_node_whose_clock_is_behind_gives_no_shorter_time(age: float, placed: float | None, left: float) -> None:
    """It started 8 s ago, and its node is a minute behind: so are start, conditions and the kubelet's events."""
    made = pod(running(ready=False, since=68, spec=READINESS), age=age, podIP="10.0.0.7")
    made["status"]["conditions"] = [condition("Ready", "False", age=70)]
    if placed is not None:
        made["status"]["conditions"].append(condition("PodScheduled", "True", age=placed))
    also = [event(made, "Unhealthy", SAID, count=2, first=66, last=61)]
    assert seconds_left(rollout(made, also=also, readiness_deadline=16.0)) == left


def test_the_finding_says_what_the_endpoint_answered() -> None:
    made = unready(40, READINESS)
    given = rollout(made, also=[event(made, "Unhealthy", SAID, count=8, first=30)], readiness_deadline=16.0)
    evaluation = evaluate(given)
    log_request = LogRequest(PROBE, NAMESPACE, "maestro-new-a", "maestro")
    assert evaluation.log_requests == (log_request,)
    assert cause(evaluation).message == (
        "container maestro runs and is not ready in the time that it has: Readiness probe failed: "
        'Get "http://POD:8080/readyz": dial tcp POD:8080: connect: connection refused (pod maestro-new-a on node-1)'
    )
    assert cause(evaluation).evidence == (f"Unhealthy (8 times): {SAID}",)
    answer = 'GET /readyz on port 8080: 503 {"ready": false, "reasons": [{"dependency": "redis"}]}'
    answered = dataclasses.replace(given, answers={log_request: (answer,)})
    assert cause(evaluate(answered)).evidence[-1] == f"probe: {answer}"


def test_a_container_that_does_not_run_or_has_no_probe_is_not_judged_by_it() -> None:
    for status in (waiting("ContainerCreating", spec=READINESS), running(ready=False, since=900)):
        assert evaluate(rollout(pod(status))).verdict == ""
