# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""From when on does the API show how a rollout ends? Plain facts of status, judged by nobody."""

from __future__ import annotations

import typing as t

from measuring import Mirror

Manifest = dict[str, t.Any]


def complete(mirror: Mirror) -> bool:
    """What `kubectl rollout status` calls success, and the pods behind the Service ready."""
    return any(_is_complete(item) for item in mirror.objects("Deployment")) and _endpoints(mirror) >= _wanted(mirror)


def waiting(reason: str) -> t.Callable[[Mirror], bool]:
    """A container waits for that reason."""
    return lambda mirror: any(
        (status.get("state") or {}).get("waiting", {}).get("reason") == reason for status in _containers(mirror)
    )


def restarted(mirror: Mirror) -> bool:
    """A container has ended for the second time: once may be chance."""
    return any(
        status.get("restartCount", 0) + ("terminated" in (status.get("state") or {})) >= 2
        for status in _containers(mirror)
    )


def refused_pods(mirror: Mirror) -> bool:
    """The ReplicaSet was refused its pods."""
    return any(_condition(item, "ReplicaFailure") == "True" for item in mirror.objects("ReplicaSet"))


def unschedulable(mirror: Mirror) -> bool:
    return any(_condition(item, "PodScheduled") == "False" for item in mirror.objects("Pod"))


def started_unready(mirror: Mirror) -> bool:
    """A container has passed its startup probe and is not ready."""
    return any(status.get("started") and not status.get("ready") for status in _containers(mirror))


def _is_complete(deployment: Manifest) -> bool:
    status, wanted = deployment.get("status") or {}, deployment["spec"].get("replicas", 1)
    counts = [status.get(name, 0) for name in ("replicas", "updatedReplicas", "availableReplicas")]
    return bool(status.get("observedGeneration") == deployment["metadata"]["generation"] and counts == [wanted] * 3)


def _wanted(mirror: Mirror) -> int:
    return sum(item["spec"].get("replicas", 1) for item in mirror.objects("Deployment"))


def _endpoints(mirror: Mirror) -> int:
    slices = [item for item in mirror.objects("EndpointSlice") if item["metadata"]["name"].startswith("maestro-")]
    ready = [
        (endpoint.get("targetRef") or {}).get("name")
        for item in slices
        for endpoint in item.get("endpoints") or ()
        if (endpoint.get("conditions") or {}).get("ready")
    ]
    return len(set(ready))


def _containers(mirror: Mirror) -> list[Manifest]:
    return [
        status for pod in mirror.objects("Pod") for status in (pod.get("status") or {}).get("containerStatuses") or ()
    ]


def _condition(item: Manifest, kind: str) -> str:
    conditions = (item.get("status") or {}).get("conditions") or ()
    return next((str(entry["status"]) for entry in conditions if entry["type"] == kind), "")
