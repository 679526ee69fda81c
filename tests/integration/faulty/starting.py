# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults that keep pods from being created, placed or started. Data."""

from __future__ import annotations

from tests.integration.faulty import arranging, showing
from tests.integration.faulty.changes import (
    container,
    deployment,
    environment,
    of_kind,
    pod,
    volume,
)
from tests.integration.faulty.fault import Fault, broken, claim
from tests.integration.faulty.staging import View

PULL = showing.waiting("ErrImagePull", "ImagePullBackOff")
CANNOT_START = showing.stopped("RunContainerError", "CreateContainerError", "StartError")
CONFIG = showing.waiting("CreateContainerConfigError")
MARKED = {"metadata": {"labels": {arranging.MARK: "policy"}}}
NO_SUCH_KEY = {"secretKeyRef": {"name": "maestro-secrets", "key": "NO_SUCH_KEY"}}
ALONE_ON_A_NODE = {
    "topologyKey": "kubernetes.io/hostname",
    "labelSelector": {"matchLabels": {"app.kubernetes.io/instance": "maestro"}},
}

STARTING: dict[str, Fault] = {
    "image-of-no-registry": Fault(
        "image-not-found",
        "Deployment",
        ("registry.maestro-lab.internal/no/such:1",),
        broken(container(image="registry.maestro-lab.internal/no/such:1"), displayed=PULL),
    ),
    "image-without-credential": Fault(
        "image-unauthorized",
        "Deployment",
        ("ghcr.io/brianlong/intelgraph/not-for-you:1",),
        broken(
            container(image="ghcr.io/brianlong/intelgraph/not-for-you:1"), pod(imagePullSecrets=None), displayed=PULL
        ),
    ),
    "image-with-a-name-that-is-none": Fault(
        "image-invalid",
        "Deployment",
        ("ghcr.io/Upper:1",),
        broken(container(image="ghcr.io/Upper:1"), displayed=showing.waiting("InvalidImageName")),
    ),
    "config-map-missing": Fault(
        "reference-missing",
        "Deployment",
        ("no-such-settings",),
        broken(container(envFrom=[{"configMapRef": {"name": "no-such-settings"}}]), displayed=CONFIG),
    ),
    "secret-missing": Fault(
        "reference-missing",
        "Deployment",
        ("no-such-secret",),
        broken(container(envFrom=[{"secretRef": {"name": "no-such-secret"}}]), displayed=CONFIG),
    ),
    "key-missing": Fault(
        "reference-key-missing",
        "Deployment",
        ("NO_SUCH_KEY",),
        broken(environment("A", valueFrom=NO_SUCH_KEY), displayed=CONFIG),
    ),
    "volume-of-a-missing-secret": Fault(
        "reference-missing",
        "Deployment",
        ("no-such-files",),
        broken(volume(secret={"secretName": "no-such-files"}), displayed=showing.event("FailedMount")),
    ),
    "command-that-does-not-exist": Fault(
        "container-cannot-run",
        "Deployment",
        ("/no/such/program",),
        broken(container(command=["/no/such/program"]), displayed=CANNOT_START),
    ),
    "mount-onto-a-file": Fault(
        "container-cannot-run",
        "Deployment",
        ("/etc/passwd", "not a directory"),
        broken(volume({"mountPath": "/etc/passwd"}, emptyDir={}), displayed=CANNOT_START),
    ),
    "quota": Fault(
        "quota-exceeded",
        "Deployment",
        ("exceeded quota",),
        broken(of_kind("ResourceQuota", spec={"hard": {"pods": "1"}}), displayed=showing.REFUSED_PODS),
    ),
    "limit-range": Fault(
        "limit-range-violation",
        "Deployment",
        ("maximum cpu usage",),
        broken(
            of_kind("LimitRange", spec={"limits": [{"type": "Container", "max": {"cpu": "100m"}}]}),
            displayed=showing.REFUSED_PODS,
        ),
    ),
    "pod-security": Fault(
        "pod-security",
        "Deployment",
        ("violates PodSecurity", "runAsNonRoot"),
        broken(pod(securityContext={"runAsNonRoot": None}), displayed=showing.REFUSED_PODS),
    ),
    "admission-policy": Fault(
        "admission-denied",
        "Deployment",
        ("not welcome here",),
        broken(deployment(template=MARKED), around=arranging.policy, displayed=showing.REFUSED_PODS),
    ),
    "service-account-missing": Fault(
        "reference-missing",
        "Deployment",
        ("no-such-account",),
        broken(pod(serviceAccountName="no-such-account"), displayed=showing.REFUSED_PODS),
    ),
    "priority-class-missing": Fault(
        "reference-missing",
        "Deployment",
        ("no-such-class",),
        broken(pod(priorityClassName="no-such-class"), displayed=showing.REFUSED_PODS),
    ),
    "claim-missing": Fault(
        "reference-missing",
        "Deployment",
        ("no-such-claim",),
        broken(volume(persistentVolumeClaim={"claimName": "no-such-claim"}), displayed=showing.UNSCHEDULABLE),
    ),
    "claim-of-an-unknown-class": Fault(
        "claim-unbound",
        "PersistentVolumeClaim",
        ("no-such-class",),
        broken(
            claim("maestro-data", storageClassName="no-such-class"),
            volume(persistentVolumeClaim={"claimName": "maestro-data"}),
            displayed=showing.event("ProvisioningFailed", "FailedBinding"),
        ),
    ),
    "no-node-has-the-label": Fault(
        "unschedulable",
        "Deployment",
        ("node affinity/selector",),
        broken(pod(nodeSelector={"disk": "no-such-disk"}), displayed=showing.UNSCHEDULABLE),
        within=40,
    ),
    "too-big-for-every-node": Fault(
        "unschedulable",
        "Deployment",
        ("Insufficient memory",),
        broken(
            container(resources={"requests": {"memory": "900Gi"}, "limits": {"memory": "900Gi"}}),
            of_kind("LimitRange", spec={"limits": [{"type": "Container", "max": {"memory": "1Ti"}}]}),
            of_kind("ResourceQuota", spec={"hard": {"requests.memory": "10Ti", "limits.memory": "10Ti"}}),
            displayed=showing.UNSCHEDULABLE,
        ),
        within=40,
    ),
    "no-room-beside-the-old-pods": Fault(
        "rollout-deadlock",
        "Deployment",
        ("anti-affinity",),
        View(
            first=(
                deployment(replicas=3),
                pod(
                    affinity={"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [ALONE_ON_A_NODE]}}
                ),
            ),
            changes=(
                deployment(replicas=3),
                pod(
                    affinity={"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [ALONE_ON_A_NODE]}}
                ),
                environment("NEW", value="1"),
            ),
            displayed=showing.UNSCHEDULABLE,
        ),
        within=40,
    ),
    "mount-of-a-path-that-nothing-names": Fault(
        "container-config-invalid",
        "Deployment",
        ("NO_SUCH_VARIABLE",),
        broken(volume({"subPathExpr": "$(NO_SUCH_VARIABLE)"}, emptyDir={}), displayed=CONFIG),
    ),
}
