# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps objects and pods from being ready, root causes before their symptoms."""

from __future__ import annotations

from ..finding import FindingType

OBJECT_GONE = FindingType(
    "object-gone",
    "error",
    3010,
    next_step="Find out who removed it (the API server's audit log says), then deploy again.",
    cause="Somebody or something else removed it while the release was being made.",
)
NAMESPACE_TERMINATING = FindingType(
    "namespace-terminating",
    "error",
    3020,
    next_step="Wait until it is gone, or remove what holds it; then deploy again.",
    cause="The namespace was deleted and something in it is not gone yet.",
)
ROLLOUT_PAUSED = FindingType(
    "rollout-paused",
    "error",
    3030,
    next_step="Resume it when it may go on: kubectl rollout resume. No deploy does that.",
    cause="Somebody paused the rollout.",
)
REFERENCE_MISSING = FindingType(
    "reference-missing",
    "error",
    3040,
    next_step="Create the object, or correct the name.",
    cause="The name is wrong, or nobody has brought the object to this namespace.",
)
REFERENCE_KEY_MISSING = FindingType(
    "reference-key-missing",
    "error",
    3050,
    next_step="Add the key to it or to the source that fills it, or correct the key's name.",
    cause="The object is there, but not all of what the pods read from it.",
)
EXTERNAL_SECRET_REFUSED = FindingType(
    "external-secret-refused",
    "error",
    3060,
    next_step="Correct the path, the store or its credentials (kubectl describe externalsecret,secretstore).",
    cause="The source has no such secret or property, or does not let the store's account read it.",
)
CERTIFICATE_REFUSED = FindingType(
    "certificate-refused",
    "error",
    3070,
    next_step="Correct the issuer or the names (kubectl describe certificate,certificaterequest,order,challenge).",
    cause="The issuer does not exist, is not ready, or does not sign for these names.",
)
IMAGE_INVALID = FindingType(
    "image-invalid",
    "error",
    3080,
    next_step="Write it as registry/repository:tag, with @sha256:digest where wanted.",
    cause="A typing error in the reference.",
)
IMAGE_UNAUTHORIZED = FindingType(
    "image-unauthorized",
    "error",
    3090,
    next_step=(
        "Give a pull credential that may read this repository (secrets_registry_*), or correct the repository's name."
    ),
    cause="The pull credential is missing, wrong or expired, or the repository does not exist.",
)
IMAGE_NOT_FOUND = FindingType(
    "image-not-found",
    "error",
    3100,
    next_step="Push the image, or deploy one that exists.",
    cause="The tag or digest was never pushed, is misspelt, or has no build for the node's architecture.",
)
QUOTA_EXCEEDED = FindingType(
    "quota-exceeded",
    "error",
    3110,
    next_step="Raise the ResourceQuota (namespace_quota_*), or lower what the pods need.",
    cause="The namespace has no room left for the pods that the update adds.",
)
LIMIT_RANGE_VIOLATION = FindingType(
    "limit-range-violation",
    "error",
    3120,
    next_step="Correct the LimitRange (namespace_limits_*) or the resources of the workload.",
    cause="The resources of a container lie outside of what the namespace allows.",
)
POD_SECURITY = FindingType(
    "pod-security",
    "error",
    3130,
    next_step="Correct the pod's security settings, or the level of the namespace.",
    cause="The pod asks for more than the namespace's Pod Security level allows.",
)
ADMISSION_DENIED = FindingType(
    "admission-denied",
    "error",
    3140,
    next_step="Meet the policy, or ask those who own it for an exception.",
    cause="A policy of the cluster does not allow these pods.",
)
WEBHOOK_UNAVAILABLE = FindingType(
    "webhook-unavailable",
    "error",
    3150,
    next_step="Repair the webhook's service, or ask its owner; new pods are refused as long as it does not answer.",
    cause="The service behind an admission webhook is down or cannot be reached.",
)
POD_REFUSED = FindingType(
    "pod-refused",
    "error",
    3160,
    next_step="Correct what the server names; it answers the same to every try.",
    cause="The API server does not take the pod as it is.",
)
CONTAINER_CONFIG_INVALID = FindingType(
    "container-config-invalid",
    "error",
    3170,
    next_step="Correct what the kubelet names in the pod's settings.",
    cause="The container's settings contradict its image or each other.",
)
CONTAINER_CANNOT_RUN = FindingType(
    "container-cannot-run",
    "error",
    3180,
    next_step="Correct the command, its arguments or the working directory, or deploy an image that has them.",
    cause="The image has no such program, it may not be executed, or it is built for another architecture.",
)
VOLUME_INVALID = FindingType(
    "volume-invalid",
    "error",
    3190,
    next_step="Correct the volume, or install what serves it.",
    cause="The volume names something that the node does not have.",
)
VOLUME_ATTACHED_ELSEWHERE = FindingType(
    "volume-attached-elsewhere",
    "error",
    3200,
    next_step=(
        "Use ReadWriteMany storage, a volume for each pod or none (workload_persistence_mode), or free the volume."
    ),
    cause=(
        "A ReadWriteOnce volume is still attached to the node of another pod, which does not go before this one is "
        "ready."
    ),
)
VOLUME_MOUNT_FAILING = FindingType(
    "volume-mount-failing",
    "error",
    3210,
    next_step="Look at the storage system and its driver on the node that is named.",
    cause="The storage system or its driver does not answer as it should.",
)
CLAIM_UNBOUND = FindingType(
    "claim-unbound",
    "error",
    3220,
    next_step="Name a StorageClass that exists and can make such a volume (workload_persistence_*).",
    cause="No volume of this kind can be made for the claim.",
)
ROLLOUT_DEADLOCK = FindingType(
    "rollout-deadlock",
    "error",
    3230,
    next_step="Prefer the spread instead of requiring it, allow one pod to be unavailable, or add a node.",
    cause="The new pod may only run where an old one is, and the old one only goes once the new one is ready.",
)
UNSCHEDULABLE = FindingType(
    "unschedulable",
    "error",
    3240,
    next_step="Add nodes that fit, or correct requests, node selector, affinity or tolerations.",
    cause="No node has what the pod asks for.",
)
OUT_OF_MEMORY = FindingType(
    "out-of-memory",
    "error",
    3250,
    next_step="Raise the memory limit (workload_limits_memory), or find what takes the memory.",
    cause="The container needs more memory than its limit allows.",
)
STARTUP_FAILING = FindingType(
    "startup-failing",
    "error",
    3260,
    next_step="Read the log; give the start more time (workload_startup_timeout_seconds) if it needs it.",
    cause="The application does not come up in the time that its startup probe gives it.",
)
LIVENESS_FAILING = FindingType(
    "liveness-failing",
    "error",
    3270,
    next_step="Read the log of the container that was killed; a liveness probe must not ask dependencies.",
    cause="The application hangs, or the liveness probe asks the wrong thing.",
)
CRASH_LOOP = FindingType(
    "crash-loop",
    "error",
    3280,
    next_step="Read the last lines of its log: kubectl logs --previous.",
    cause="The application ends itself: a wrong setting, a missing secret, or a dependency that it cannot do without.",
)
JOB_FAILED = FindingType(
    "job-failed",
    "error",
    3290,
    next_step="Read the log of its pod, correct the cause and deploy again.",
    cause="What the Job runs did not succeed in the tries and the time that it has.",
)
READINESS_TIMEOUT = FindingType(
    "readiness-timeout",
    "error",
    3300,
    next_step="See what the endpoint answers: it names the dependency or setting that is wrong.",
    cause="The application runs but cannot serve: a dependency does not answer, or the probe asks the wrong place.",
)
IMAGE_PULL_FAILING = FindingType(
    "image-pull-failing",
    "error",
    3310,
    next_step="Look at the registry and the way from the nodes to it; the kubelet goes on trying.",
    cause="The registry or the network to it has a hiccup, or limits the rate.",
)
HPA_METRICS_MISSING = FindingType(
    "hpa-metrics-missing",
    "error",
    3320,
    next_step="Look at metrics-server (kubectl top pods) and at the target that the autoscaler names.",
    cause="The autoscaler cannot read its target or its metrics, so the release does not scale.",
)
GATEWAY_REFUSED = FindingType(
    "gateway-refused",
    "error",
    3330,
    next_step="Correct the listener or the certificate that is named (kubectl describe gateway).",
    cause="The gateway's controller cannot serve a listener as it is declared.",
)
ROUTE_REFUSED = FindingType(
    "route-refused",
    "error",
    3340,
    next_step="Correct the parent or the backend that is named (kubectl describe httproute).",
    cause="The gateway does not take the route, or its Service does not exist.",
)
ENDPOINTS_MISSING = FindingType(
    "endpoints-missing",
    "error",
    3350,
    next_step="Compare the Service's selector with the labels of the pods.",
    cause="The Service selects other labels than the pods have.",
)
PROGRESS_DEADLINE = FindingType(
    "progress-deadline",
    "error",
    3360,
    next_step=(
        "See the other findings and kubectl describe; raise workload_progress_deadline_seconds only if the start "
        "needs it."
    ),
    cause="No new pod became available in the time that the Deployment gives.",
)
NOT_READY = FindingType(
    "not-ready",
    "error",
    3370,
    next_step="Look at it with kubectl describe.",
    cause="No rule knows the cause.",
)
DISRUPTION_BUDGET_BLOCKS = FindingType(
    "disruption-budget-blocks",
    "warning",
    3380,
    next_step="Allow one pod to be unavailable (workload_disruption_max_unavailable), or run more replicas.",
    cause="The budget asks for as many healthy pods as there are: no node of theirs can be drained.",
)
TARGET_DOWN = FindingType(
    "target-down",
    "error",
    3390,
    next_step="See the error on Prometheus' page of targets; then the NetworkPolicy for metrics and the port.",
    cause="The pod serves, but nobody would notice when it fails: its metrics are out of reach.",
)
TARGET_MISSING = FindingType(
    "target-missing",
    "warning",
    3400,
    next_step=(
        "See whether Prometheus selects the ServiceMonitor (monitoring_selector_labels); a new pod takes a minute."
    ),
    cause="Prometheus does not select the release's ServiceMonitor, or has not discovered the pod yet.",
)
TARGETS_UNKNOWN = FindingType(
    "targets-unknown",
    "warning",
    3410,
    next_step="Correct prometheus_url and the token, or see why Prometheus does not answer.",
    cause="Prometheus is away, or is not where the inventory says.",
)
CERTIFICATE_RENEWAL_OVERDUE = FindingType(
    "certificate-renewal-overdue",
    "warning",
    3420,
    next_step="Look why it is not renewed: kubectl describe certificate,certificaterequest,order,challenge.",
    cause="The renewal is overdue or fails.",
)
HPA_CAPACITY_LIMITED = FindingType(
    "hpa-capacity-limited",
    "warning",
    3430,
    next_step="Add room (nodes, the largest size of the pool, the quota), or lower the autoscaler's maxReplicas.",
    cause="The autoscaler asks for more pods than the cluster or the namespace has room for.",
)
PREVIOUS_PODS_TERMINATING = FindingType(
    "previous-pods-terminating",
    "note",
    3440,
    next_step="None within their grace period; clients with open connections may still get the previous version.",
    cause="They finish requests that take long, or ignore SIGTERM until their grace period is over.",
)
NODE_NOT_READY = FindingType(
    "node-not-ready",
    "note",
    3450,
    next_step="Look at the node; its pods come up elsewhere.",
    cause="A node is not ready, or is being drained.",
)
PREVIOUS_REVISION_UNHEALTHY = FindingType(
    "previous-revision-unhealthy",
    "note",
    3460,
    next_step="Nothing to do for this release as long as its own pods replace them.",
    cause="Pods of an earlier revision had a fault already.",
)
