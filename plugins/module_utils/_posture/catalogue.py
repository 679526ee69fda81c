# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every rule of the posture, declared once: id, what it demands, why, what to do. Pages: docs/findings."""

from __future__ import annotations

import typing as t


class Rule(t.NamedTuple):
    """One rule. `demand` is what holds when it is kept; `cost` what its breach means for the service."""

    id: str
    demand: str
    cost: str
    next_step: str


PERMISSIONS = Rule(
    "posture-permissions",
    "The ServiceAccount may do what the release's Role grants: no more, no less.",
    "The application can do what nobody decided, or lacks what it needs.",
    "Remove the binding that is named, or declare the rule in namespace_rbac_rules and deploy.",
)
POD_SECURITY = Rule(
    "posture-pod-security",
    "The namespace enforces Pod Security restricted, pinned to a version.",
    "Anybody who may create pods here may run one with the node's powers.",
    "Deploy again with namespace_manage, or label the namespace yourself; see namespace_pod_security_*.",
)
CONTAINER = Rule(
    "posture-container",
    "Containers run as UID 10001 with a read-only root, no capability, a seccomp profile and limits.",
    "Who breaks into the application can do more than the application.",
    "Deploy again; look who changes pods (a mutating webhook, an edit) when it comes back.",
)
SERVICE_ACCOUNT = Rule(
    "posture-service-account",
    "Pods have a ServiceAccount of their own, and its token only where it is needed.",
    "Who breaks into the application can talk to the API server in its name.",
    "Deploy again, or switch namespace_service_account_token off.",
)
NETWORK = Rule(
    "posture-network",
    "Nothing connects to or from the pods but what a policy names.",
    "A pod that is broken into reaches everything in the cluster.",
    "Deploy again with namespace_network_policies_enabled; remove the policy that is named if it is not yours.",
)
INGRESS = Rule(
    "posture-ingress",
    "Every host is served by TLS and behind a rate limit.",
    "Credentials travel in clear text, or one client can use up the service.",
    "Deploy again, or correct ingress_tls_* and ingress_rate_limit_*.",
)
DISRUPTION = Rule(
    "posture-disruption",
    "A drain may always go on, and leaves two pods.",
    "Node upgrades hang for ever, or take too many pods at once.",
    "Deploy again, or correct workload_disruption_max_unavailable; remove a budget that is not the release's.",
)
ROLLOUT = Rule(
    "posture-rollout",
    "A new revision takes no ready pod away, and a pod that ends finishes its requests.",
    "A rollout or a drain loses requests.",
    "Deploy again, or correct workload_rolling_*, workload_pre_stop_seconds, workload_termination_grace_seconds.",
)
AUTOSCALING = Rule(
    "posture-autoscaling",
    "The autoscaler alone decides on replicas, keeps at least 3, and shrinks slowly.",
    "Under load the service stays small, or it shrinks to less than one lost zone needs.",
    "Deploy again, or correct workload_autoscaling_*; let nothing else write spec.replicas.",
)
SPREAD = Rule(
    "posture-spread",
    "Pods spread over zones and prefer different nodes, and never refuse to share one.",
    "One node or zone lost takes the service down, or a rollout finds no place for a new pod.",
    "Deploy again, or correct workload_zone_spread and the nodes' zone labels.",
)
SETTINGS = Rule(
    "posture-settings",
    "Settings and secrets that pods read are immutable and named by their content.",
    "A change reaches pods at different times, and a rollback does not bring the old values back.",
    "Deploy again: the release makes a new object for each content.",
)
MONITORING = Rule(
    "posture-monitoring",
    "Prometheus finds the pods, and the four alerts of the service exist.",
    "An outage is learnt from users.",
    "Deploy again, or correct monitoring_scraping_enabled and monitoring_rules_enabled.",
)

ALL: tuple[Rule, ...] = tuple(value for value in dict(globals()).values() if isinstance(value, Rule))
"""The gravest first: in this order their breaches are told."""
