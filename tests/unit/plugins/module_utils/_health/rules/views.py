# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release at one moment, as the API shows it: what a test says is what is unusual in it.

Sentences are those of Kubernetes 1.37 with containerd 2.4, as a cluster gave them.
"""

from __future__ import annotations

import datetime as dt
import typing as t

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.api_resources import KINDS
from ansible_collections.intelgraph.maestro.plugins.module_utils._findings.finding import Finding
from ansible_collections.intelgraph.maestro.plugins.module_utils._health.facts import Facts, HealthEvaluation, Identity
from ansible_collections.intelgraph.maestro.plugins.module_utils._health.field_filter import kept
from ansible_collections.intelgraph.maestro.plugins.module_utils._health.kinds.registry import is_static
from ansible_collections.intelgraph.maestro.plugins.module_utils._health.observer import (
    Subject,
    helpful_sources,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._health.rules import evaluate, timed_out
from ansible_collections.intelgraph.maestro.plugins.module_utils._objects.group_kind import group_kind, kind_of
from tests.unit.rendering import only

Live = dict[str, t.Any]
API_VERSIONS = {
    **{kind: api_version for api_version, kind in KINDS},
    "CertificateRequest": "cert-manager.io/v1",
    "DaemonSet": "apps/v1",
    "ReplicationController": "v1",
}
"""The version by which a kind is meant that a test gives by its name alone."""
NOW = 1_800_000_000.0
NAMESPACE = "maestro-system"
LABELS = {"app.kubernetes.io/name": "maestro"}
IMAGE = "ghcr.io/x/y:1"
NEW, OLD = "maestro-new", "maestro-old"
DEPLOYMENT = f"Deployment {NAMESPACE}/maestro"


def ago(seconds: float) -> str:
    """The timestamp of so many seconds before now."""
    return dt.datetime.fromtimestamp(NOW - seconds, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def item(kind: str, name: str, *, owner: str = "", age: float = 600, **fields: t.Any) -> Live:
    """Any object; its uid is its kind and name, as its owner is named."""
    metadata: Live = {
        "name": name,
        "namespace": NAMESPACE,
        "uid": f"{kind}/{name}",
        "generation": 1,
        "labels": dict(LABELS),
        "creationTimestamp": ago(age),
    }
    if owner:
        metadata["ownerReferences"] = [{"uid": owner}]
    return {"apiVersion": API_VERSIONS.get(kind, "example.com/v1"), "kind": kind, "metadata": metadata, **fields}


def condition(kind: str, status: str, message: str = "", reason: str = "", age: float = 60) -> Live:
    return {
        "type": kind,
        "status": status,
        "message": message,
        "reason": reason,
        "lastTransitionTime": ago(age),
        "lastUpdateTime": ago(age),
    }


def deployment(replicas: int = 1, *conditions: Live, spec: Live | None = None, **status: t.Any) -> Live:
    """A Deployment whose controller calls it complete, unless the status says otherwise."""
    counts = {"replicas": replicas, "updatedReplicas": replicas, "availableReplicas": replicas}
    live = item("Deployment", "maestro", spec={"replicas": replicas, **(spec or {})})
    live["metadata"]["annotations"] = {"deployment.kubernetes.io/revision": "2"}
    live["status"] = {"observedGeneration": 1, **counts, "conditions": list(conditions), **status}
    return live


def unavailable(*conditions: Live, replicas: int = 1, **spec: t.Any) -> Live:
    """A Deployment whose new pods are not available."""
    return deployment(replicas, *conditions, spec=spec, availableReplicas=0)


def replica_set(name: str = NEW, *conditions: Live) -> Live:
    live = item("ReplicaSet", name, owner="Deployment/maestro", status={"conditions": list(conditions)})
    revision = {NEW: "2", OLD: "1"}[name]
    live["metadata"]["annotations"] = {"deployment.kubernetes.io/revision": revision}
    return live


def pod(
    *containers: Live,
    name: str = "maestro-new-a",
    of: str = NEW,
    node: str = "node-1",
    age: float = 60,
    **status: t.Any,
) -> Live:
    """A pod with these container statuses (each may carry the `spec` of its container); ready when they all are."""
    displayed = containers or (running(),)
    ready = all(container.get("ready") for container in displayed)
    live = item("Pod", name, owner=f"ReplicaSet/{of}", age=age)
    live["spec"] = {
        "nodeName": node,
        "containers": [{"name": each["name"], "image": IMAGE, **each.get("spec", {})} for each in displayed],
    }
    statuses = [{key: value for key, value in each.items() if key != "spec"} for each in displayed]
    extra = status.pop("conditions", [])
    live["status"] = {
        "phase": "Running",
        "containerStatuses": statuses,
        "conditions": [condition("Ready", "True" if ready else "False", age=50), *extra],
        **status,
    }
    return live


OWN_VOLUMES = [{"name": "data", "ephemeral": {"volumeClaimTemplate": {"spec": {}}}}]
"""Volumes of a pod of which each has a claim that is made for the pod."""


def own_claim(phase: str = "Pending", age: float = 60, **annotations: str) -> Live:
    """The claim that is made for the pod `maestro-new-a` with these volumes."""
    claim = item("PersistentVolumeClaim", "maestro-new-a-data", owner="Pod/maestro-new-a", age=age, spec={})
    claim["metadata"]["annotations"] = annotations
    return claim | {"status": {"phase": phase}}


def container(name: str = "maestro", *, ready: bool = False, restarts: int = 0, **fields: t.Any) -> Live:
    return {"name": name, "ready": ready, "restartCount": restarts, "image": IMAGE, **fields}


def running(ready: bool = True, since: float = 55, restarts: int = 0, **fields: t.Any) -> Live:
    state = {"running": {"startedAt": ago(since)}}
    return container(ready=ready, restarts=restarts, state=state, started=True, imageID="sha256:1", **fields)


def waiting(reason: str, message: str = "", **fields: t.Any) -> Live:
    return container(state={"waiting": {"reason": reason, "message": message}}, **fields)


def terminated(code: int, reason: str = "Error", age: float = 5) -> Live:
    return {"terminated": {"exitCode": code, "reason": reason, "startedAt": ago(age + 1), "finishedAt": ago(age)}}


def crashed(code: int = 1, restarts: int = 0, reason: str = "Error", **fields: t.Any) -> Live:
    """A container that has ended for the `restarts + 1`-th time."""
    if restarts:
        fields["lastState"] = terminated(code, reason, 20)
    return container(restarts=restarts, state=terminated(code, reason), **fields)


NORMAL = {
    *(
        "Created",
        "ExternalProvisioning",
        "FailedBinding",
        "Issuing",
        "Killing",
        "Nominated",
        "NodeHasDiskPressure",
        "NodeNotReady",
    ),
    *("NotTriggerScaleUp", "Provisioning", "Pulled", "Pulling", "ScalingReplicaSet", "Scheduled", "Started"),
    *("SuccessfulAttachVolume", "SuccessfulCreate", "SuccessfulDelete", "SuccessfulRescale", "TriggeredScaleUp"),
    *("WaitForFirstConsumer", "WaitForPodScheduled"),
}
WARNING = {
    *("BackOff", "ErrImageNeverPull", "Failed", "FailedAttachVolume", "FailedCreate"),
    *("FailedMapVolume", "FailedMount", "FailedScheduling", "FailedToRetrieveImagePullSecret", "InspectFailed"),
    *("ProvisioningFailed", "ReplicaSetCreateError", "Unhealthy", "UpdateFailed"),
}
"""Reasons of events by the type that Kubernetes' components give them: a filter keeps few of the type Normal."""


def event(about: Live, reason: str, message: str, *, count: int = 1, first: float = 60, last: float = 1) -> Live:
    kind, metadata = about["kind"], about["metadata"]
    assert reason in NORMAL | WARNING, f"say of {reason} whether Kubernetes tells it as Normal or as a Warning"
    live = item("Event", f"{metadata['name']}.{reason}.{first}")
    return live | {
        "involvedObject": {
            "apiVersion": about["apiVersion"],
            "kind": kind,
            "namespace": NAMESPACE,
            "name": metadata["name"],
        },
        "type": "Normal" if reason in NORMAL else "Warning",
        "reason": reason,
        "message": message,
        "count": count,
        "firstTimestamp": ago(first),
        "lastTimestamp": ago(last),
    }


def node(name: str = "node-1", ready: str = "True", labels: Live | None = None, **status: t.Any) -> Live:
    live = item("Node", name, status={"conditions": [condition("Ready", ready, "kubelet stopped")], **status})
    live["metadata"].update(namespace="", labels=labels or {})
    return live


WATCHED = ("Deployment", "ReplicaSet", "Pod", "Event", "PersistentVolumeClaim", "EndpointSlice", "Service")


def facts(*objects: Live, wanted: t.Iterable[tuple[str, str]] = (), **others: t.Any) -> Facts:
    """These objects as an observer keeps them, so that a rule that reads what it drops fails its test.

    Everything is declared that no other one owns, and `wanted` as (kind, name) besides.
    """
    declared = [
        (kind_of(live), live["metadata"]["namespace"], live["metadata"]["name"])
        for live in objects
        if live["kind"] not in ("Event", "Node", "EndpointSlice") and "ownerReferences" not in live["metadata"]
    ]
    declared += [(group_kind(API_VERSIONS.get(kind, ""), kind), NAMESPACE, name) for kind, name in wanted]
    return Facts(**{"now": NOW, "wanted": tuple(declared), "objects": observed(objects, declared), **others})


HELPFUL = {source.kind for source in helpful_sources(Subject("maestro", NAMESPACE, (deployment(),)))}


def observed(objects: t.Iterable[Live], declared: t.Iterable[Identity]) -> dict[str, tuple[Live, ...]]:
    """What an observer of these declared objects holds, by kind."""
    held: dict[str, tuple[Live, ...]] = dict.fromkeys(WATCHED, ())
    names = frozenset(name for _kind, _namespace, name in declared)
    for live in objects:
        is_left_out = is_static(live) and live["kind"] not in {*HELPFUL, *WATCHED, "ControllerRevision"}
        observed_item = None if is_left_out else kept(live, names)
        if observed_item:
            held[kind_of(live)] = (*held.get(kind_of(live), ()), observed_item)
    return held


def rollout(*pods: Live, also: t.Iterable[Live] = (), **others: t.Any) -> Facts:
    """A Deployment of as many pods as these, which are all of its newest revision and not all available."""
    return facts(unavailable(replicas=len(pods)), replica_set(), *pods, *also, **others)


def cause(evaluation: HealthEvaluation) -> Finding:
    """What a failed judgement names first."""
    assert evaluation.verdict == "failed", evaluation
    return evaluation.findings[0]


def undecided(evaluation: HealthEvaluation) -> Finding:
    """The one thing that an undecided judgement warns of."""
    assert evaluation.verdict == "", evaluation
    found: Finding = only(evaluation.findings)
    assert found.severity == "warning"
    return found


def told_at_the_end(given: Facts) -> Finding:
    """What these facts are called once the time is over; checks that nothing is told of them before."""
    evaluation = evaluate(given)
    assert (evaluation.verdict, evaluation.findings) == ("", ())
    return cause(timed_out(given, evaluation))


def seconds_left(given: Facts) -> float | None:
    """For how long these facts stay undecided if nothing happens; checks that they are decided then."""
    evaluation = evaluate(given)
    assert evaluation.verdict == "", evaluation
    if evaluation.again_at is None:
        return None
    return evaluation.again_at - given.now
