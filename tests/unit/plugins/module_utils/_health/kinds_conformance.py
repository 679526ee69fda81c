# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Examples of each built-in kind that is waited for: broken, healthy, slow but healthy, half updated. Data."""

from __future__ import annotations

import typing as t

Live = dict[str, t.Any]
BROKEN, HEALTHY, SLOW, HALF = "broken", "healthy", "slow", "half-updated"
API_VERSIONS = {
    "APIService": "apiregistration.k8s.io/v1",
    "CertificateSigningRequest": "certificates.k8s.io/v1",
    "CustomResourceDefinition": "apiextensions.k8s.io/v1",
    "DaemonSet": "apps/v1",
    "Deployment": "apps/v1",
    "HorizontalPodAutoscaler": "autoscaling/v2",
    "Ingress": "networking.k8s.io/v1",
    "Job": "batch/v1",
    "MutatingWebhookConfiguration": "admissionregistration.k8s.io/v1",
    "PodDisruptionBudget": "policy/v1",
    "ReplicaSet": "apps/v1",
    "StatefulSet": "apps/v1",
}
INJECTED = {"cert-manager.io/inject-ca-from": "x/y"}


def live(kind: str, spec: Live | None = None, generation: int = 2, **fields: t.Any) -> Live:
    """An object of generation 2 whose other fields are a status, unless they are named `webhooks` or `annotations`."""
    metadata: Live = {"name": "x", "namespace": "maestro-system", "uid": f"{kind}/x", "generation": generation}
    metadata["annotations"] = fields.pop("annotations", {})
    top = {name: fields.pop(name) for name in ("webhooks", "data", "type") if name in fields}
    made = {"apiVersion": API_VERSIONS.get(kind, "v1"), "kind": kind, "metadata": metadata, "spec": spec or {}}
    return {**made, **top, "status": fields}


def told(*conditions: str, generation: int | None = None) -> list[Live]:
    """Conditions written as `Ready=False:Reason`."""
    found = []
    for text in conditions:
        kind, _equals, rest = text.partition("=")
        status, _colon, reason = rest.partition(":")
        entry: Live = {"type": kind, "status": status, "reason": reason, "message": f"{kind} is {status}"}
        found.append(entry if generation is None else {**entry, "observedGeneration": generation})
    return found


def counts(wanted: int = 3, updated: int = 3, available: int = 3, current: int = 3, seen: int = 2) -> Live:
    return {
        "observedGeneration": seen,
        "replicas": current,
        "updatedReplicas": updated,
        "readyReplicas": available,
        "availableReplicas": available,
    }


def revisions(updated: int = 3, available: int = 3, done: bool = True) -> Live:
    return {
        **counts(updated=updated, available=available),
        "currentRevision": "b" if done else "a",
        "updateRevision": "b",
    }


def nodes(updated: int = 3, available: int = 3, current: int = 3, seen: int = 2) -> Live:
    return {
        "observedGeneration": seen,
        "desiredNumberScheduled": 3,
        "currentNumberScheduled": current,
        "updatedNumberScheduled": updated,
        "numberReady": available,
        "numberAvailable": available,
    }


THREE = {"replicas": 3}
EXAMPLES: dict[str, dict[str, list[Live]]] = {
    "Deployment": {
        BROKEN: [live("Deployment", {**THREE, "paused": True}, **counts())],
        HEALTHY: [live("Deployment", THREE, **counts()), live("Deployment", {"replicas": 0}, observedGeneration=2)],
        SLOW: [live("Deployment", THREE, **counts(available=0)), live("Deployment", THREE)],
        HALF: [
            live("Deployment", THREE, **counts(updated=1)),
            live("Deployment", THREE, **counts(current=4)),
            live("Deployment", THREE, **counts(seen=1)),
        ],
    },
    "StatefulSet": {
        BROKEN: [live("StatefulSet", THREE, **revisions(available=2))],
        HEALTHY: [
            live("StatefulSet", THREE, **revisions()),
            live("StatefulSet", {**THREE, "updateStrategy": {"type": "OnDelete"}}, **revisions(updated=0, done=False)),
            live(
                "StatefulSet",
                {**THREE, "updateStrategy": {"rollingUpdate": {"partition": 2}}},
                **revisions(updated=1, done=False),
            ),
        ],
        SLOW: [live("StatefulSet", THREE, **revisions(available=1)), live("StatefulSet", THREE)],
        HALF: [
            live("StatefulSet", THREE, **revisions(updated=1, done=False)),
            live("StatefulSet", {"replicas": 2}, **revisions()),
            live(
                "StatefulSet",
                {**THREE, "updateStrategy": {"rollingUpdate": {"partition": 1}}},
                **revisions(updated=1, done=False),
            ),
            live("StatefulSet", {**THREE, "updateStrategy": {"type": "OnDelete"}}, **revisions(available=2)),
        ],
    },
    "DaemonSet": {
        BROKEN: [live("DaemonSet", **nodes(available=0))],
        HEALTHY: [
            live("DaemonSet", **nodes()),
            live("DaemonSet", observedGeneration=2, desiredNumberScheduled=0),
            live("DaemonSet", {"updateStrategy": {"type": "OnDelete"}}, **nodes(updated=0)),
        ],
        SLOW: [live("DaemonSet", **nodes(available=2)), live("DaemonSet")],
        HALF: [live("DaemonSet", **nodes(updated=1)), live("DaemonSet", **nodes(seen=1))],
    },
    "ReplicaSet": {
        BROKEN: [live("ReplicaSet", THREE, **counts(), conditions=told("ReplicaFailure=True:FailedCreate"))],
        HEALTHY: [live("ReplicaSet", THREE, **counts(), fullyLabeledReplicas=3)],
        SLOW: [live("ReplicaSet", THREE, **counts(available=0))],
        HALF: [live("ReplicaSet", THREE, **counts(current=2)), live("ReplicaSet", {"replicas": 2}, **counts())],
    },
    "Pod": {
        BROKEN: [live("Pod", phase="Failed", reason="Evicted")],
        HEALTHY: [live("Pod", phase="Running", conditions=told("Ready=True")), live("Pod", phase="Succeeded")],
        SLOW: [live("Pod", phase="Pending"), live("Pod"), live("Pod", phase="Running")],
        HALF: [live("Pod", phase="Running", conditions=told("Ready=False"))],
    },
    "Job": {
        BROKEN: [live("Job", conditions=told("Failed=True")), live("Job", conditions=told("FailureTarget=True"))],
        HEALTHY: [live("Job", conditions=told("Complete=True")), live("Job", {"suspend": True})],
        SLOW: [live("Job", active=1), live("Job", conditions=told("SuccessCriteriaMet=True"))],
        HALF: [live("Job", {"completions": 3}, succeeded=2, failedIndexes="1")],
    },
    "HorizontalPodAutoscaler": {
        BROKEN: [live("HorizontalPodAutoscaler", conditions=told("AbleToScale=False:FailedGetScale"))],
        HEALTHY: [
            live("HorizontalPodAutoscaler", conditions=told("AbleToScale=True", "ScalingActive=True")),
            live("HorizontalPodAutoscaler", conditions=told("AbleToScale=True", "ScalingActive=False:ScalingDisabled")),
        ],
        SLOW: [live("HorizontalPodAutoscaler")],
        HALF: [
            live(
                "HorizontalPodAutoscaler",
                observedGeneration=1,
                conditions=told("AbleToScale=True", "ScalingActive=True"),
            )
        ],
    },
    "PodDisruptionBudget": {
        BROKEN: [live("PodDisruptionBudget", observedGeneration=2, currentHealthy=0, desiredHealthy=2, expectedPods=3)],
        HEALTHY: [
            live(
                "PodDisruptionBudget",
                observedGeneration=2,
                currentHealthy=3,
                desiredHealthy=2,
                expectedPods=3,
                disruptionsAllowed=1,
            ),
            live("PodDisruptionBudget", observedGeneration=2, currentHealthy=0, desiredHealthy=1, expectedPods=0),
        ],
        SLOW: [live("PodDisruptionBudget", observedGeneration=2, currentHealthy=1, desiredHealthy=2, expectedPods=3)],
        HALF: [live("PodDisruptionBudget", observedGeneration=1, currentHealthy=3, desiredHealthy=2, expectedPods=3)],
    },
    "Service": {
        BROKEN: [live("Service", {"type": "LoadBalancer"}, loadBalancer={"ingress": []})],
        HEALTHY: [
            live("Service"),
            live("Service", {"type": "LoadBalancer"}, loadBalancer={"ingress": [{"ip": "10.0.0.1"}]}),
            live("Service", {"type": "ExternalName"}),
        ],
        SLOW: [live("Service", {"type": "LoadBalancer"})],
        HALF: [live("Service", {"type": "LoadBalancer"}, loadBalancer={})],
    },
    "Ingress": {
        BROKEN: [live("Ingress", loadBalancer={})],
        HEALTHY: [live("Ingress", loadBalancer={"ingress": [{"hostname": "x"}]})],
        SLOW: [live("Ingress")],
        HALF: [live("Ingress", loadBalancer={"ingress": []})],
    },
    "CustomResourceDefinition": {
        BROKEN: [live("CustomResourceDefinition", conditions=told("NamesAccepted=False:ListKindConflict"))],
        HEALTHY: [live("CustomResourceDefinition", conditions=told("NamesAccepted=True", "Established=True"))],
        SLOW: [
            live("CustomResourceDefinition"),
            live("CustomResourceDefinition", conditions=told("NamesAccepted=True", "Established=False:Installing")),
        ],
        HALF: [live("CustomResourceDefinition", conditions=told("NamesAccepted=True"))],
    },
    "APIService": {
        BROKEN: [live("APIService", conditions=told("Available=False:MissingEndpoints"))],
        HEALTHY: [live("APIService", conditions=told("Available=True:Passed"))],
        SLOW: [live("APIService")],
        HALF: [live("APIService", conditions=told("Available=Unknown"))],
    },
    "CertificateSigningRequest": {
        BROKEN: [live("CertificateSigningRequest", conditions=told("Denied=True"))],
        HEALTHY: [live("CertificateSigningRequest", conditions=told("Approved=True"), certificate="LS0t")],
        SLOW: [live("CertificateSigningRequest")],
        HALF: [live("CertificateSigningRequest", conditions=told("Approved=True"))],
    },
    "MutatingWebhookConfiguration": {
        BROKEN: [live("MutatingWebhookConfiguration", annotations=INJECTED, webhooks=[{"name": "a"}])],
        HEALTHY: [
            live("MutatingWebhookConfiguration", webhooks=[{"name": "a", "clientConfig": {"url": "https://x"}}]),
            live(
                "MutatingWebhookConfiguration",
                annotations=INJECTED,
                webhooks=[{"name": "a", "clientConfig": {"caBundle": "LS0t"}}],
            ),
        ],
        SLOW: [
            live("MutatingWebhookConfiguration", annotations=INJECTED, webhooks=[{"name": "a", "clientConfig": {}}])
        ],
        HALF: [
            live(
                "MutatingWebhookConfiguration",
                annotations=INJECTED,
                webhooks=[{"name": "a", "clientConfig": {"caBundle": "LS0t"}}, {"name": "b"}],
            )
        ],
    },
    "Namespace": {
        BROKEN: [live("Namespace", phase="Terminating")],
        HEALTHY: [live("Namespace", phase="Active")],
        SLOW: [live("Namespace")],
        HALF: [live("Namespace", phase="")],
    },
    "PersistentVolume": {
        BROKEN: [live("PersistentVolume", phase="Failed", message="recycler failed")],
        HEALTHY: [live("PersistentVolume", phase="Available"), live("PersistentVolume", phase="Bound")],
        SLOW: [live("PersistentVolume", phase="Pending")],
        HALF: [live("PersistentVolume")],
    },
    "Secret": {
        BROKEN: [live("Secret", type="kubernetes.io/service-account-token", data={})],
        HEALTHY: [
            live("Secret", type="Opaque"),
            live("Secret", type="kubernetes.io/service-account-token", data={"token": "(secret)"}),
        ],
        SLOW: [live("Secret", type="kubernetes.io/service-account-token")],
        HALF: [live("Secret", type="kubernetes.io/service-account-token", data={"ca.crt": "(secret)"})],
    },
}
