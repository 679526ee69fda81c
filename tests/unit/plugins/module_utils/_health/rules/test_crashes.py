# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers that end although they should run."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._health.facts import LOG, PREVIOUS_LOG, LogRequest
from ansible_collections.intelgraph.maestro.plugins.module_utils._health.rules import evaluate

from .views import NAMESPACE, ago, cause, condition, crashed, event, pod, rollout, running, terminated, undecided

LIVENESS = "Container maestro failed liveness probe, will be restarted"
STARTUP = "Container maestro failed startup probe, will be restarted"


def test_one_end_is_no_loop() -> None:
    finding = undecided(evaluate(rollout(pod(crashed()))))
    assert (finding.id, finding.message) == (
        "crash-loop",
        "container maestro ended although it should run (exit code 1) (pod maestro-new-a on node-1)",
    )


def test_pods_that_end_alike_are_one_finding_however_often_each_has_ended() -> None:
    given = rollout(pod(crashed(restarts=4)), pod(crashed(), name="b", node="node-2"))
    assert [finding.message for finding in evaluate(given).findings] == [
        "container maestro ends again and again (exit code 1) (2 pods on 2 nodes)"
    ]


@pytest.mark.parametrize(
    ("pods", "is_fatal"),
    [
        ([pod(crashed(restarts=1))], False),
        ([pod(crashed(restarts=2))], True),
        ([pod(crashed(78, restarts=1))], True),
        ([pod(crashed(127, restarts=1))], True),
        ([pod(crashed(restarts=1)), pod(crashed(), name="b")], False),
        ([pod(crashed(restarts=1)), pod(crashed(restarts=1), name="b")], True),
        ([pod(crashed(137, reason="OOMKilled"))], False),
        ([pod(crashed(137, restarts=1, reason="OOMKilled"))], True),
    ],
)
def test_how_often_and_on_how_many_pods_decides(pods: list[dict[str, t.Any]], is_fatal: bool) -> None:
    assert evaluate(rollout(*pods)).verdict == ("failed" if is_fatal else "")


def test_a_container_over_its_memory_limit() -> None:
    finding = cause(evaluate(rollout(pod(crashed(137, restarts=1, reason="OOMKilled")))))
    assert finding.id == "out-of-memory"
    assert finding.evidence[0] == "exit code 137 (OOMKilled), ended 2 times"


def test_a_container_that_is_killed_for_its_liveness_is_told_apart() -> None:
    killed = pod(crashed(137, restarts=1))
    reported = event(killed, "Killing", LIVENESS)
    assert cause(evaluate(rollout(killed, also=[reported]))).id == "liveness-failing"
    assert evaluate(rollout(pod(crashed(137)), also=[reported])).verdict == ""


def test_ends_of_long_ago_prove_nothing_about_a_container_that_runs() -> None:
    """It loses its readiness for a moment after nine days: the kubelet has forgotten those ends, too."""
    for since, verdict in ((599, "failed"), (601, "")):
        killed = terminated(137, "OOMKilled", age=since + 3)
        made = pod(running(ready=False, since=since, restarts=4, lastState=killed))
        made["status"]["conditions"] = [condition("Ready", "False", age=2)]
        assert evaluate(rollout(made)).verdict == verdict


def ran(seconds: float, code: int = 255, reason: str = "Unknown", age: float = 5) -> dict[str, t.Any]:
    """How a run ended that had lasted for so many seconds."""
    return {"terminated": {**terminated(code, reason, age)["terminated"], "startedAt": ago(age + seconds)}}


@pytest.mark.parametrize(("seconds", "verdict"), [(599, "failed"), (600, ""), (7 * 86400, "")])
@pytest.mark.parametrize("end", [(255, "Unknown"), (137, "OOMKilled"), (78, "Error")])
def test_ends_before_a_run_that_has_lasted_are_forgotten(seconds: float, verdict: str, end: tuple[int, str]) -> None:
    """A pod of some weeks whose node starts again now and then."""
    again = running(ready=False, since=4, restarts=5, lastState=ran(seconds, *end))
    assert evaluate(rollout(pod(again), pod(name="b", node="node-2"))).verdict == verdict


def test_ends_after_a_run_that_has_lasted_count() -> None:
    for code, verdict in ((1, ""), (78, "failed")):
        anew = crashed(code, restarts=5)
        anew["lastState"] = ran(86400, code, age=20)
        assert evaluate(rollout(pod(anew))).verdict == verdict


def test_a_run_that_never_began_has_not_lasted() -> None:
    """What could not be started has the epoch for its start."""
    failing = crashed(1, restarts=3)
    failing["state"]["terminated"]["startedAt"] = "1970-01-01T00:00:00Z"
    assert cause(evaluate(rollout(pod(failing)))).id == "crash-loop"


def test_an_end_of_its_own_after_an_old_killing_is_a_crash() -> None:
    ended = pod(crashed(3, restarts=2))
    assert cause(evaluate(rollout(ended, also=[event(ended, "Killing", LIVENESS, last=50)]))).id == "crash-loop"


def test_the_kubelet_does_not_tell_of_every_killing() -> None:
    killed = pod(crashed(137, restarts=2))
    assert cause(evaluate(rollout(killed, also=[event(killed, "Killing", LIVENESS, last=50)]))).id == "liveness-failing"


def test_a_startup_budget_that_is_used_up_fails_at_once_unless_another_pod_has_started() -> None:
    killed = pod(crashed(137))
    reported = event(killed, "Killing", STARTUP)
    assert cause(evaluate(rollout(killed, also=[reported]))).id == "startup-failing"
    assert evaluate(rollout(killed, pod(running(), name="b"), also=[reported])).verdict == ""


def test_a_container_that_runs_again_is_forgiven() -> None:
    forgiven = pod(running(restarts=1, lastState=terminated(1, age=40)))
    evaluation = evaluate(rollout(forgiven))
    assert (evaluation.verdict, evaluation.findings) == ("", ())


def test_an_init_container_may_end_well_and_must_not_end_badly() -> None:
    done, failing = crashed(0), crashed(1, restarts=2)
    for status, verdict in ((done, ""), (failing, "failed")):
        made = pod(running(ready=False))
        made["spec"]["initContainers"] = [{"name": "prepare", "image": "x"}]
        made["status"]["initContainerStatuses"] = [{**status, "name": "prepare"}]
        evaluation = evaluate(rollout(made))
        assert evaluation.verdict == verdict
        assert [finding.container for finding in evaluation.findings] == ["prepare"] * bool(verdict)


def test_a_native_sidecar_may_not_end_well_either() -> None:
    made = pod(running(ready=False))
    made["spec"]["initContainers"] = [{"name": "proxy", "image": "x", "restartPolicy": "Always"}]
    made["status"]["initContainerStatuses"] = [{**crashed(0, restarts=2), "name": "proxy"}]
    finding = cause(evaluate(rollout(made)))
    assert (finding.id, finding.container) == ("crash-loop", "proxy")


def test_the_last_lines_of_the_log_are_asked_for_and_shown() -> None:
    given = rollout(pod(crashed(restarts=2)))
    log_request = LogRequest(PREVIOUS_LOG, NAMESPACE, "maestro-new-a", "maestro")
    assert evaluate(given).log_requests == (log_request,)
    answered = dataclasses.replace(given, answers={log_request: ("fatal: DATABASE_URL is not set",)})
    assert "former log: fatal: DATABASE_URL is not set" in cause(evaluate(answered)).evidence


def test_the_log_of_a_container_that_has_ended_once_is_its_only_one() -> None:
    assert evaluate(rollout(pod(crashed()))).log_requests[0].what == LOG
