# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two small releases that have one object for each way in which a release writes.

Their workload has no pods, or as many as are asked for, of a container that does nothing.
"""

from __future__ import annotations

import typing as t

Manifest = dict[str, t.Any]
NAME = "maestro"
LABELS = {"app.kubernetes.io/instance": NAME, "app.kubernetes.io/managed-by": "intelgraph.maestro"}
PODS = {"app.kubernetes.io/name": "maestro", "app.kubernetes.io/instance": NAME}
FIRST, SECOND = 1, 2
IMAGE = "registry.k8s.io/pause:3.10"
ON_EVERY_NODE = {
    "maxSkew": 1,
    "topologyKey": "kubernetes.io/hostname",
    "whenUnsatisfiable": "DoNotSchedule",
    "labelSelector": {"matchLabels": PODS},
    "matchLabelKeys": ["pod-template-hash"],
}
PACE = {"minReadySeconds": 3, "strategy": {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}}
"""A rollout takes some seconds, so that there is time for something to happen."""


def components(namespace: str, version: int, pods: int = 0) -> dict[str, list[Manifest]]:
    """Objects that stay, change, come and go between the first and the second release.

    One with pods has no autoscaler, and counts a pod as available only after some seconds.
    """
    only = {FIRST: "first-only", SECOND: "second-only"}[version]
    return {
        "all": [
            _object("v1", "Namespace", namespace),
            _object("v1", "ServiceAccount", NAME, namespace, automountServiceAccountToken=False),
            _object(
                "rbac.authorization.k8s.io/v1",
                "Role",
                NAME,
                namespace,
                rules=[{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"][:version]}],
            ),
            _object(
                "networking.k8s.io/v1",
                "NetworkPolicy",
                NAME,
                namespace,
                spec={"podSelector": {"matchLabels": PODS}, "policyTypes": ["Ingress", "Egress"][:version]},
            ),
            _object("v1", "ConfigMap", "settings", namespace, immutable=True, data={"version": str(version)}),
            _object(
                "v1",
                "Secret",
                "values",
                namespace,
                immutable=True,
                type="Opaque",
                stringData={"TOKEN": "(secret)"},
            ),
            _object("v1", "Service", NAME, namespace, spec={"selector": PODS, "ports": [{"name": "http", "port": 80}]}),
            _object("v1", "Service", only, namespace, spec={"selector": PODS, "ports": [{"name": "http", "port": 80}]}),
            *([_deployment(namespace, pods)] if pods else [_deployment(namespace), _autoscaler(namespace)]),
        ]
    }


def secret_values(version: int) -> dict[str, str]:
    return {"values/TOKEN": f"token of release {version}"}


def _object(api_version: str, kind: str, name: str, namespace: str = "", **fields: t.Any) -> Manifest:
    place = {"namespace": namespace} if namespace else {}
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": name, **place, "labels": LABELS},
        **fields,
    }


def _deployment(namespace: str, pods: int = 0) -> Manifest:
    sources = [{"configMapRef": {"name": "settings"}}, {"secretRef": {"name": "values"}}]
    container = {"name": "maestro", "image": IMAGE, "envFrom": sources}
    inside = {"serviceAccountName": NAME, "terminationGracePeriodSeconds": 1, "containers": [container]}
    if pods > 1:
        inside["topologySpreadConstraints"] = [ON_EVERY_NODE]
    template = {"metadata": {"labels": PODS}, "spec": inside}
    spec = {"replicas": pods, "selector": {"matchLabels": PODS}, "template": template, **(PACE if pods else {})}
    return _object("apps/v1", "Deployment", NAME, namespace, spec=spec)


def _autoscaler(namespace: str) -> Manifest:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": NAME}
    spec = {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 2}
    return _object("autoscaling/v2", "HorizontalPodAutoscaler", NAME, namespace, spec=spec)
