# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release and a cluster that fit each other; a test changes one thing and looks at what is found."""

from __future__ import annotations

import copy
import dataclasses
import typing as t

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.api_resources import KINDS, Kind
from ansible_collections.intelgraph.maestro.plugins.module_utils._findings.finding import Finding
from ansible_collections.intelgraph.maestro.plugins.module_utils._objects.manifest import Key, Manifest
from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.evaluate import evaluate
from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.pod_resources import Use
from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.queries import live_keys
from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.requirements import Needs, needs_of
from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.resource_math import amounts
from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.snapshot import (
    Namespace,
    Node,
    Pod,
    PreflightSnapshot,
    StorageClass,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.view import PreflightOptions, PreflightView

UID = "11111111-2222-3333-4444-555555555555"
NAMESPACE = "maestro-system"
SELECTOR = {"app.kubernetes.io/instance": "maestro"}
IMAGE = f"registry.example.com/maestro:2.0.0@sha256:{'0' * 64}"


def obj(api_version: str, kind: str, name: str = "maestro", namespace: str = NAMESPACE, **fields: t.Any) -> Manifest:
    """Any object; an empty `namespace` makes it cluster-scoped."""
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}


def container(**changes: t.Any) -> Manifest:
    resources = {"requests": {"cpu": "500m", "memory": "1Gi"}, "limits": {"cpu": "2", "memory": "4Gi"}}
    return {"name": "maestro", "image": IMAGE, "resources": resources, **changes}


def pod_spec(**changes: t.Any) -> Manifest:
    return {"containers": [container()], **changes}


def deployment(spec: t.Any = None, **changes: t.Any) -> Manifest:
    """Three replicas with one more while rolling out; `changes` are fields of the Deployment's spec."""
    fields: Manifest = {
        "replicas": 3,
        "selector": {"matchLabels": dict(SELECTOR)},
        "strategy": {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
        "template": {"metadata": {"labels": dict(SELECTOR)}, "spec": spec or pod_spec()},
    }
    return obj("apps/v1", "Deployment", spec={**fields, **changes})


def autoscaler(minimum: int = 3, maximum: int = 10) -> Manifest:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "maestro"}
    spec = {"scaleTargetRef": target, "minReplicas": minimum, "maxReplicas": maximum}
    return obj("autoscaling/v2", "HorizontalPodAutoscaler", spec=spec)


def node(name: str, zone: str = "zone-1", cpu: str = "4", memory: str = "16Gi", **changes: t.Any) -> Node:
    whole = Node(
        name=name,
        labels={"topology.kubernetes.io/zone": zone, "kubernetes.io/hostname": name, "kubernetes.io/os": "linux"},
        taints=(),
        allocatable=amounts({"cpu": cpu, "memory": memory, "ephemeral-storage": "100Gi", "pods": "110"}),
        ready=True,
        schedulable=True,
        kubelet="v1.37.2",
    )
    return dataclasses.replace(whole, **changes)


def nodes() -> tuple[Node, ...]:
    return tuple(node(f"node-{index}", f"zone-{index}") for index in (1, 2, 3))


def live_pod(on: str = "", namespace: str = "other", labels: t.Any = None, cpu: str = "1", memory: str = "1Gi") -> Pod:
    requests = amounts({"cpu": cpu, "memory": memory})
    return Pod(namespace, on, labels or {}, Use(requests, requests))


def served() -> dict[str, dict[str, Kind]]:
    """Every kind of the collection's table, by group version."""
    table: dict[str, dict[str, Kind]] = {}
    for (api_version, kind), place in KINDS.items():
        table.setdefault(api_version, {})[kind] = place
    return table


def snapshot(**changes: t.Any) -> PreflightSnapshot:
    fit = PreflightSnapshot(
        host="https://api.example.com",
        uid=UID,
        version="v1.37.2",
        served=served(),
        nodes=nodes(),
        namespace=Namespace({}),
    )
    return dataclasses.replace(fit, **changes)


def filled(key: Key, needs: Needs) -> Manifest:
    """A live object with every key that anybody reads."""
    keys = {name for reference in needs.references if reference.target == key for name in reference.keys}
    return obj(key.api_version, key.kind, key.name, key.namespace, data=dict.fromkeys(keys, True))


def fitting(needs: Needs, **changes: t.Any) -> PreflightSnapshot:
    """A cluster on which a release with production's defaults fits, with everything that it names."""
    named = {reference.target for reference in needs.references}
    whole: dict[str, t.Any] = {
        "nodes": tuple(node(f"node-{n}", f"zone-{n}", cpu="8", memory="64Gi") for n in (1, 2, 3)),
        "ingress_classes": {"nginx": "nginx.org/ingress-controller"},
        "namespaces": frozenset({"ingress-nginx", "kube-system", "monitoring", "security", "traefik"}),
        "storage_classes": {"standard": StorageClass("efs.csi.aws.com", default=True)},
        "live": {key: filled(key, needs) if key in named else None for key in live_keys(needs)},
    }
    return snapshot(**{**whole, **changes})


def view(*manifests: Manifest, snapshot: PreflightSnapshot = snapshot(), **options: t.Any) -> PreflightView:  # noqa: B008
    """The judgement's input for these manifests, contributed by a component `workload`."""
    expected = PreflightOptions(**{"cluster_uid": UID, **options})
    return PreflightView(needs_of({"workload": copy.deepcopy(manifests)}, "maestro", NAMESPACE), snapshot, expected)


def findings(*manifests: Manifest, snapshot: PreflightSnapshot = snapshot(), **options: t.Any) -> list[Finding]:  # noqa: B008
    """All that the whole judgement says."""
    return list(evaluate(view(*manifests, snapshot=snapshot, **options)).findings)


def ids(found: t.Iterable[Finding]) -> list[str]:
    return [finding.id for finding in found]


def key(kind: str, name: str, namespace: str = NAMESPACE, api_version: str = "v1") -> Key:
    return Key(api_version, kind, namespace, name)
