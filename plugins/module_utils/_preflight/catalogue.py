# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every kind of finding that the preflight knows, declared once: id, severity, what to do. Pages: docs/findings."""

from __future__ import annotations

from .._findings.finding import Check

OFF = "off"

API_UNREACHABLE = Check("api-unreachable", "error", "Check the address, the network path and that the API server runs.")
API_UNTRUSTED = Check(
    "api-untrusted",
    "error",
    "Give the right CA (ca_cert, certificate-authority in the kubeconfig), or correct the host.",
)
CONNECTION_OPTIONS = Check(
    "connection-options",
    "error",
    "Correct maestro_connection (kubeconfig, context, host, api_key, ...) or the K8S_AUTH_* environment.",
)
CREDENTIALS_REFUSED = Check(
    "credentials-refused", "error", "Get a new token or client certificate and give it to maestro_connection."
)
API_ERROR = Check("api-error", "error", "Read the server's message; the API server's log says more.")
WRONG_CLUSTER = Check(
    "wrong-cluster",
    "error",
    "Correct the kubeconfig or context, or maestro_cluster_uid if the cluster was rebuilt.",
)
CLUSTER_NOT_PINNED = Check(
    "cluster-not-pinned",
    "note",
    "Set maestro_cluster_uid, so that a wrong kubeconfig is refused.",
)
SERVER_UNSUPPORTED = Check("server-unsupported", "error", "Upgrade the cluster, or use an older collection for it.")
NODE_SKEW = Check("node-skew", "warning", "Upgrade the nodes, or the control plane first.")
FACT_UNKNOWN = Check("fact-unknown", "note", "Allow the account to read it, or check it yourself.")

KIND_NOT_SERVED = Check("kind-not-served", "error", "Install the CRD, or leave the objects out.")
METRICS_UNAVAILABLE = Check(
    "metrics-unavailable", "error", "Install or repair metrics-server; without it the autoscaler never scales."
)
INGRESS_CLASS_MISSING = Check("ingress-class-missing", "error", "Install the controller, or correct ingress_class.")
GATEWAY_CLASS_MISSING = Check("gateway-class-missing", "error", "Install the implementation, or correct ingress_class.")
INGRESS_RETIRED = Check(
    "ingress-controller-retired", "warning", "Plan the move to Traefik, F5 NGINX or Gateway API (ingress_provider)."
)
INGRESS_VULNERABLE = Check(
    "ingress-controller-vulnerable", "error", "Upgrade ingress-nginx to 1.15.1, its last release, or move off it."
)
CONTROLLER_NOT_FOUND = Check(
    "controller-not-found", "warning", "Install it, or check that it runs under an image of another name."
)
CONTROLLER_NOT_READY = Check("controller-not-ready", "warning", "Repair it before the release waits for what it makes.")

STORAGE_CLASS_MISSING = Check(
    "storage-class-missing", "error", "Create the StorageClass, or name another one in workload_persistence_*."
)
ACCESS_MODE_IMPOSSIBLE = Check(
    "access-mode-impossible",
    "error",
    "Use a class on shared storage such as EFS, Filestore or Azure Files, or another persistence mode.",
)
VOLUME_NOT_SHARABLE = Check(
    "volume-not-sharable",
    "error",
    "Use ReadWriteMany storage, a volume for each pod (ephemeral, statefulset) or none.",
)
VOLUME_BINDING = Check(
    "volume-binding-immediate", "warning", "Use a class with volumeBindingMode WaitForFirstConsumer."
)

CAPACITY_INSUFFICIENT = Check(
    "capacity-insufficient",
    "error",
    "Add nodes, lower the requests or the most replicas, or set prerequisites_capacity.",
)
ZONES_FEW = Check("zones-too-few", "warning", "Add nodes in other zones: the loss of one must leave pods running.")
QUOTA_INSUFFICIENT = Check(
    "quota-insufficient", "error", "Raise the ResourceQuota (namespace_quota_*), or lower what the pods need."
)
LIMIT_RANGE_VIOLATION = Check(
    "limit-range-violation", "error", "Correct the LimitRange (namespace_limits_*) or the resources of the workload."
)

PERMISSION_MISSING = Check(
    "permission-missing",
    "error",
    "Bind the account to a role that grants it; the page permission-missing lists all of it.",
)
ROLE_ESCALATION = Check(
    "role-escalation", "error", "Give the account the same permissions or the verb escalate, or drop the rule."
)

NAMESPACE_TERMINATING = Check(
    "namespace-terminating", "error", "Wait until it is gone, or remove what holds it; then deploy again."
)
NAMESPACE_SHARED = Check(
    "namespace-shared",
    "warning",
    "Give the release a namespace of its own, or set namespace_network_policies_enabled, namespace_quota_enabled and "
    "namespace_limits_enabled to false.",
)
POD_SECURITY = Check("pod-security", "error", "Correct the pod's security settings, or the level of the namespace.")
POD_REFUSED = Check("pod-refused", "error", "Correct what the server names; the same answer awaits the real pods.")

ENDPOINT_UNREACHABLE = Check(
    "endpoint-unreachable",
    "error",
    "Check name, port and firewall. If pods reach it but this host does not, set prerequisites_endpoints to warning.",
)
NETWORK_HOLE = Check(
    "network-policy-mismatch",
    "warning",
    "Name the right namespaces in namespace_ingress_controller_namespaces, namespace_prometheus_namespaces or "
    "namespace_egress_upstreams.",
)
IMAGE_INVALID = Check(
    "image-invalid", "error", "Write it as registry/repository:tag, with @sha256:digest where wanted."
)
IMAGE_LATEST = Check("image-latest", "error", "Name a version: a rollback cannot bring back what a moving tag meant.")
IMAGE_NOT_PINNED = Check(
    "image-not-pinned", "warning", "Set workload_image_digest, so that all nodes run the same bytes."
)
REFERENCE_MISSING = Check("reference-missing", "error", "Create the object, or correct the name.")
SECRET_KEYS_MISSING = Check("secret-keys-missing", "error", "Add the keys to it, or to the source that fills it.")
RELEASE_IN_PROGRESS = Check(
    "release-in-progress", "warning", "Wait until it ends; to go on is safe, because nothing changes beside it."
)
RELEASE_INTERRUPTED = Check("release-interrupted", "note", "Nothing to do: this release mends it.")
FIELD_IMMUTABLE = Check(
    "field-immutable", "error", "Undo the change, or remove the live object first (mind what it holds)."
)

ALL: tuple[Check, ...] = tuple(value for value in dict(globals()).values() if isinstance(value, Check))
