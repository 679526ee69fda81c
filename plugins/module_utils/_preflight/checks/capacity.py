# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Do the nodes have room for the most pods that can run at once, with what else runs on them?"""

from __future__ import annotations

import dataclasses
import typing as t

from ..._findings import registry
from ..._findings.finding import Finding
from ..pod_resources import ZONE, Use, alone_on_node, required_topologies, takes, use_of
from ..requirements import RequiredWorkload
from ..resource_math import ZERO, Amounts, list_shown, minus, plus
from ..snapshot import Node, Pod, Unknown, known
from ..view import OFF, PreflightView

WANTED_ZONES = 2
"""Zones that a spread over zones is worth something from."""
SHOWN_NODES = 10


@dataclasses.dataclass(frozen=True)
class Room:
    """How many pods of a workload a node could take, and what it has free for them."""

    node: Node
    pods: int
    free: Amounts

    def __str__(self) -> str:
        return f"Node {self.node.name} ({self.node.zone or 'no zone'}) takes {self.pods}: free {list_shown(self.free)}"


def check_capacity(view: PreflightView) -> t.Iterator[Finding]:
    """Judges each workload by itself. Where something adds nodes, or may do so, a shortage is a warning."""
    snapshot, severity = view.snapshot, view.options.capacity_severity
    if severity == OFF or isinstance(snapshot.nodes, Unknown) or isinstance(snapshot.pods, Unknown):
        return
    for workload in view.needs.workloads:
        use = use_of(workload.spec, limit_range_specs(view))
        rooms = rooms_for(workload, use, snapshot.nodes, snapshot.pods)
        total = placeable(workload, rooms)
        if total < workload.most:
            yield registry.CAPACITY_INSUFFICIENT.found(
                workload.key,
                f"{workload.most} pods ({workload.maximum} replicas and {workload.surge} more while rolling out) of "
                f"{list_shown(use.requests)} do not fit: there is room for {total} on {len(rooms)} of "
                f"{len(snapshot.nodes)} nodes.{_outlook(snapshot.autoscaled)}",
                [str(room) for room in rooms[:SHOWN_NODES]],
                severity="warning" if snapshot.autoscaled else severity,
            )


def _outlook(autoscaled: bool | Unknown) -> str:
    if isinstance(autoscaled, Unknown):
        return " Whether nodes are added automatically could not be read."
    return " New nodes may be added automatically." if autoscaled else ""


def check_zones(view: PreflightView) -> t.Iterator[Finding]:
    """A spread over zones needs zones to spread over."""
    if isinstance(view.snapshot.nodes, Unknown):
        return
    for workload in view.needs.workloads:
        for constraint in workload.spec.get("topologySpreadConstraints") or ():
            required = constraint.get("minDomains", WANTED_ZONES)
            zones = {node.zone for node in _usable(workload, view.snapshot.nodes) if node.zone}
            if constraint["topologyKey"] == ZONE and workload.minimum > 1 and len(zones) < required:
                yield registry.ZONES_TOO_FEW.found(
                    workload.key,
                    f"Its pods shall spread over zones, but the nodes that take them lie in "
                    f"{len(zones)} ({', '.join(sorted(zones)) or 'none has the label ' + ZONE}); {required} wanted.",
                )


def rooms_for(workload: RequiredWorkload, use: Use, nodes: t.Iterable[Node], pods: t.Iterable[Pod]) -> list[Room]:
    """The room on each usable node, with the workload's present pods counted as gone."""
    others: dict[str, list[Pod]] = {}
    for pod in pods:
        if not is_of(pod, workload):
            others.setdefault(pod.node, []).append(pod)
    rooms = []
    for node in _usable(workload, nodes):
        taken = plus(*(pod.use.requests for pod in others.get(node.name, ())))
        free = minus({name: node.allocatable.get(name, ZERO) for name in use.requests}, taken)
        slots = int(node.allocatable.get("pods", ZERO)) - len(others.get(node.name, ()))
        fitting = [int(free[name] // value) for name, value in use.requests.items() if value > 0]
        most = 1 if alone_on_node(workload.spec) else slots
        rooms.append(Room(node, max(0, min([slots, most, *fitting])), free))
    return rooms


def placeable(workload: RequiredWorkload, rooms: t.Sequence[Room]) -> int:
    """How many pods fit in all, where a required spread lets no zone have more than its skew above the emptiest."""
    skew = required_topologies(workload.spec).get(ZONE)
    by_zone: dict[str, int] = {}
    for room in rooms:
        by_zone[room.node.zone] = by_zone.get(room.node.zone, 0) + room.pods
    if skew is None or not by_zone:
        return sum(by_zone.values())
    ceiling = min(by_zone.values()) + skew
    return sum(min(count, ceiling) for count in by_zone.values())


def is_of(pod: Pod, workload: RequiredWorkload) -> bool:
    """Whether a live pod belongs to the workload."""
    labels = workload.selector.items()
    return pod.namespace == workload.key.namespace and bool(labels) and labels <= pod.labels.items()


def pods_of_others(view: PreflightView) -> list[Pod] | None:
    """The pods of the namespace that are not the release's; None when they cannot be listed."""
    if isinstance(view.snapshot.own_pods, Unknown):
        return None
    return [pod for pod in view.snapshot.own_pods if not any(is_of(pod, workload) for workload in view.needs.workloads)]


def _usable(workload: RequiredWorkload, nodes: t.Iterable[Node]) -> list[Node]:
    return [
        node for node in nodes if node.ready and node.schedulable and takes(node.labels, node.taints, workload.spec)
    ]


def limit_range_specs(view: PreflightView) -> list[t.Mapping[str, t.Any]]:
    """The LimitRanges that there will be: the release's own, and the live ones that it leaves."""
    rendered = {item["metadata"]["name"]: item["spec"] for item in view.needs.of_kind("LimitRange")}
    live = {item["metadata"]["name"]: item["spec"] for item in known(view.snapshot.limit_ranges, ())}
    return list({**live, **rendered}.values())


CHECKS = (check_capacity, check_zones)
