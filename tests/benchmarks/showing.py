# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""From when on does the API show how a rollout ends? Plain facts of status, judged by nobody."""

from __future__ import annotations

import typing as t

from measuring import Informer

Manifest = dict[str, t.Any]


def complete(informer: Informer) -> bool:
    """What `kubectl rollout status` calls success, and the pods behind the Service ready."""
    return any(_is_complete(item) for item in informer.objects("Deployment")) and _endpoints(informer) >= _wanted(
        informer
    )


def waiting(reason: str) -> t.Callable[[Informer], bool]:
    """A container waits for that reason."""
    return lambda informer: any(
        (status.get("state") or {}).get("waiting", {}).get("reason") == reason for status in _containers(informer)
    )


def restarted(informer: Informer) -> bool:
    """A container has ended for the second time: once may be chance."""
    return any(
        status.get("restartCount", 0) + ("terminated" in (status.get("state") or {})) >= 2
        for status in _containers(informer)
    )


def refused_pods(informer: Informer) -> bool:
    """The ReplicaSet was refused its pods."""
    return any(_condition(item, "ReplicaFailure") == "True" for item in informer.objects("ReplicaSet"))


def unschedulable(informer: Informer) -> bool:
    return any(_condition(item, "PodScheduled") == "False" for item in informer.objects("Pod"))


def started_unready(informer: Informer) -> bool:
    """A container has passed its startup probe and is not ready."""
    return any(status.get("started") and not status.get("ready") for status in _containers(informer))


def _is_complete(deployment: Manifest) -> bool:
    status, wanted = deployment.get("status") or {}, deployment["spec"].get("replicas", 1)
    counts = [status.get(name, 0) for name in ("replicas", "updatedReplicas", "availableReplicas")]
    return bool(status.get("observedGeneration") == deployment["metadata"]["generation"] and counts == [wanted] * 3)


def _wanted(informer: Informer) -> int:
    return sum(item["spec"].get("replicas", 1) for item in informer.objects("Deployment"))


def _endpoints(informer: Informer) -> int:
    slices = [item for item in informer.objects("EndpointSlice") if item["metadata"]["name"].startswith("maestro-")]
    ready = [
        (endpoint.get("targetRef") or {}).get("name")
        for item in slices
        for endpoint in item.get("endpoints") or ()
        if (endpoint.get("conditions") or {}).get("ready")
    ]
    return len(set(ready))


def _containers(informer: Informer) -> list[Manifest]:
    return [
        status for pod in informer.objects("Pod") for status in (pod.get("status") or {}).get("containerStatuses") or ()
    ]


def _condition(item: Manifest, kind: str) -> str:
    conditions = (item.get("status") or {}).get("conditions") or ()
    return next((str(entry["status"]) for entry in conditions if entry["type"] == kind), "")
