# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fault as data, and the objects that faults are about."""

from __future__ import annotations

import dataclasses
import typing as t

from tests.integration.faulty.changes import (
    IMAGE,
    Change,
    add,
)
from tests.integration.faulty.staging import View

GATEWAY_API = "gateway.networking.k8s.io/v1"
AT_ONCE = 5.0
"""Seconds from the API's first showing to the verdict, for what waiting cannot mend. The aim is 2 s."""


@dataclasses.dataclass(frozen=True)
class Fault:
    """A broken release and what must be said of it.

    `finding` is the id of the first finding, `kind` the kind of its object, `says` words that its sentence or evidence
    must hold. The verdict comes within so many seconds of the API's first showing what `scene.shown` describes. What
    stands in nobody's way yet is only warned of: then the verdict is `passed`.
    """

    finding: str
    kind: str
    says: tuple[str, ...]
    view: View
    within: float = AT_ONCE
    verdict: str = "failed"


def broken(*changes: Change, **more: t.Any) -> View:
    return View(changes, **more)


def claim(name: str, **spec: t.Any) -> Change:
    wanted = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}, **spec}
    return add({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": wanted})


def job(**more: t.Any) -> Change:
    """A Job that ends at once with the exit code of a missing setting."""
    secure = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    run = {"name": "migrate", "image": IMAGE, "securityContext": secure, "resources": {"limits": {"memory": "64Mi"}}}
    identity = {"runAsNonRoot": True, "runAsUser": 10001, "seccompProfile": {"type": "RuntimeDefault"}}
    spec = {
        "restartPolicy": "Never",
        "securityContext": identity,
        "imagePullSecrets": [{"name": "maestro-registry"}],
        "containers": [run],
    }
    template = {"metadata": {"labels": {"app.kubernetes.io/instance": "maestro", "job": "migrate"}}, "spec": spec}
    job = {"backoffLimit": 0, "template": template, **more}
    return add({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "maestro-migrate"}, "spec": job})


def external_secret() -> Change:
    spec = {"secretStoreRef": {"name": "vault", "kind": "SecretStore"}, "target": {"name": "maestro-outer"}}
    manifest = {"apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "metadata": {"name": "maestro-outer"}}
    return add({**manifest, "spec": {**spec, "dataFrom": [{"extract": {"key": "maestro"}}]}})


def blind_autoscaler() -> Change:
    """It scales by a metric that a container without requests cannot have."""
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "maestro"}
    metric = {"type": "Pods", "pods": {"metric": {"name": "queue"}, "target": {"type": "Value", "averageValue": "1"}}}
    spec = {"scaleTargetRef": target, "minReplicas": 2, "maxReplicas": 3, "metrics": [metric]}
    return add(
        {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "maestro"},
            "spec": spec,
        }
    )


def gateway(port: int) -> Change:
    spec = {"gatewayClassName": "traefik", "listeners": [{"name": "web", "port": port, "protocol": "HTTP"}]}
    manifest = {"apiVersion": GATEWAY_API, "kind": "Gateway", "metadata": {"name": "maestro"}}
    return add({**manifest, "spec": spec})


def route(service: str) -> Change:
    spec = {"parentRefs": [{"name": "maestro"}], "rules": [{"backendRefs": [{"name": service, "port": 80}]}]}
    return add({"apiVersion": GATEWAY_API, "kind": "HTTPRoute", "metadata": {"name": "maestro"}, "spec": spec})
