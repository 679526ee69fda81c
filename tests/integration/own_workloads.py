# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small workloads of a user's own, as manifests: what a test says is what is unusual in one."""

from __future__ import annotations

import typing as t

from tests.integration.releasing import LABELS, Manifest, manifest

BUSYBOX = "docker.io/library/busybox:1.35"
NO_SUCH_IMAGE = "registry.maestro-lab.internal/no/such:1"
FOREVER = "sleep 3600"
PROBED: Manifest = {"readinessProbe": {"exec": {"command": ["cat", "/tmp/ready"]}, "periodSeconds": 1}}
"""With the API's threshold of three bad answers."""


def runs(script: str = FOREVER, image: str = BUSYBOX, **container: t.Any) -> Manifest:
    """The spec of a pod with one container that runs a script."""
    run = {"name": "main", "image": image, "command": ["sh", "-c", script], **container}
    return {"terminationGracePeriodSeconds": 1, "containers": [run]}


def ready_after(seconds: float, **probe: t.Any) -> Manifest:
    """The same, for one whose probe is answered well only after so many seconds."""
    readiness = {"readinessProbe": {**PROBED["readinessProbe"], **probe}}
    return runs(f"sleep {seconds}; touch /tmp/ready; {FOREVER}", **readiness)


def template(app: str, spec: Manifest, **annotations: str) -> Manifest:
    labels = {"app": app, "app.kubernetes.io/instance": LABELS["app.kubernetes.io/instance"]}
    return {"metadata": {"labels": labels, "annotations": annotations}, "spec": spec}


def workload(kind: str, namespace: str, name: str, spec: Manifest, version: str = "1", **more: t.Any) -> Manifest:
    """A Deployment, StatefulSet, DaemonSet or ReplicaSet whose pods have this spec; a new version rolls them."""
    pods = template(name, spec, version=version)
    return manifest(
        "apps/v1", kind, name, namespace, spec={"selector": {"matchLabels": {"app": name}}, "template": pods, **more}
    )


def stateful_set(namespace: str, spec: Manifest, version: str = "1", **more: t.Any) -> list[Manifest]:
    """A StatefulSet of two pods with its Service."""
    ports = [{"name": "p", "port": 80}]
    service = manifest(
        "v1", "Service", "db", namespace, spec={"clusterIP": "None", "selector": {"app": "db"}, "ports": ports}
    )
    fields = {"replicas": 2, "serviceName": "db", **more}
    return [service, workload("StatefulSet", namespace, "db", spec, version, **fields)]


def pod(namespace: str, name: str, spec: Manifest, **more: t.Any) -> Manifest:
    return manifest("v1", "Pod", name, namespace, spec={**spec, **more})


def job(namespace: str, name: str, spec: Manifest, **more: t.Any) -> Manifest:
    pods = template(name, {"restartPolicy": "Never", **spec})
    return manifest("batch/v1", "Job", name, namespace, spec={"backoffLimit": 0, "template": pods, **more})


def budget(namespace: str, app: str, **spec: t.Any) -> Manifest:
    fields = {"selector": {"matchLabels": {"app": app}}, **spec}
    return manifest("policy/v1", "PodDisruptionBudget", app, namespace, spec=fields)
