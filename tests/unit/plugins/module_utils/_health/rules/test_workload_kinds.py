# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Workloads that are no Deployment: their pods, which of them are new, and what holds them up."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._health.facts import Facts
from ansible_collections.intelgraph.maestro.plugins.module_utils._health.rules import evaluate

from .views import ago, cause, crashed, facts, item, node, pod, running, waiting

Live = dict[str, t.Any]
NO_IMAGE = waiting("ErrImagePull", "ghcr.io/x/y:1: not found")


def of(owner: str, hash_: str, *containers: Live, name: str, on: str = "node-1", **more: t.Any) -> Live:
    """A pod of a workload, of the revision with this hash."""
    made = pod(*containers, name=name, node=on, **more)
    made["metadata"]["ownerReferences"] = [{"uid": owner, "kind": owner.partition("/")[0]}]
    made["metadata"]["labels"]["controller-revision-hash"] = hash_
    return made


def daemon_set(wanted: int = 1, updated: int | None = None, available: int | None = None, **spec: t.Any) -> Live:
    status = {
        "observedGeneration": 1,
        "desiredNumberScheduled": wanted,
        "currentNumberScheduled": wanted,
        "updatedNumberScheduled": wanted if updated is None else updated,
        "numberReady": wanted if available is None else available,
        "numberAvailable": wanted if available is None else available,
    }
    return item("DaemonSet", "agent", spec=spec, status=status)


def revision(hash_: str, number: int) -> Live:
    made = item("ControllerRevision", f"agent-{hash_}", owner="DaemonSet/agent", revision=number)
    made["apiVersion"] = "apps/v1"
    made["metadata"]["labels"] = {"controller-revision-hash": hash_}
    return made


def stateful_set(replicas: int = 2, updated: int = 0, available: int = 0, **spec: t.Any) -> Live:
    status = {
        "observedGeneration": 1,
        "replicas": replicas,
        "updatedReplicas": updated,
        "availableReplicas": available,
        "currentRevision": "old",
        "updateRevision": "new",
    }
    return item("StatefulSet", "db", spec={"replicas": replicas, **spec}, status=status)


def agent(hash_: str, *containers: Live, name: str = "agent-a", on: str = "node-1", **more: t.Any) -> Live:
    return of("DaemonSet/agent", hash_, *containers, name=name, on=on, **more)


def replica(number: int, hash_: str, *containers: Live, **more: t.Any) -> Live:
    return of("StatefulSet/db", hash_, *containers, name=f"db-{number}", **more)


def test_a_daemon_set_is_judged_by_the_pods_of_its_newest_revision() -> None:
    revisions = [revision("old", 1), revision("new", 2)]
    broken = daemon_set(1, available=0)
    assert cause(evaluate(facts(broken, *revisions, agent("new", NO_IMAGE)))).id == "image-not-found"
    replaced = facts(broken, *revisions, agent("old", NO_IMAGE))
    assert (evaluate(replaced).verdict, [each.id for each in evaluate(replaced).findings]) == (
        "",
        ["previous-revision-unhealthy"],
    )
    assert evaluate(facts(daemon_set(1), *revisions, agent("new"))).verdict == "passed"


def test_a_revision_that_comes_back_is_the_newest_again() -> None:
    given = facts(daemon_set(1), revision("old", 3), revision("new", 2), agent("old"))
    assert evaluate(given).verdict == "passed"


def test_a_daemon_set_that_updates_on_delete_keeps_its_pods_which_have_to_be_ready() -> None:
    strategy = {"updateStrategy": {"type": "OnDelete"}}
    revisions = [revision("old", 1), revision("new", 2)]
    kept = evaluate(facts(daemon_set(1, updated=0, **strategy), *revisions, agent("old")))
    assert (kept.verdict, [each.id for each in kept.findings]) == ("passed", ["pods-outdated"])
    unready = evaluate(facts(daemon_set(1, updated=0, **strategy), *revisions, agent("old", running(ready=False))))
    assert unready.verdict == ""


def test_a_pod_of_a_daemon_set_on_a_dead_node_is_not_waited_for() -> None:
    dead = [agent("new"), agent("new", running(ready=False), name="agent-b", on="node-2")]
    given = facts(daemon_set(2, available=1), revision("new", 1), *dead, node(), node("node-2", ready="Unknown"))
    evaluation = evaluate(given)
    assert (evaluation.verdict, [each.id for each in evaluation.findings]) == ("passed", ["node-not-ready"])
    alive = facts(daemon_set(2, available=1), revision("new", 1), *dead, node(), node("node-2"))
    assert evaluate(alive).verdict == ""


def bare(*containers: Live, **status: t.Any) -> Live:
    made = pod(*containers, name="bare", **status)
    del made["metadata"]["ownerReferences"]
    return made


def test_a_bare_pod_is_judged_by_its_containers() -> None:
    assert cause(evaluate(facts(bare(NO_IMAGE, phase="Pending")))).id == "image-not-found"
    assert cause(evaluate(facts(bare(crashed(3, restarts=2))))).id == "crash-loop"
    assert evaluate(facts(bare(running()))).verdict == "passed"
    assert evaluate(facts(bare(running(ready=False)))).verdict == ""
    assert evaluate(facts(bare(waiting("Completed"), phase="Succeeded"))).verdict == "passed"
    assert cause(evaluate(facts(bare(crashed(3), phase="Failed")))).id == "pod-failed"


def test_a_pod_that_a_replica_set_cannot_start_is_found() -> None:
    status = {"observedGeneration": 1, "replicas": 1}
    owner = item("ReplicaSet", "web", spec={"replicas": 1}, status=status)
    made = pod(NO_IMAGE, of="web", name="web-a")
    given = Facts(
        **{
            **vars(facts(owner, made)),
            "wanted": (("ReplicaSet", "maestro-system", "web"),),
        }
    )
    assert cause(evaluate(given)).id == "image-not-found"


def test_below_a_partition_pods_keep_their_revision() -> None:
    spec = {"updateStrategy": {"rollingUpdate": {"partition": 1}}}
    given = facts(stateful_set(2, 1, 2, **spec), replica(0, "old"), replica(1, "new"))
    assert (evaluate(given).verdict, [each.id for each in evaluate(given).findings]) == ("passed", ["pods-outdated"])
    behind = facts(stateful_set(2, 0, 2, **spec), replica(0, "old"), replica(1, "old"))
    assert evaluate(behind).verdict == ""


def test_a_stateful_set_that_is_scaled_down_has_pods_to_lose() -> None:
    shrinking = stateful_set(1, 2, 2)
    shrinking["status"].update(replicas=2, currentRevision="new")
    assert evaluate(facts(shrinking, replica(0, "new"), replica(1, "new"))).verdict == ""


@pytest.mark.parametrize("broken", [NO_IMAGE, waiting("CrashLoopBackOff", "back-off 10s")])
def test_a_broken_pod_of_an_older_revision_holds_up_an_ordered_stateful_set(broken: Live) -> None:
    given = facts(stateful_set(2), replica(0, "old"), replica(1, "bad", broken))
    finding = cause(evaluate(given))
    assert (finding.id, finding.object) == ("update-blocked", "Pod maestro-system/db-1")
    assert "kubectl -n maestro-system delete pod db-1" in finding.next_step
    parallel = facts(stateful_set(2, podManagementPolicy="Parallel"), replica(0, "old"), replica(1, "bad", broken))
    assert evaluate(parallel).verdict == ""
    going = replica(1, "bad", broken)
    going["metadata"]["deletionTimestamp"] = ago(1)
    assert evaluate(facts(stateful_set(2), replica(0, "old"), going)).verdict == ""
