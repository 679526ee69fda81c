# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is there room for the most pods that can run at once?"""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.checks.capacity import placeable, rooms_for
from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.evaluate import evaluate
from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.pod_resources import use_of
from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.snapshot import PreflightSnapshot, Unknown
from tests.unit.rendering import only

from ..builders import SELECTOR, autoscaler, deployment, findings, ids, live_pod, node, nodes, pod_spec, snapshot, view

ZONE = "topology.kubernetes.io/zone"


def spread(when: str = "DoNotSchedule", **changes: t.Any) -> dict[str, t.Any]:
    return {"topologyKey": ZONE, "maxSkew": 1, "whenUnsatisfiable": when, **changes}


def on_nodes(*items: t.Any, **changes: t.Any) -> PreflightSnapshot:
    return snapshot(nodes=tuple(items), **changes)


def test_a_cluster_with_room_for_all_replicas_and_the_surge_is_fit() -> None:
    assert findings(deployment(), autoscaler(3, 10), snapshot=on_nodes(*nodes())) == []


def test_what_does_not_fit_is_counted_node_by_node() -> None:
    small = [node("node-1", cpu="1"), node("node-2", "zone-2", cpu="2")]
    finding = only(findings(deployment(), autoscaler(3, 10), snapshot=on_nodes(*small)))
    assert (finding.id, finding.severity) == ("capacity-insufficient", "error")
    assert "11 pods (10 replicas and 1 more while rolling out) of cpu 500m, memory 1Gi" in finding.message
    assert "room for 6 on 2 of 2 nodes" in finding.message
    assert finding.evidence[0] == "Node node-1 (zone-1) takes 2: free cpu 1, memory 16Gi"


def test_what_other_pods_ask_for_is_not_free() -> None:
    full = tuple(live_pod(f"node-{index}", cpu="3500m") for index in (1, 2, 3))
    finding = only(findings(deployment(), snapshot=snapshot(pods=full)))
    assert "room for 3" in finding.message


def test_pods_that_wait_for_a_node_take_nothing_from_one() -> None:
    assert findings(deployment(), snapshot=snapshot(pods=(live_pod("", cpu="100"),))) == []


def test_the_releases_own_pods_make_room_for_their_successors() -> None:
    own = tuple(live_pod(f"node-{i}", "maestro-system", dict(SELECTOR), cpu="4") for i in (1, 2, 3))
    assert findings(deployment(), snapshot=snapshot(pods=own)) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"ready": False},
        {"schedulable": False},
        {"taints": ({"key": "k", "effect": "NoSchedule"},)},
        {"allocatable": {}},
    ],
)
def test_a_node_that_takes_no_pods_has_no_room(changes: t.Any) -> None:
    assert "room for 0" in only(findings(deployment(), snapshot=on_nodes(node("node-1", **changes)))).message


def test_where_nodes_are_added_a_shortage_is_a_warning() -> None:
    finding = only(findings(deployment(), snapshot=on_nodes(autoscaled=True)))
    assert finding.severity == "warning"
    assert "added automatically" in finding.message


def test_where_it_cannot_be_read_whether_nodes_are_added_a_shortage_is_a_warning_too() -> None:
    unknown = Unknown("read ConfigMap kube-system/cluster-autoscaler-status", "you may not", True)
    evaluation = evaluate(view(deployment(), snapshot=on_nodes(autoscaled=unknown)))
    assert evaluation.verdict == "passed"
    short, note = evaluation.findings
    assert (short.id, short.severity, note.id) == ("capacity-insufficient", "warning", "fact-unknown")
    assert "Whether nodes are added automatically could not be read." in short.message


def test_how_grave_a_shortage_is_can_be_chosen() -> None:
    assert only(findings(deployment(), snapshot=on_nodes(), capacity_severity="warning")).severity == "warning"
    assert findings(deployment(), snapshot=on_nodes(), capacity_severity="off") == []


def test_a_slot_for_a_pod_is_a_resource_too() -> None:
    crowded = on_nodes(
        node("node-1", cpu="100", memory="1Ti"), pods=tuple(live_pod("node-1", cpu="0") for _ in range(108))
    )
    assert "room for 2" in only(findings(deployment(), snapshot=crowded)).message


def test_a_required_anti_affinity_lets_one_pod_on_a_node() -> None:
    term = {"topologyKey": "kubernetes.io/hostname"}
    affinity = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    assert "room for 3" in only(findings(deployment(pod_spec(affinity=affinity)))).message


def test_a_required_spread_is_held_back_by_the_fullest_zone() -> None:
    spec = pod_spec(topologySpreadConstraints=[spread()])
    uneven = on_nodes(node("node-1", cpu="1"), node("node-2", "zone-2", cpu="40", memory="100Gi"))
    assert "room for 5" in only(findings(deployment(spec, replicas=5), snapshot=uneven)).message
    soft = pod_spec(topologySpreadConstraints=[spread("ScheduleAnyway")])
    assert findings(deployment(soft, replicas=5), snapshot=uneven) == []


@settings(deadline=None)
@given(st.lists(st.integers(min_value=0, max_value=20), min_size=1, max_size=6), st.integers(min_value=1, max_value=3))
def test_a_spread_never_places_more_than_there_is_room(cpus: list[int], skew: int) -> None:
    spec = pod_spec(topologySpreadConstraints=[spread(maxSkew=skew)])
    (workload,) = view(deployment(spec)).needs.workloads
    items = [node(f"n{index}", f"z{index % 3}", cpu=str(cpu), memory="1Ti") for index, cpu in enumerate(cpus)]
    rooms = rooms_for(workload, use_of(spec), items, [])
    zones: dict[str, int] = {}
    for room in rooms:
        zones[room.node.zone] = zones.get(room.node.zone, 0) + room.pods
    assert min(zones.values()) * len(zones) <= placeable(workload, rooms) <= sum(room.pods for room in rooms)


def test_a_spread_over_zones_wants_two_of_them() -> None:
    spec = pod_spec(topologySpreadConstraints=[spread("ScheduleAnyway")])
    one_zone = on_nodes(*(node(f"node-{index}") for index in (1, 2, 3)))
    finding = only(findings(deployment(spec), snapshot=one_zone))
    assert (finding.id, finding.severity) == ("zones-too-few", "warning")
    assert "zone-1" in finding.message
    assert findings(deployment(spec)) == []


def test_a_spread_may_want_more_zones() -> None:
    spec = pod_spec(topologySpreadConstraints=[spread(minDomains=4)])
    assert "zones-too-few" in ids(findings(deployment(spec)))


def test_nodes_that_may_not_be_listed_are_a_note() -> None:
    finding = only(findings(deployment(), snapshot=snapshot(nodes=Unknown("list nodes", "you may not", True))))
    assert (finding.id, finding.severity) == ("fact-unknown", "note")
