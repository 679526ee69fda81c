# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept of an observed object: all that a judge reads, nothing that only costs memory. Pure."""

from __future__ import annotations

import typing as t

from .._objects.group_kind import kind_of
from .._objects.manifest import SECRET_MARK
from .facts import Live

BOOKKEEPING = ("managedFields", "resourceVersion", "selfLink")
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
UNREAD_IN_CONTAINERS = ("env", "envFrom", "volumeMounts", "volumeDevices", "securityContext")
UNREAD_IN_PODS = ("tolerations", "securityContext", "imagePullSecrets")
UNREAD_IN_NODES = ("images", "volumesAttached", "volumesInUse", "daemonEndpoints", "nodeInfo", "addresses", "features")
TOLD_EVENTS = frozenset(
    {
        "ExternalProvisioning",
        "FailedBinding",
        "IssuerNotFound",
        "IssuerNotReady",
        "Killing",
        "Nominated",
        "NotTriggerScaleUp",
        "Provisioning",
        "Pulled",
        "Pulling",
        "SuccessfulCreate",
        "SuccessfulDelete",
        "SuccessfulRescale",
        "TriggeredScaleUp",
        "WaitForFirstConsumer",
        "WaitForPodScheduled",
    }
)
"""Reasons of events of type Normal that say something about a fault; every other one says that all goes well."""


def kept(item: Live, names: t.Collection[str]) -> dict[str, t.Any] | None:
    """What an observer keeps of an object of a release whose declared objects have these names; None for nothing.

    Of events only those that can be evidence about one of these objects or about what it owns.
    """
    if item["kind"] != "Event":
        return trimmed(item)
    return trimmed(item) if _is_about(item, names) and is_told(item) else None


def trimmed(item: Live) -> dict[str, t.Any]:
    """The object as a judge needs it."""
    kept = {**item, "metadata": _metadata(item["metadata"])}
    shorten = SHORTENED.get(kind_of(item))
    return shorten(kept) if shorten else kept


def is_told(event: Live) -> bool:
    """Whether an event can be evidence."""
    return event.get("type") != "Normal" or event.get("reason") in TOLD_EVENTS


def _is_about(event: Live, names: t.Collection[str]) -> bool:
    """Whether it is about an object of one of these names, or one named after it (a claim `data-NAME-0`)."""
    name = (event.get("involvedObject") or event.get("regarding") or {}).get("name", "")
    return name in names or any(f"-{stem}-" in f"-{name}" for stem in names)


def _metadata(metadata: Live) -> dict[str, t.Any]:
    kept = _without(metadata, BOOKKEEPING)
    annotations = _without(metadata.get("annotations") or {}, (LAST_APPLIED,))
    return {**kept, "annotations": annotations} if annotations else _without(kept, ("annotations",))


def _pod(pod: dict[str, t.Any]) -> dict[str, t.Any]:
    return {**pod, "spec": _pod_spec(pod.get("spec") or {})}


def _pod_spec(spec: Live) -> dict[str, t.Any]:
    containers = {
        part: [_without(container, UNREAD_IN_CONTAINERS) for container in spec[part]]
        for part in ("containers", "initContainers")
        if spec.get(part)
    }
    return {**_without(spec, UNREAD_IN_PODS), **containers}


def _templated(workload: dict[str, t.Any]) -> dict[str, t.Any]:
    """A workload whose pods are held themselves: of its template only what tells them apart."""
    spec = workload.get("spec") or {}
    template = spec.get("template") or {}
    kept = {"metadata": template.get("metadata") or {}, "spec": _pod_spec(template.get("spec") or {})}
    return {**workload, "spec": {**spec, "template": kept}} if template else workload


def _node(node: dict[str, t.Any]) -> dict[str, t.Any]:
    """A kubelet reports every few minutes that nothing has changed: that is no news."""
    status = _without(node.get("status") or {}, UNREAD_IN_NODES)
    conditions = [_without(condition, ("lastHeartbeatTime",)) for condition in status.get("conditions") or ()]
    metadata = _without(node["metadata"], ("annotations",))
    return {**node, "metadata": metadata, "status": {**status, "conditions": conditions}}


def _autoscaler(autoscaler: dict[str, t.Any]) -> dict[str, t.Any]:
    """Its measured values change every 15 s and judge nothing."""
    status = _without(autoscaler.get("status") or {}, ("currentMetrics",))
    return {**autoscaler, "status": status}


def _secret(secret: dict[str, t.Any]) -> dict[str, t.Any]:
    """Which keys it has, and none of their values."""
    return {**secret, "data": dict.fromkeys(secret.get("data") or {}, SECRET_MARK)}


def _revision(revision: dict[str, t.Any]) -> dict[str, t.Any]:
    """A controller's copy of a template, of which only the number and the labels are read."""
    return _without(revision, ("data",))


def _without(fields: Live, left_out: t.Collection[str]) -> dict[str, t.Any]:
    return {name: value for name, value in fields.items() if name not in left_out}


SHORTENED: dict[str, t.Callable[[dict[str, t.Any]], dict[str, t.Any]]] = {
    "ControllerRevision": _revision,
    "HorizontalPodAutoscaler": _autoscaler,
    "Node": _node,
    "Pod": _pod,
    "ReplicaSet": _templated,
    "Secret": _secret,
}
