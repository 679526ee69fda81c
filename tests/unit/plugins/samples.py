# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small manifests for tests: each function makes one object, keyword arguments are what the test is about."""

from __future__ import annotations

import base64
import typing as t

Manifest = dict[str, t.Any]
NAMESPACE = "maestro-system"
LABELS = {"app.kubernetes.io/instance": "maestro", "app.kubernetes.io/managed-by": "intelgraph.maestro"}


def manifest(api_version: str, kind: str, name: str, namespace: str = NAMESPACE, **fields: t.Any) -> Manifest:
    """Any object with the labels of the release; an empty namespace makes it cluster-scoped."""
    scope = {"namespace": namespace} if namespace else {}
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": name, **scope, "labels": dict(LABELS)},
        **fields,
    }


def namespace(name: str = NAMESPACE) -> Manifest:
    return manifest("v1", "Namespace", name, namespace="")


def config_map(name: str = "maestro-config", immutable: bool = True, **data: str) -> Manifest:
    fields: Manifest = {"immutable": True} if immutable else {}
    return manifest("v1", "ConfigMap", name, data=data or {"config.yaml": "premium: {}"}, **fields)


def secret(name: str = "maestro-secrets", immutable: bool = True, **values: str) -> Manifest:
    """A Secret with plain values, as a template writes it."""
    fields: Manifest = {"immutable": True} if immutable else {}
    return manifest("v1", "Secret", name, type="Opaque", stringData=values or {"REDIS_URL": "rediss://r"}, **fields)


def base64_of(value: str) -> str:
    return base64.b64encode(value.encode()).decode()


def service(name: str = "maestro", **spec: t.Any) -> Manifest:
    return manifest("v1", "Service", name, spec={"ports": [{"name": "http", "port": 8080}], **spec})


def deployment(name: str = "maestro", replicas: int | None = 3, **pod: t.Any) -> Manifest:
    """A Deployment; `pod` are fields of its pod spec."""
    container = {"name": "maestro", "image": "ghcr.io/intelgraph/maestro:2.0.0"}
    spec: Manifest = {"template": {"metadata": {"labels": dict(LABELS)}, "spec": {"containers": [container], **pod}}}
    if replicas is not None:
        spec["replicas"] = replicas
    return manifest("apps/v1", "Deployment", name, spec=spec)


def autoscaler(target: str = "maestro", kind: str = "Deployment") -> Manifest:
    reference = {"apiVersion": "apps/v1", "kind": kind, "name": target}
    spec = {"scaleTargetRef": reference, "minReplicas": 3, "maxReplicas": 10}
    return manifest("autoscaling/v2", "HorizontalPodAutoscaler", target, spec=spec)


def claim(name: str = "maestro-data") -> Manifest:
    return manifest("v1", "PersistentVolumeClaim", name, spec={"accessModes": ["ReadWriteMany"]})
