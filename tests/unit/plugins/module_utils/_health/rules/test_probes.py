# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers that run and are not ready: their own probes say for how long that is all right."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._health.facts import PROBE, LogRequest
from ansible_collections.intelgraph.maestro.plugins.module_utils._health.rules import evaluate

from .views import NAMESPACE, NOW, cause, condition, event, pod, rollout, running, seconds_left, waiting

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


@pytest.mark.parametrize(
    ("since", "spec", "left"),
    [
        (0, READINESS, 16),
        (10, READINESS, 6),
        (0, {**READINESS, **STARTUP}, 37),
        (30, {**READINESS, **STARTUP}, 7),
    ],
)
def test_a_container_has_the_time_that_its_probes_give(since: float, spec: dict[str, t.Any], left: float) -> None:
    made = unready(since, spec)
    given = rollout(made, also=[event(made, "Unhealthy", STARTUP_SAID, first=since, last=0)])
    assert seconds_left(given) == left
    assert evaluate(given).findings == ()
    assert evaluate(dataclasses.replace(given, now=NOW + left - 0.1)).verdict == ""
    finding = cause(evaluate(dataclasses.replace(given, now=NOW + left)))
    assert (finding.id, finding.container) == ("readiness-timeout", "maestro")


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
    assert seconds_left(rollout(unready(6, READINESS))) == 60


def test_the_first_answer_to_the_readiness_probe_says_when_the_startup_was_over() -> None:
    made = unready(20, {**READINESS, **STARTUP})
    assert seconds_left(rollout(made, also=[event(made, "Unhealthy", SAID, first=14)])) == 2


def test_readiness_that_was_lost_has_its_budget_anew() -> None:
    made = unready(300, READINESS)
    made["status"]["conditions"] = [condition("Ready", "False", age=6)]
    assert seconds_left(rollout(made, also=[event(made, "Unhealthy", SAID, count=2, first=12)])) == 10


@pytest.mark.parametrize(("age", "placed", "left"), [(10, 9, 7), (200, 9, 7), (10, None, 6)])
def test_a_node_whose_clock_is_behind_gives_no_shorter_time(age: float, placed: float | None, left: float) -> None:
    """It started 8 s ago, and its node is a minute behind: so are start, conditions and the kubelet's events."""
    made = pod(running(ready=False, since=68, spec=READINESS), age=age, podIP="10.0.0.7")
    made["status"]["conditions"] = [condition("Ready", "False", age=70)]
    if placed is not None:
        made["status"]["conditions"].append(condition("PodScheduled", "True", age=placed))
    assert seconds_left(rollout(made, also=[event(made, "Unhealthy", SAID, count=2, first=66, last=61)])) == left


def test_the_finding_says_what_the_endpoint_answered() -> None:
    made = unready(40, READINESS)
    given = rollout(made, also=[event(made, "Unhealthy", SAID, count=8, first=30)])
    evaluation = evaluate(given)
    log_request = LogRequest(PROBE, NAMESPACE, "maestro-new-a", "maestro")
    assert evaluation.log_requests == (log_request,)
    assert cause(evaluation).message == (
        "container maestro runs and is not ready in the time that its probes give it: Readiness probe failed: "
        'Get "http://POD:8080/readyz": dial tcp POD:8080: connect: connection refused (pod maestro-new-a on node-1)'
    )
    assert cause(evaluation).evidence == (f"Unhealthy (8 times): {SAID}",)
    answer = 'GET /readyz on port 8080: 503 {"ready": false, "reasons": [{"dependency": "redis"}]}'
    answered = dataclasses.replace(given, answers={log_request: (answer,)})
    assert cause(evaluate(answered)).evidence[-1] == f"probe: {answer}"


def test_a_container_that_does_not_run_or_has_no_probe_is_not_judged_by_it() -> None:
    for status in (waiting("ContainerCreating", spec=READINESS), running(ready=False, since=900)):
        assert evaluate(rollout(pod(status))).verdict == ""
