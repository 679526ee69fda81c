# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is still missing for a release to have passed."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._health.facts import Facts
from ansible_collections.intelgraph.maestro.plugins.module_utils._health.rules import evaluate, timed_out

from .views import (
    DEPLOYMENT,
    OLD,
    ago,
    condition,
    deployment,
    facts,
    item,
    node,
    pod,
    replica_set,
    running,
    terminated,
)


def healthy(*pods: dict[str, t.Any], also: t.Iterable[dict[str, t.Any]] = (), **others: t.Any) -> Facts:
    return facts(deployment(len(pods)), replica_set(), replica_set(OLD), *pods, *also, **others)


def missing(given: Facts) -> tuple[str, ...]:
    evaluation = evaluate(given)
    assert evaluation.verdict == ("" if evaluation.missing else "passed")
    return evaluation.missing


def test_a_release_whose_pods_are_all_ready_lacks_nothing() -> None:
    assert missing(healthy(pod(), pod(name="b"))) == ()


def test_the_pods_are_believed_before_the_deployments_own_counts() -> None:
    assert missing(healthy(pod(), pod(running(ready=False), name="b"))) == (
        f"{DEPLOYMENT}: 1 of 2 new pods are not ready",
    )
    short = facts(deployment(2), replica_set(), pod())
    assert missing(short) == (f"{DEPLOYMENT}: 1 of 2 new pods are there",)


def test_a_pod_that_is_on_its_way_out_counts_for_nothing() -> None:
    leaving = pod(name="b")
    leaving["metadata"]["deletionTimestamp"] = ago(1)
    assert missing(facts(deployment(1), replica_set(), pod(), leaving)) == ()
    assert missing(facts(deployment(2), replica_set(), pod(), leaving)) == (f"{DEPLOYMENT}: 1 of 2 new pods are there",)


def test_old_pods_have_to_go_even_though_the_controller_does_not_count_them_any_more() -> None:
    old = pod(name="maestro-old-a", of=OLD, node="node-2")
    assert missing(healthy(pod(), also=[old])) == (f"{DEPLOYMENT}: 1 old pods are still there",)


def test_old_pods_that_end_are_said_and_hold_nothing_up() -> None:
    old = pod(name="maestro-old-a", of=OLD, node="node-2")
    old["metadata"]["deletionTimestamp"] = ago(1)
    evaluation = evaluate(healthy(pod(), also=[old]))
    assert (evaluation.verdict, evaluation.missing) == ("passed", ())
    assert [(each.id, each.severity, each.message) for each in evaluation.findings] == [
        ("previous-pods-terminating", "note", "1 old pod drains")
    ]
    assert evaluate(healthy(pod(), also=[old, node("node-2", ready="Unknown")])).findings == ()


def test_an_object_of_which_nothing_is_known_is_not_ready() -> None:
    assert missing(facts(wanted=[("Ingress", "maestro")])) == (
        "Ingress maestro-system/maestro: nothing is known of it yet",
    )
    assert missing(facts(wanted=[("ConfigMap", "maestro-config"), ("Namespace", "maestro-system")])) == ()


def test_everything_has_to_stay_ready_for_the_settling_time() -> None:
    given = healthy(pod(), settle=60.0)
    assert missing(given) == ("Release: everything is ready and has to stay so for another 10 s",)
    assert evaluate(given).again_at == given.now + 10
    assert missing(healthy(pod(), settle=50.0)) == ()


@pytest.mark.parametrize(("age", "left"), [(12, "18 s"), (31, "")])
def test_a_container_that_has_ended_once_is_not_trusted_at_once(age: float, left: str) -> None:
    again = pod(running(restarts=1, lastState=terminated(1, age=age)))
    lines = missing(healthy(again))
    assert bool(lines) == bool(left)
    assert all(left in line for line in lines)


@pytest.mark.parametrize(("settle", "left"), [(0.0, ""), (30.0, "10 s")])
def test_a_node_whose_clock_is_ahead_does_not_keep_a_release_from_settling(settle: float, left: str) -> None:
    """Its pod became ready two minutes from now. The Deployment's controller says when the last one did."""
    made = pod(running(since=-110), age=40)
    made["status"]["conditions"] = [condition("Ready", "True", age=-120)]
    live = deployment(1, condition("Progressing", "True", reason="NewReplicaSetAvailable", age=20))
    given = facts(live, replica_set(), made, settle=settle)
    lines = missing(given)
    assert bool(lines) == bool(left)
    assert all(left in line for line in lines)
    assert timed_out(given, evaluate(given)).verdict == ("failed" if left else "passed")


@pytest.mark.parametrize(("policy", "left"), [("Always", "27 s"), ("", "")])
def test_a_native_sidecar_that_has_ended_once_is_not_trusted_at_once(policy: str, left: str) -> None:
    """An init container that has done its work after a second try has nothing to settle."""
    made = pod()
    made["spec"]["initContainers"] = [{"name": "proxy", "image": "x", **({"restartPolicy": policy} if policy else {})}]
    made["status"]["initContainerStatuses"] = [running(restarts=1, lastState=terminated(1, age=3)) | {"name": "proxy"}]
    lines = missing(healthy(made))
    assert bool(lines) == bool(left)
    assert all(left in line for line in lines)


def test_a_stateful_set_is_judged_by_the_pods_of_its_newest_revision() -> None:
    counts = {"replicas": 1, "availableReplicas": 1, "updatedReplicas": 1}
    status = {"observedGeneration": 1, "currentRevision": "b", "updateRevision": "b", **counts}
    live = item("StatefulSet", "maestro", spec={"replicas": 1}, status=status)
    mine = pod(running(ready=False), name="maestro-0")
    mine["metadata"]["ownerReferences"] = [{"uid": "StatefulSet/maestro"}]
    mine["metadata"]["labels"]["controller-revision-hash"] = "b"
    assert missing(facts(live, mine)) == ("StatefulSet maestro-system/maestro: 1 of 1 new pods are not ready",)
    mine["status"]["conditions"] = [condition("Ready", "True")]
    assert missing(facts(live, mine)) == ()
    mine["metadata"]["labels"]["controller-revision-hash"] = "a"
    assert missing(facts(live, mine)) == ("StatefulSet maestro-system/maestro: 0 of 1 new pods are there",)
