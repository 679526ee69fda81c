# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods that an autoscaler asks for beyond its least, and that the cluster has no room for."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._health.facts import Facts
from ansible_collections.intelgraph.maestro.plugins.module_utils._health.rules import evaluate, timed_out
from tests.unit.rendering import only

from .test_scheduling import NO_ROOM, NODES, unplaced
from .views import (
    LABELS,
    NEW,
    OLD,
    cause,
    condition,
    crashed,
    deployment,
    event,
    facts,
    item,
    pod,
    replica_set,
    seconds_left,
    undecided,
    waiting,
)

NO_QUOTA = 'pods "maestro-new-x" is forbidden: exceeded quota: q, requested: pods=1, used: pods=5, limited: pods=5'


def autoscaler(least: int = 3, kind: str = "Deployment", name: str = "maestro") -> dict[str, t.Any]:
    spec = {"scaleTargetRef": {"kind": kind, "name": name}, "minReplicas": least, "maxReplicas": 10}
    conditions = [condition("AbleToScale", "True"), condition("ScalingActive", "True")]
    return item("HorizontalPodAutoscaler", "maestro", spec=spec, status={"conditions": conditions})


def grown(*also: dict[str, t.Any], age: float = 1, scaler: dict[str, t.Any] | None = None, **others: t.Any) -> Facts:
    """Five pods are ready, the autoscaler has asked for a sixth, and no node has room for it."""
    pods = [pod(name=f"new-{n}", node=f"node-{n}", age=300) for n in range(5)]
    live = deployment(6, availableReplicas=5)
    sixth = unplaced(NO_ROOM, age=age)
    return facts(live, replica_set(), scaler or autoscaler(), *pods, sixth, *NODES, *also, **others)


def test_a_peak_that_no_node_takes_is_no_fault_of_the_release() -> None:
    given = grown()
    assert undecided(evaluate(given)).id == "hpa-capacity-limited"
    assert seconds_left(given) == 59
    evaluation = evaluate(grown(age=61))
    assert evaluation.verdict == "passed"
    assert (only(evaluation.findings).id, only(evaluation.findings).severity) == ("hpa-capacity-limited", "warning")
    assert only(evaluation.findings).message.startswith(
        "its autoscaler asks for 6 pods and 5 are ready: no node takes its pods: 0/3 nodes are available"
    )


def test_at_the_time_out_such_a_release_has_passed() -> None:
    given = grown()
    assert timed_out(given, evaluate(given)).verdict == "passed"
    waited = grown(wanted=[("Ingress", "maestro")])
    assert [each.object for each in timed_out(waited, evaluate(waited)).findings if each.severity == "error"] == [
        "Ingress maestro-system/maestro"
    ]


def test_a_budget_that_allows_nothing_for_lack_of_that_pod_keeps_no_release() -> None:
    """With five of six pods ready and one that may be unavailable no node can be drained."""
    counts = {"expectedPods": 6, "desiredHealthy": 5, "currentHealthy": 5, "disruptionsAllowed": 0}
    others = {"matchExpressions": [{"key": next(iter(LABELS)), "operator": "DoesNotExist"}]}
    for selector, verdict in (
        ({"matchLabels": LABELS}, "passed"),
        ({"matchLabels": {"app": "other"}}, ""),
        (others, ""),
        (None, ""),
    ):
        spec = {"maxUnavailable": 1, "selector": selector}
        budget = item("PodDisruptionBudget", "maestro", spec=spec, status={"observedGeneration": 1, **counts})
        assert evaluate(grown(budget, age=61)).verdict == verdict


def test_a_peak_that_the_quota_refuses() -> None:
    pods = [pod(name=f"new-{n}") for n in range(5)]
    refusing = replica_set(NEW, condition("ReplicaFailure", "True", NO_QUOTA, "FailedCreate", age=1))
    reported = event(refusing, "FailedCreate", f"Error creating: {NO_QUOTA}")
    evaluation = evaluate(facts(deployment(6, availableReplicas=5), refusing, autoscaler(), *pods, reported))
    assert (evaluation.verdict, only(evaluation.findings).id) == ("passed", "hpa-capacity-limited")


@pytest.mark.parametrize(
    "given",
    [
        grown(age=61, scaler=autoscaler(least=6)),
        grown(age=61, scaler=autoscaler(name="other")),
        grown(age=61, scaler=autoscaler(kind="StatefulSet")),
        grown(replica_set(OLD), pod(name="old", of=OLD), age=61),
        grown(pod(waiting("ContainerCreating"), name="new-6"), age=61),
    ],
    ids=["least", "other-name", "other-kind", "old-pod", "pod-that-starts"],
)
def test_a_release_that_lacks_pods_that_it_needs_is_not_excused(given: Facts) -> None:
    assert cause(evaluate(given)).id == "unschedulable"


def test_other_faults_are_not_excused() -> None:
    given = grown(pod(crashed(restarts=3), name="new-6"), age=61)
    assert "crash-loop" in [finding.id for finding in evaluate(given).findings if finding.severity == "error"]
    assert timed_out(given, dataclasses.replace(evaluate(given), verdict="")).verdict == "failed"
