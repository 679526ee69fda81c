# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The facts of a cluster as plain values, for a module's result."""

from __future__ import annotations

import typing as t

from .resource_math import displayed
from .snapshot import Node, PreflightSnapshot, Unknown


class NodeSummary(t.TypedDict):
    """One node; `allocatable` are its amounts as Kubernetes writes them."""

    name: str
    zone: str
    ready: bool
    schedulable: bool
    kubelet: str
    allocatable: dict[str, str]


class ControllerSummary(t.TypedDict):
    """A controller known by its image: where it runs, and how many of its pods are ready."""

    software: str
    where: str
    version: str
    ready: int
    required: int


class ClusterSummary(t.TypedDict):
    """A cluster as plain values, as the module returns it; None stands for a fact that could not be had."""

    host: str
    cluster_uid: str | None
    version: str | None
    nodes: list[NodeSummary] | None
    zones: list[str] | None
    autoscaled: bool | None
    storage_classes: dict[str, str] | None
    ingress_classes: dict[str, str] | None
    gateway_classes: dict[str, str] | None
    controllers: list[ControllerSummary] | None
    namespace_exists: bool | None
    not_served: list[str]


SHOWN_RESOURCES = ("cpu", "memory", "pods")


def summary(snapshot: PreflightSnapshot) -> ClusterSummary:
    """What a play can use: a fact that could not be had is None, whatever kind of value it has otherwise."""
    return {
        "host": snapshot.host,
        "cluster_uid": _plain(snapshot.uid),
        "version": _plain(snapshot.version),
        "nodes": _plain(snapshot.nodes, lambda nodes: [_node(node) for node in nodes]),
        "zones": _plain(snapshot.nodes, lambda nodes: sorted({node.zone for node in nodes if node.zone})),
        "autoscaled": _plain(snapshot.autoscaled),
        "storage_classes": _plain(
            snapshot.storage_classes, lambda classes: {name: item.provisioner for name, item in sorted(classes.items())}
        ),
        "ingress_classes": _plain(snapshot.ingress_classes, dict),
        "gateway_classes": _plain(snapshot.gateway_classes, dict),
        "controllers": _plain(snapshot.controllers, lambda found: [each._asdict() for each in found]),
        "namespace_exists": _plain(snapshot.namespace, lambda namespace: namespace is not None),
        "not_served": sorted(version for version, kinds in snapshot.served.items() if kinds is None),
    }


def _plain(fact: t.Any, make: t.Callable[[t.Any], t.Any] = lambda value: value) -> t.Any:
    return None if isinstance(fact, Unknown) else make(fact)


def _node(node: Node) -> NodeSummary:
    allocatable = {
        name: displayed(name, node.allocatable[name]) for name in SHOWN_RESOURCES if name in node.allocatable
    }
    return {
        "name": node.name,
        "zone": node.zone,
        "ready": node.ready,
        "schedulable": node.schedulable,
        "kubelet": node.kubelet,
        "allocatable": allocatable,
    }
