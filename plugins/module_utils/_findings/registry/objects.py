# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What objects of any kind say of themselves, and what is worth knowing of those that are ready."""

from __future__ import annotations

from ..finding import FindingType

OBJECT_TERMINATING = FindingType(
    "object-terminating",
    "error",
    3015,
    next_step="Let what holds it go (its finalizers are named), or remove them; when it is gone, deploy again.",
    cause="It was deleted, and is held until its owner has cleaned up. It goes then, whatever is applied to it.",
)
UPDATE_BLOCKED = FindingType(
    "update-blocked",
    "error",
    3035,
    next_step="Delete the pod: its StatefulSet makes it anew of the newest revision.",
    cause="With podManagementPolicy OrderedReady a StatefulSet waits for a broken pod instead of replacing it.",
)
POD_FAILED = FindingType(
    "pod-failed",
    "error",
    3292,
    next_step="Read its log, correct the cause, delete the pod and deploy again.",
    cause="A pod that no controller made has ended, and nothing starts it again.",
)
RESOURCE_FAILED = FindingType(
    "resource-failed",
    "error",
    3294,
    next_step="Correct what its controller names (kubectl describe), then deploy again.",
    cause="Its controller says that it goes no further by itself.",
)
READINESS_FAILING = FindingType(
    "readiness-failing",
    "error",
    3302,
    next_step="See what the endpoint answers: it names the dependency or setting that is wrong.",
    cause="The application is still starting, or a dependency does not answer.",
    severity_text="error, shown as a warning as long as it is waited for",
)
HPA_DISABLED = FindingType(
    "hpa-disabled",
    "error",
    3325,
    next_step="Scale it up (kubectl scale), which turns the autoscaler on again, or leave the autoscaler out.",
    cause="The workload was scaled to 0, and an autoscaler leaves such a one alone.",
)
DISRUPTION_BUDGET_UNMET = FindingType(
    "disruption-budget-unmet",
    "note",
    3385,
    next_step="Lower minAvailable, correct the selector, or run more replicas.",
    cause="The budget selects fewer pods than it asks to be healthy, or none.",
)
HPA_METRICS_PENDING = FindingType(
    "hpa-metrics-pending",
    "note",
    3442,
    next_step="Look again after three minutes: ansible-playbook intelgraph.maestro.validate.",
    cause="Metrics of a pod exist after one or two of metrics-server's rounds.",
)
PODS_OUTDATED = FindingType(
    "pods-outdated",
    "note",
    3444,
    next_step="Delete the pods when they may be replaced, or lower the partition.",
    cause="The update strategy (OnDelete, a partition) leaves it to you when pods take a change.",
)
RESOURCE_SUSPENDED = FindingType(
    "resource-suspended",
    "note",
    3446,
    next_step="Set suspend to false in its manifest when it is to run.",
    cause="Its manifest says so.",
)
RESOURCE_NOT_JUDGED = FindingType(
    "resource-not-judged",
    "note",
    3448,
    next_step="Look at it with kubectl describe; docs/kinds.md says what is known of kinds.",
    cause="No controller reports a status that follows the conventions of Kubernetes.",
)
