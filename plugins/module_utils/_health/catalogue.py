# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every kind of finding that the judge of a running release knows, declared once, root causes before symptoms.

The order is the order in which findings are told. Pages: docs/findings.
"""

from __future__ import annotations

from .._findings.finding import Check

OBJECT_GONE = Check(
    "object-gone",
    "error",
    "Find out who removed it (the API server's audit log says), then deploy again.",
    "Somebody or something else removed it while the release was being made.",
)
OBJECT_TERMINATING = Check(
    "object-terminating",
    "error",
    "Let what holds it go (its finalizers are named), or remove them; when it is gone, deploy again.",
    "It was deleted, and a finalizer keeps it until its owner has cleaned up. It goes then, whatever is applied to it.",
)
NAMESPACE_TERMINATING = Check(
    "namespace-terminating",
    "error",
    "Wait until it is gone, or remove what holds it; then deploy again.",
    "The namespace was deleted and something in it is not gone yet.",
)
ROLLOUT_PAUSED = Check(
    "rollout-paused",
    "error",
    "Resume it when it may go on: kubectl rollout resume. No deploy does that.",
    "Somebody paused the rollout.",
)
UPDATE_BLOCKED = Check(
    "update-blocked",
    "error",
    "Delete the pod: its StatefulSet makes it anew of the newest revision.",
    "With podManagementPolicy OrderedReady a StatefulSet waits for a broken pod instead of replacing it.",
)
REFERENCE_MISSING = Check(
    "reference-missing",
    "error",
    "Create the object, or correct the name.",
    "The name is wrong, or nobody has brought the object to this namespace.",
)
KEY_MISSING = Check(
    "reference-key-missing",
    "error",
    "Add the key to it or to the source that fills it, or correct the key's name.",
    "The object is there, but not all of what the pods read from it.",
)
SECRET_REFUSED = Check(
    "external-secret-refused",
    "error",
    "Correct the path, the store or its credentials (kubectl describe externalsecret,secretstore).",
    "The source has no such secret or property, or does not let the store's account read it.",
)
CERTIFICATE_REFUSED = Check(
    "certificate-refused",
    "error",
    "Correct the issuer or the names (kubectl describe certificate,certificaterequest,order,challenge).",
    "The issuer does not exist, is not ready, or does not sign for these names.",
)
IMAGE_INVALID = Check(
    "image-invalid",
    "error",
    "Write it as registry/repository:tag, with @sha256:digest where wanted.",
    "A typing error in the reference.",
)
IMAGE_UNAUTHORIZED = Check(
    "image-unauthorized",
    "error",
    "Give a pull credential that may read this repository (secrets_registry_*), or correct the repository's name.",
    "The pull credential is missing, wrong or expired, or the repository does not exist.",
)
IMAGE_NOT_FOUND = Check(
    "image-not-found",
    "error",
    "Push the image, or deploy one that exists.",
    "The tag or digest was never pushed, is misspelt, or has no build for the node's architecture.",
)
QUOTA_EXCEEDED = Check(
    "quota-exceeded",
    "error",
    "Raise the ResourceQuota (namespace_quota_*), or lower what the pods need.",
    "The namespace has no room left for the pods that the update adds.",
)
LIMIT_RANGE_VIOLATION = Check(
    "limit-range-violation",
    "error",
    "Correct the LimitRange (namespace_limits_*) or the resources of the workload.",
    "The resources of a container lie outside of what the namespace allows.",
)
POD_SECURITY = Check(
    "pod-security",
    "error",
    "Correct the pod's security settings, or the level of the namespace.",
    "The pod asks for more than the namespace's Pod Security level allows.",
)
ADMISSION_DENIED = Check(
    "admission-denied",
    "error",
    "Meet the policy, or ask those who own it for an exception.",
    "A policy of the cluster does not allow these pods.",
)
WEBHOOK_UNAVAILABLE = Check(
    "webhook-unavailable",
    "error",
    "Repair the webhook's service, or ask its owner; new pods are refused as long as it does not answer.",
    "The service behind an admission webhook is down or cannot be reached.",
)
POD_REFUSED = Check(
    "pod-refused",
    "error",
    "Correct what the server names; it answers the same to every try.",
    "The API server does not take the pod as it is.",
)
CONTAINER_CONFIG = Check(
    "container-config-invalid",
    "error",
    "Correct what the kubelet names in the pod's settings.",
    "The container's settings contradict its image or each other.",
)
CONTAINER_CANNOT_RUN = Check(
    "container-cannot-run",
    "error",
    "Correct the command, its arguments or the working directory, or deploy an image that has them.",
    "The image has no such program, it may not be executed, or it is built for another architecture.",
)
VOLUME_INVALID = Check(
    "volume-invalid",
    "error",
    "Correct the volume, or install what serves it.",
    "The volume names something that the node does not have.",
)
VOLUME_HELD = Check(
    "volume-attached-elsewhere",
    "error",
    "Use ReadWriteMany storage, a volume for each pod or none (workload_persistence_mode), or free the volume.",
    "A ReadWriteOnce volume is still attached to the node of another pod, which does not go before this one is ready.",
)
VOLUME_FAILING = Check(
    "volume-mount-failing",
    "error",
    "Look at the storage system and its driver on the node that is named.",
    "The storage system or its driver does not answer as it should.",
)
CLAIM_UNBOUND = Check(
    "claim-unbound",
    "error",
    "Name a StorageClass that exists and can make such a volume (workload_persistence_*).",
    "No volume of this kind can be made for the claim.",
)
ROLLOUT_DEADLOCK = Check(
    "rollout-deadlock",
    "error",
    "Prefer the spread instead of requiring it, allow one pod to be unavailable, or add a node.",
    "The new pod may only run where an old one is, and the old one only goes once the new one is ready.",
)
UNSCHEDULABLE = Check(
    "unschedulable",
    "error",
    "Add nodes that fit, or correct requests, node selector, affinity or tolerations.",
    "No node has what the pod asks for.",
)
OUT_OF_MEMORY = Check(
    "out-of-memory",
    "error",
    "Raise the memory limit (workload_limits_memory), or find what takes the memory.",
    "The container needs more memory than its limit allows.",
)
STARTUP_FAILING = Check(
    "startup-failing",
    "error",
    "Read the log; give the start more time (workload_startup_timeout_seconds) if it needs it.",
    "The application does not come up in the time that its startup probe gives it.",
)
LIVENESS_FAILING = Check(
    "liveness-failing",
    "error",
    "Read the log of the container that was killed; a liveness probe must not ask dependencies.",
    "The application hangs, or the liveness probe asks the wrong thing.",
)
CRASH_LOOP = Check(
    "crash-loop",
    "error",
    "Read the last lines of its log: kubectl logs --previous.",
    "The application ends itself: a wrong setting, a missing secret, or a dependency that it cannot do without.",
)
JOB_FAILED = Check(
    "job-failed",
    "error",
    "Read the log of its pod, correct the cause and deploy again.",
    "What the Job runs did not succeed in the tries and the time that it has.",
)
POD_FAILED = Check(
    "pod-failed",
    "error",
    "Read its log, correct the cause, delete the pod and deploy again.",
    "A pod that no controller made has ended, and nothing starts it again.",
)
RESOURCE_FAILED = Check(
    "resource-failed",
    "error",
    "Correct what its controller names (kubectl describe), then deploy again.",
    "Its controller says that it goes no further by itself.",
)
READINESS_FAILING = Check(
    "readiness-failing",
    "error",
    "See what the endpoint answers: it names the dependency or setting that is wrong.",
    "The application is still starting, or a dependency does not answer.",
)
READINESS_TIMEOUT = Check(
    "readiness-timeout",
    "error",
    "See what the endpoint answers: it names the dependency or setting that is wrong.",
    "The application runs but cannot serve: a dependency does not answer, or the probe asks the wrong place.",
)
IMAGE_PULL_FAILING = Check(
    "image-pull-failing",
    "error",
    "Look at the registry and the way from the nodes to it; the kubelet goes on trying.",
    "The registry or the network to it has a hiccup, or limits the rate.",
)
HPA_METRICS_MISSING = Check(
    "hpa-metrics-missing",
    "error",
    "Look at metrics-server (kubectl top pods) and at the target that the autoscaler names.",
    "The autoscaler cannot read its target or its metrics, so the release does not scale.",
)
HPA_DISABLED = Check(
    "hpa-disabled",
    "error",
    "Scale it up (kubectl scale), which turns the autoscaler on again, or leave the autoscaler out.",
    "Somebody scaled the workload to 0, and an autoscaler leaves such a one alone.",
)
GATEWAY_REFUSED = Check(
    "gateway-refused",
    "error",
    "Correct the listener or the certificate that is named (kubectl describe gateway).",
    "The gateway's controller cannot serve a listener as it is declared.",
)
ROUTE_REFUSED = Check(
    "route-refused",
    "error",
    "Correct the parent or the backend that is named (kubectl describe httproute).",
    "The gateway does not take the route, or its Service does not exist.",
)
ENDPOINTS_MISSING = Check(
    "endpoints-missing",
    "error",
    "Compare the Service's selector with the labels of the pods.",
    "The Service selects other labels than the pods have.",
)
PROGRESS_DEADLINE = Check(
    "progress-deadline",
    "error",
    "See the other findings and kubectl describe; raise workload_progress_deadline_seconds only if the start needs it.",
    "No new pod became available in the time that the Deployment gives.",
)
NOT_READY = Check("not-ready", "error", "Look at it with kubectl describe.")
BUDGET_BLOCKS = Check(
    "disruption-budget-blocks",
    "warning",
    "Allow one pod to be unavailable (workload_disruption_max_unavailable), or run more replicas.",
    "The budget asks for as many healthy pods as there are: no node of theirs can be drained.",
)
BUDGET_UNMET = Check(
    "disruption-budget-unmet",
    "note",
    "Lower minAvailable, correct the selector, or run more replicas.",
    "The budget selects fewer pods than it asks to be healthy, or none.",
)
TARGET_DOWN = Check(
    "target-down",
    "error",
    "See the error on Prometheus' page of targets; then the NetworkPolicy for metrics and the port.",
    "The pod serves, but nobody would notice when it fails: its metrics are out of reach.",
)
TARGET_MISSING = Check(
    "target-missing",
    "warning",
    "See whether Prometheus selects the ServiceMonitor (monitoring_selector_labels); a new pod takes a minute.",
    "Prometheus does not select the release's ServiceMonitor, or has not discovered the pod yet.",
)
TARGETS_UNKNOWN = Check(
    "targets-unknown",
    "warning",
    "Correct prometheus_url and the token, or see why Prometheus does not answer.",
    "Prometheus is away, or is not where the inventory says.",
)
RENEWAL_OVERDUE = Check(
    "certificate-renewal-overdue",
    "warning",
    "Look why it is not renewed: kubectl describe certificate,certificaterequest,order,challenge.",
    "The renewal is overdue or fails.",
)
HPA_CAPACITY_LIMITED = Check(
    "hpa-capacity-limited",
    "warning",
    "Add room (nodes, the largest size of the pool, the quota), or lower the autoscaler's maxReplicas.",
    "The autoscaler asks for more pods than the cluster or the namespace has room for.",
)
PREVIOUS_PODS_TERMINATING = Check(
    "previous-pods-terminating",
    "note",
    "Nothing to do within their grace period; clients with open connections may still get the previous version.",
    "They finish requests that take long, or ignore SIGTERM until their grace period is over.",
)
HPA_METRICS_PENDING = Check(
    "hpa-metrics-pending",
    "note",
    "Look again after three minutes: ansible-playbook intelgraph.maestro.validate.",
    "Metrics of a pod exist after one to two of metrics-server's rounds.",
)
PODS_OUTDATED = Check(
    "pods-outdated",
    "note",
    "Delete the pods when they may be replaced, or lower the partition.",
    "The update strategy (OnDelete, a partition) leaves it to you when pods take a change.",
)
RESOURCE_SUSPENDED = Check(
    "resource-suspended",
    "note",
    "Set suspend to false in its manifest when it is to run.",
    "Its manifest says so.",
)
RESOURCE_NOT_JUDGED = Check(
    "resource-not-judged",
    "note",
    "Look at it with kubectl describe; nothing is known of its kind but what docs/kinds.md says.",
    "No controller reports a status that follows the conventions of Kubernetes.",
)
NODE_NOT_READY = Check(
    "node-not-ready",
    "note",
    "Look at the node; its pods come up elsewhere.",
    "A node is not ready, or is being drained.",
)
FORMER_UNWELL = Check(
    "previous-revision-unhealthy",
    "note",
    "Nothing to do for this release as long as its own pods replace them.",
    "Pods of an earlier revision had a fault already.",
)

ALL: tuple[Check, ...] = tuple(dict.fromkeys(value for value in dict(globals()).values() if isinstance(value, Check)))
RANKS: dict[str, int] = {check.id: rank for rank, check in enumerate(ALL)}
