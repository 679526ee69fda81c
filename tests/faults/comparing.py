# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a release left in a namespace, in a form in which two runs can be compared."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.objects.ownership import (
    INITIAL_MANAGER,
    MANAGER,
    comparable,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.record.history import RECORD_LABEL, History

Manifest = dict[str, t.Any]
KINDS = (
    ("v1", "ConfigMap"),
    ("v1", "Secret"),
    ("v1", "Service"),
    ("v1", "ServiceAccount"),
    ("apps/v1", "Deployment"),
    ("autoscaling/v2", "HorizontalPodAutoscaler"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
    ("rbac.authorization.k8s.io/v1", "Role"),
)
OURS = "app.kubernetes.io/managed-by=intelgraph.maestro"
ALLOCATED = ("clusterIP", "clusterIPs")
REVISION = "deployment.kubernetes.io/revision"


def live(cluster: Cluster, namespace: str) -> dict[tuple[str, str], Manifest]:
    """Every object of the release, and its namespace, by kind and name."""
    lists = cluster.parallel(
        lambda kind: (kind, cluster.list_objects(*kind, namespace, labelSelector=OURS)["items"]), KINDS
    )
    place = cluster.find("v1", "Namespace", "", namespace)
    found = {
        (kind, item["metadata"]["name"]): {"apiVersion": version, "kind": kind, **item}
        for (version, kind), items in lists
        for item in items
    }
    return {**found, **({("Namespace", namespace): place} if place else {})}


def objects(cluster: Cluster, namespace: str) -> dict[str, str]:
    """What is live, with who owns which field and without what differs by chance; the namespace has no name."""
    return {
        f"{kind} {name}".replace(namespace, "NAMESPACE"): _normal(item).replace(namespace, "NAMESPACE")
        for (kind, name), item in live(cluster, namespace).items()
    }


def _normal(item: Manifest) -> str:
    displayed = comparable(item)
    for field in ALLOCATED:
        (displayed.get("spec") or {}).pop(field, None)
    (displayed["metadata"].get("annotations") or {}).pop(REVISION, None)
    if not displayed["metadata"].get("annotations"):
        displayed["metadata"].pop("annotations", None)
    owners = {
        entry["manager"]: entry["fieldsV1"]
        for entry in item["metadata"].get("managedFields") or ()
        if entry["manager"] in (MANAGER, INITIAL_MANAGER) and entry["operation"] == "Apply"
    }
    return json.dumps([displayed, owners], sort_keys=True)


def differences(expected: t.Mapping[str, str], found: t.Mapping[str, str]) -> list[str]:
    """Which objects differ, and how."""
    missing = [f"{name} is missing" for name in expected if name not in found]
    orphaned = [f"{name} is orphaned" for name in found if name not in expected]
    changed = [
        f"{name} is not as it would be:\n    {text}\n    {found[name]}"
        for name, text in expected.items()
        if name in found and found[name] != text
    ]
    return [*missing, *orphaned, *changed]


def history_problems(
    cluster: Cluster, namespace: str, name: str = "maestro", ends: t.Collection[str] = ("passed", "interrupted")
) -> list[str]:
    """What is wrong with the history: a gap in the numbers, a release that ended otherwise than in `ends`, the last one
    not passed.
    """
    records = History(cluster, namespace, name).read().records
    numbers = [record.number for record in records]
    problems = [] if numbers == list(range(1, len(numbers) + 1)) else [f"numbers {numbers}"]
    problems += [f"release {record.number} is {record.state}" for record in records if record.state not in ends]
    if not records or records[-1].state != "passed":
        problems.append(f"the last release did not pass: {[(record.number, record.state) for record in records]}")
    return problems


def empty(cluster: Cluster, namespace: str) -> None:
    """Take away what a release left in the namespace, but not the namespace itself."""
    everything = [(kind, OURS) for kind in KINDS]
    everything += [(("v1", "Secret"), RECORD_LABEL), (("coordination.k8s.io/v1", "Lease"), "")]
    options = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}

    def delete(one: tuple[tuple[str, str], str]) -> None:
        (version, kind), selector = one
        for item in cluster.list_objects(version, kind, namespace, labelSelector=selector)["items"]:
            cluster.delete(cluster.path(version, kind, namespace, item["metadata"]["name"]), options)

    cluster.parallel(delete, everything)
