# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods that no node takes."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._health.facts import Facts
from ansible_collections.intelgraph.maestro.plugins.module_utils._health.rules import evaluate

from .views import (
    NEW,
    OLD,
    OWN_VOLUMES,
    ago,
    cause,
    condition,
    event,
    facts,
    item,
    node,
    own_claim,
    pod,
    replica_set,
    rollout,
    running,
    seconds_left,
    told_at_the_end,
    unavailable,
    undecided,
)

PREEMPTION = " preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."
NO_MATCH = f"0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector.{PREEMPTION}"
NO_ROOM = f"0/3 nodes are available: 3 Insufficient cpu.{PREEMPTION}"
CROWDED = f"0/3 nodes are available: 3 node(s) didn't match pod anti-affinity rules.{PREEMPTION}"
MIXED = "0/3 nodes are available: 1 node(s) were unschedulable, 2 node(s) didn't match Pod's node affinity/selector."
NODES = [node(f"node-{n}", allocatable={"cpu": "2", "memory": "8Gi"}) for n in range(3)]
CLOUD = [node(f"node-{n}") | {"spec": {"providerID": f"aws:///eu-west-1a/i-{n}"}} for n in range(3)]
POOL = [node(f"node-{n}", labels={"karpenter.sh/nodepool": "default"}) for n in range(3)]


def unplaced(said: str, age: float = 1, name: str = "maestro-new-a", **requests: str) -> dict[str, t.Any]:
    made = pod(name=name, of=NEW, node="", phase="Pending", conditions=[])
    made["spec"]["containers"][0]["resources"] = {"requests": requests}
    made["status"]["containerStatuses"] = []
    made["status"]["conditions"] = [condition("PodScheduled", "False", said, "Unschedulable", age)]
    return made


def test_no_node_will_ever_match_where_nobody_adds_nodes() -> None:
    finding = cause(evaluate(rollout(unplaced(NO_MATCH), also=NODES)))
    assert finding.id == "unschedulable"
    assert finding.message == (
        "no node matches the node selector or affinity of its pods: 0/3 nodes are available: "
        "3 node(s) didn't match Pod's node affinity/selector. (pod maestro-new-a)"
    )


@pytest.mark.parametrize("nodes", [POOL, CLOUD, []])
def test_where_somebody_may_add_nodes_that_has_time_to_begin(nodes: list[dict[str, t.Any]]) -> None:
    """A large cluster's autoscaler may take a minute until it asks for a node."""
    given = rollout(unplaced(NO_MATCH, age=16), also=nodes)
    assert undecided(evaluate(given)).id == "unschedulable"
    assert seconds_left(given) == 44


@pytest.mark.parametrize(
    ("said", "age", "left"),
    [
        ("pod didn't trigger scale-up: 1 max node group size reached", 5, 10),
        ("pod didn't trigger scale-up: 1 in backoff after failed scale-up", 5, 55),
        ("pod didn't trigger scale-up: 1 not ready for scale-up", 16, 44),
    ],
)
def test_an_autoscaler_that_has_declined_is_not_waited_for(said: str, age: float, left: float) -> None:
    """But for another one beside it: Karpenter gathers pods for up to ten seconds before it looks at them."""
    waiting = unplaced(NO_MATCH, age=age)
    declined = event(waiting, "NotTriggerScaleUp", said, first=2)
    assert seconds_left(rollout(waiting, also=[*CLOUD, declined])) == left
    coming = event(waiting, "Nominated", "Pod should schedule on: nodeclaim/x", last=1)
    assert seconds_left(rollout(waiting, also=[*CLOUD, declined, coming])) == 599


def test_an_autoscaler_that_declines_late_ends_the_wait() -> None:
    waiting = unplaced(NO_MATCH, age=30)
    declined = event(waiting, "NotTriggerScaleUp", "pod didn't trigger scale-up: 1 max node group size reached")
    finding = cause(evaluate(rollout(waiting, also=[*CLOUD, declined])))
    assert "max node group size reached" in finding.evidence[0]


def test_a_node_that_is_said_to_come_is_waited_for_whatever_the_nodes_are() -> None:
    waiting = unplaced(NO_MATCH)
    coming = event(waiting, "TriggeredScaleUp", "pod triggered scale-up: [{pool 0->1 (max: 6)}]", last=1)
    assert seconds_left(rollout(waiting, also=[*NODES, coming])) == 599


@pytest.mark.parametrize("said", [NO_MATCH, NO_ROOM])
def test_without_permission_for_events_a_node_may_be_on_its_way_all_along(said: str) -> None:
    for nodes, left in ((CLOUD, 539), (NODES, None)):
        given = rollout(unplaced(said, age=61), also=nodes)
        blind = dataclasses.replace(given, objects={kind: v for kind, v in given.objects.items() if kind != "Event"})
        if left:
            assert seconds_left(blind) == left
        else:
            assert cause(evaluate(blind)).id == "unschedulable"


@pytest.mark.parametrize("said", [NO_ROOM, MIXED, NO_MATCH.replace("0/3", "0/4"), "something new"])
def test_room_has_a_minute_to_become_free(said: str) -> None:
    given = rollout(unplaced(said, age=20), also=NODES)
    assert undecided(evaluate(given)).id == "unschedulable"
    assert seconds_left(given) == 40


@pytest.mark.parametrize("reason", ["TriggeredScaleUp", "Nominated"])
def test_a_node_that_is_being_added_is_waited_for(reason: str) -> None:
    waiting = unplaced(NO_ROOM, age=300)
    assert cause(evaluate(rollout(waiting))).id == "unschedulable"
    given = rollout(waiting, also=[event(waiting, reason, "pod triggered scale-up: [{pool 3->4 (max: 6)}]", last=200)])
    assert undecided(evaluate(given)).id == "unschedulable"
    assert seconds_left(given) == 400


def test_a_request_that_exceeds_every_node() -> None:
    finding = cause(evaluate(rollout(unplaced(NO_ROOM, cpu="2500m"), also=NODES)))
    assert finding.message.startswith("its pods request more cpu than any node has: 0/3 nodes are available")


def blocked(unavailable_pods: int | str, *previous: dict[str, t.Any]) -> Facts:
    live = unavailable(replicas=3, strategy={"rollingUpdate": {"maxUnavailable": unavailable_pods}})
    return facts(live, replica_set(), replica_set(OLD), *previous, unplaced(CROWDED), *NODES)


def test_a_rollout_that_blocks_itself() -> None:
    old = [pod(name=f"old-{n}", of=OLD, node=f"node-{n}") for n in range(3)]
    assert cause(evaluate(blocked(0, *old))).id == "rollout-deadlock"
    assert undecided(evaluate(blocked(1, *old))).id == "unschedulable"


def test_a_rollout_goes_on_while_a_sibling_still_starts() -> None:
    """With a surge of two the first has a place; when it is ready an old pod makes room for the second."""
    old = [pod(name=f"old-{n}", of=OLD, node=f"node-{n}") for n in range(3)]
    probe = {"readinessProbe": {"httpGet": {"path": "/readyz"}, "periodSeconds": 10, "failureThreshold": 30}}
    starting = pod(running(ready=False, since=3, spec=probe), name="maestro-new-b", node="node-3")
    given = blocked(0, *old, starting)
    assert undecided(evaluate(given)).id == "unschedulable"
    assert evaluate(dataclasses.replace(given, now=given.now + 200)).verdict == ""


def test_a_sibling_that_has_just_become_ready_is_followed_by_room() -> None:
    old = [pod(name=f"old-{n}", of=OLD, node=f"node-{n}") for n in range(3)]
    ready = pod(name="maestro-new-b", node="node-3")
    ready["status"]["conditions"] = [condition("Ready", "True", age=2)]
    live = unavailable(replicas=3, strategy={"rollingUpdate": {"maxUnavailable": 0}}, minReadySeconds=10)
    given = facts(live, replica_set(), replica_set(OLD), *old, ready, unplaced(CROWDED, age=61), *NODES)
    assert undecided(evaluate(given)).id == "unschedulable"
    assert seconds_left(given) == -2 + 10 + 15


def test_room_is_waited_for_as_long_as_old_pods_are_ending() -> None:
    leaving = pod(name="old-0", of=OLD)
    leaving["metadata"]["deletionTimestamp"] = ago(-265)
    live = unavailable(replicas=3)
    given = facts(live, replica_set(), replica_set(OLD), leaving, unplaced(NO_ROOM, age=61), *NODES)
    assert undecided(evaluate(given)).id == "unschedulable"
    assert seconds_left(given) == 280


def test_an_old_pod_that_is_leaving_makes_room() -> None:
    leaving = pod(name="old-0", of=OLD)
    leaving["metadata"]["deletionTimestamp"] = "2027-01-15T08:00:00Z"
    assert undecided(evaluate(blocked(0, leaving))).id == "unschedulable"


def test_a_claim_that_does_not_exist() -> None:
    said = '0/3 nodes are available: persistentvolumeclaim "nopvc" not found. not found'
    assert cause(evaluate(rollout(unplaced(said)))).id == "reference-missing"
    brought = rollout(unplaced(said), also=[item("PersistentVolumeClaim", "nopvc", spec={})])
    assert undecided(evaluate(brought)).id == "reference-missing"


def set_that_waits(claim: str, *also: dict[str, t.Any]) -> Facts:
    """A StatefulSet with the claim template `data` whose first pod cannot be placed because a claim is missed."""
    status = {"observedGeneration": 1, "updateRevision": "b"}
    spec = {"replicas": 1, "volumeClaimTemplates": [{"metadata": {"name": "data"}}]}
    waiting = unplaced(
        f'0/3 nodes are available: persistentvolumeclaim "{claim}" not found. not found', name="maestro-0"
    )
    waiting["metadata"]["ownerReferences"] = [{"uid": "StatefulSet/maestro"}]
    return facts(item("StatefulSet", "maestro", spec=spec, status=status), waiting, *also)


def test_a_claim_that_the_set_makes_for_its_pod_is_waited_for() -> None:
    given = set_that_waits("data-maestro-0")
    assert "PersistentVolumeClaim maestro-system/data-maestro-0 is not there yet" in undecided(evaluate(given)).message
    assert seconds_left(given) == 129


@pytest.mark.parametrize("claim", ["data-other-0", "logs-maestro-0", "data-maestro-x"])
def test_a_claim_that_the_set_does_not_make_is_missing(claim: str) -> None:
    assert (
        f"PersistentVolumeClaim maestro-system/{claim} does not exist" in cause(evaluate(set_that_waits(claim))).message
    )


def test_a_claim_that_has_come_is_only_unknown_to_the_scheduler_yet() -> None:
    given = set_that_waits("by-hand-0", item("PersistentVolumeClaim", "by-hand-0", owner="Somebody/else", spec={}))
    assert undecided(evaluate(given)).id == "reference-missing"


def test_a_claim_that_is_not_bound_is_told_by_the_claim() -> None:
    said = "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found"
    assert evaluate(rollout(unplaced(said))).findings == ()


def with_its_own_claim(said: str, age: float = 1) -> dict[str, t.Any]:
    """A pod with an ephemeral volume of the name `data`."""
    made = unplaced(said, age)
    made["spec"]["volumes"] = OWN_VOLUMES
    return made


CLAIM_TO_COME = (
    "0/3 nodes are available: waiting for ephemeral volume controller to create the persistentvolumeclaim"
    ' "maestro-new-a-data". not found'
)
CHOSEN = {"volume.kubernetes.io/selected-node": "node-1"}


def test_a_claim_that_comes_with_its_pod_is_waited_for_without_a_word() -> None:
    """Nearly every such pod is seen before its claim."""
    assert evaluate(rollout(with_its_own_claim(CLAIM_TO_COME))).findings == ()
    assert seconds_left(rollout(with_its_own_claim(CLAIM_TO_COME))) == 129
    never = evaluate(rollout(with_its_own_claim(CLAIM_TO_COME, age=131)))
    assert "PersistentVolumeClaim maestro-system/maestro-new-a-data is not there yet" in cause(never).message


@pytest.mark.parametrize("said", [CLAIM_TO_COME, NO_ROOM, NO_MATCH])
def test_a_pod_whose_volume_is_being_made_has_its_node(said: str) -> None:
    """Its condition stays what it was until the volume is there: the scheduler has only told the claim."""
    over = told_at_the_end(rollout(with_its_own_claim(said, age=600), own_claim(**CHOSEN)))
    assert (over.id, over.object) == ("claim-unbound", "PersistentVolumeClaim maestro-system/maestro-new-a-data")
    assert "node-1 was chosen for it and its volume is not there" in over.message


def test_a_node_that_was_chosen_for_an_earlier_pod_says_nothing_of_this_one() -> None:
    given = rollout(with_its_own_claim(NO_MATCH), own_claim(age=900, **CHOSEN), also=NODES)
    assert cause(evaluate(given)).id == "unschedulable"


@pytest.mark.parametrize("phase", ["Bound", "Lost"])
def test_a_pod_whose_volume_is_there_is_judged_by_what_its_condition_says(phase: str) -> None:
    found = evaluate(rollout(with_its_own_claim(NO_MATCH), own_claim(phase, **CHOSEN), also=NODES))
    assert "unschedulable" in [finding.id for finding in found.findings]


def test_a_pod_that_a_node_is_nominated_for_is_waited_for() -> None:
    """Less important pods end there first, or its volumes are being bound."""
    promised = unplaced(NO_ROOM, age=600)
    promised["status"]["nominatedNodeName"] = "node-1"
    assert undecided(evaluate(rollout(promised))).id == "unschedulable"
    assert seconds_left(rollout(promised)) is None


def test_a_pod_that_is_placed_is_no_trouble() -> None:
    assert evaluate(rollout(pod(running(ready=False)), also=NODES)).findings == ()
