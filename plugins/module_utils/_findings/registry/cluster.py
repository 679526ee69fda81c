# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cluster lacks for a release: versions, kinds, controllers, storage, room."""

from __future__ import annotations

from ..finding import FindingType

SERVER_UNSUPPORTED = FindingType(
    "server-unsupported",
    "error",
    1010,
    next_step="Upgrade the cluster, or use an older collection for it.",
    cause="The cluster is older or newer than what this version of the collection is tested with.",
)
NODE_SKEW = FindingType(
    "node-skew",
    "warning",
    1020,
    next_step="Upgrade the nodes, or the control plane first.",
    cause="The nodes were not upgraded with the control plane, or were upgraded before it.",
)
KIND_NOT_SERVED = FindingType(
    "kind-not-served",
    "error",
    1030,
    next_step="Install the CRD, or leave the objects out.",
    cause="The CRD is not installed in this cluster, or another version of it is.",
)
STORAGE_CLASS_MISSING = FindingType(
    "storage-class-missing",
    "error",
    1040,
    next_step="Create the StorageClass, or name another one in workload_persistence_*.",
    cause="The name is wrong, or the cluster has no such class.",
)
ACCESS_MODE_IMPOSSIBLE = FindingType(
    "access-mode-impossible",
    "error",
    1050,
    next_step="Use a class on shared storage such as EFS, Filestore or Azure Files, or another persistence mode.",
    cause="The class makes block volumes, which only one node can mount.",
)
VOLUME_NOT_SHARABLE = FindingType(
    "volume-not-sharable",
    "error",
    1060,
    next_step="Use ReadWriteMany storage, a volume for each pod (ephemeral, statefulset) or none.",
    cause="Replicas on different nodes cannot mount one ReadWriteOnce volume.",
)
VOLUME_BINDING_IMMEDIATE = FindingType(
    "volume-binding-immediate",
    "warning",
    1070,
    next_step="Use a class with volumeBindingMode WaitForFirstConsumer.",
    cause="The class makes the volume before the pod's zone is chosen.",
)
CAPACITY_INSUFFICIENT = FindingType(
    "capacity-insufficient",
    "error",
    1080,
    next_step="Add nodes, lower the requests or the most replicas, or set prerequisites_capacity.",
    cause="The nodes have less free room than the release requests.",
    severity_text="error, or what `prerequisites_capacity` says; a warning where nodes are added by themselves",
)
QUOTA_INSUFFICIENT = FindingType(
    "quota-insufficient",
    "error",
    1090,
    next_step="Raise the ResourceQuota (namespace_quota_*), or lower what the pods need.",
    cause="The ResourceQuota has less room left than the release requests.",
)
ZONES_TOO_FEW = FindingType(
    "zones-too-few",
    "warning",
    1100,
    next_step="Add nodes in other zones: the loss of one must leave pods running.",
    cause="All nodes that fit are in too few zones.",
)
INGRESS_CLASS_MISSING = FindingType(
    "ingress-class-missing",
    "error",
    1110,
    next_step="Install the controller, or correct ingress_class.",
    cause="The controller is not installed, or its class has another name.",
)
GATEWAY_CLASS_MISSING = FindingType(
    "gateway-class-missing",
    "error",
    1120,
    next_step="Install the implementation, or correct ingress_class.",
    cause="The implementation is not installed, or its class has another name.",
)
INGRESS_CONTROLLER_VULNERABLE = FindingType(
    "ingress-controller-vulnerable",
    "error",
    1130,
    next_step="Upgrade ingress-nginx to 1.15.1, its last release, or move off it.",
    cause="This version of ingress-nginx has known vulnerabilities that its last release mends.",
)
INGRESS_CONTROLLER_RETIRED = FindingType(
    "ingress-controller-retired",
    "warning",
    1140,
    next_step="Plan the move to Traefik, F5 NGINX or Gateway API (ingress_provider).",
    cause="ingress-nginx is retired: it gets no more releases and no security fixes.",
)
METRICS_UNAVAILABLE = FindingType(
    "metrics-unavailable",
    "error",
    1150,
    next_step="Install or repair metrics-server; without it the autoscaler never scales.",
    cause="metrics-server is not installed, or does not answer.",
)
CONTROLLER_NOT_FOUND = FindingType(
    "controller-not-found",
    "warning",
    1160,
    next_step="Install it, or check that it runs under an image of another name.",
    cause="It is not installed, or runs under an image whose name is not known here.",
    severity_text="warning, or what `prerequisites_controllers` says",
)
CONTROLLER_NOT_READY = FindingType(
    "controller-not-ready",
    "warning",
    1170,
    next_step="Repair it before the release waits for what it makes.",
    cause="Its own pods do not run or are not ready.",
    severity_text="warning, or what `prerequisites_controllers` says",
)
ENDPOINT_UNREACHABLE = FindingType(
    "endpoint-unreachable",
    "error",
    1180,
    next_step=(
        "Check name, port and firewall. If pods reach it but this host does not, set prerequisites_endpoints to "
        "warning."
    ),
    cause="The name, the port or a firewall is wrong, or the dependency does not run.",
    severity_text="error, or what `prerequisites_endpoints` says",
)
NETWORK_POLICY_MISMATCH = FindingType(
    "network-policy-mismatch",
    "warning",
    1190,
    next_step=(
        "Name the right namespaces in namespace_ingress_controller_namespaces, namespace_prometheus_namespaces or "
        "namespace_egress_upstreams."
    ),
    cause="The pods that a NetworkPolicy should let through run in a namespace that it does not name.",
    severity_text="warning, or note for holes that no request comes through",
)
NAMESPACE_SHARED = FindingType(
    "namespace-shared",
    "warning",
    1200,
    next_step=(
        "Give the release a namespace of its own, or set namespace_network_policies_enabled, namespace_quota_enabled "
        "and namespace_limits_enabled to false."
    ),
    cause="Other workloads run in the namespace, and policies, quota and limits apply to them too.",
)
SECRET_KEYS_MISSING = FindingType(
    "secret-keys-missing",
    "error",
    1210,
    next_step="Add the keys to it, or to the source that fills it.",
    cause="The Secret is there, but not all of the keys that the release reads.",
)
IMAGE_LATEST = FindingType(
    "image-latest",
    "error",
    1220,
    next_step="Name a version: a rollback cannot bring back what a moving tag meant.",
    cause="The tag latest names another image each time it is pushed.",
)
IMAGE_NOT_PINNED = FindingType(
    "image-not-pinned",
    "warning",
    1230,
    next_step="Set workload_image_digest, so that all nodes run the same bytes.",
    cause="A tag can be pushed again; only a digest always names the same image.",
    severity_text="warning, or what `prerequisites_image_digest` says",
)
