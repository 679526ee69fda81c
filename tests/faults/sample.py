# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two small releases that have one object for each way in which a release writes, and one that fails at once.

Their workload has no pods, or as many as are asked for, of a container that does nothing.
"""

from __future__ import annotations

import typing as t

Manifest = dict[str, t.Any]
NAME = "maestro"
LABELS = {"app.kubernetes.io/instance": NAME, "app.kubernetes.io/managed-by": "intelgraph.maestro"}
PODS = {"app.kubernetes.io/name": "maestro", "app.kubernetes.io/instance": NAME}
FIRST, SECOND, BAD = 1, 2, 3
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


def components(namespace: str, version: int, pods: int = 0, autoscaled: bool = True) -> dict[str, list[Manifest]]:
    """Objects that stay, change, come and go between the first and the second release.

    One with pods has no autoscaler, and counts a pod as available only after some seconds; nor has one that is waited
    for, because an autoscaler over no pods is a fault. The bad one has a second workload whose pod the namespace does
    not admit: it fails as soon as it is waited for, and no pod ever runs.
    """
    only = {FIRST: "first-only", SECOND: "second-only", BAD: "bad-only"}[version]
    return {
        "all": [
            _namespace(namespace),
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
            _deployment(namespace, pods),
            *([_autoscaler(namespace)] if autoscaled and not pods else []),
            *([_not_admitted(namespace)] if version == BAD else []),
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


def _namespace(name: str) -> Manifest:
    made = _object("v1", "Namespace", name)
    made["metadata"]["labels"] = {**LABELS, "pod-security.kubernetes.io/enforce": "baseline"}
    return made


def _not_admitted(namespace: str) -> Manifest:
    """A workload whose pod no namespace of a release admits."""
    labels = {**PODS, "app.kubernetes.io/component": "not-admitted"}
    pod = {"containers": [{"name": "privileged", "image": IMAGE, "securityContext": {"privileged": True}}]}
    template = {"metadata": {"labels": labels}, "spec": pod}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    return _object("apps/v1", "Deployment", "not-admitted", namespace, spec=spec)


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
