# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two small releases that have one object for each way in which a release writes; their workload has no pods."""

from __future__ import annotations

import typing as t

Manifest = dict[str, t.Any]
NAME = "maestro"
LABELS = {"app.kubernetes.io/instance": NAME, "app.kubernetes.io/managed-by": "intelgraph.maestro"}
PODS = {"app.kubernetes.io/name": "maestro", "app.kubernetes.io/instance": NAME}
FIRST, SECOND = 1, 2


def components(namespace: str, version: int) -> dict[str, list[Manifest]]:
    """Objects that stay, change, come and go between the first and the second release."""
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
            _deployment(namespace),
            _autoscaler(namespace),
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


def _deployment(namespace: str) -> Manifest:
    sources = [{"configMapRef": {"name": "settings"}}, {"secretRef": {"name": "values"}}]
    container = {"name": "maestro", "image": "registry.test/maestro:1", "envFrom": sources}
    template = {"metadata": {"labels": PODS}, "spec": {"serviceAccountName": NAME, "containers": [container]}}
    spec = {"replicas": 0, "selector": {"matchLabels": PODS}, "template": template}
    return _object("apps/v1", "Deployment", NAME, namespace, spec=spec)


def _autoscaler(namespace: str) -> Manifest:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": NAME}
    spec = {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 2}
    return _object("autoscaling/v2", "HorizontalPodAutoscaler", NAME, namespace, spec=spec)
