# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which rule of a safe deployment is broken, the gravest first."""

from __future__ import annotations

from ..finding import FindingType

VARIES = "error where only the live objects break the rule, warning where the release declares it so"

POSTURE_PERMISSIONS = FindingType(
    "posture-permissions",
    "error",
    5010,
    next_step="Remove the binding that is named, or declare the rule in namespace_rbac_rules and deploy.",
    cause="The live object was changed, or the release declares it so.",
)
POSTURE_POD_SECURITY = FindingType(
    "posture-pod-security",
    "error",
    5020,
    next_step="Deploy again with namespace_manage, or label the namespace yourself; see namespace_pod_security_*.",
    cause="The live object was changed, or the release declares it so.",
    severity_text=VARIES,
)
POSTURE_CONTAINER = FindingType(
    "posture-container",
    "error",
    5030,
    next_step="Deploy again; look who changes pods (a mutating webhook, an edit) when it comes back.",
    cause="The live object was changed, or the release declares it so.",
    severity_text=VARIES,
)
POSTURE_SERVICE_ACCOUNT = FindingType(
    "posture-service-account",
    "error",
    5040,
    next_step="Deploy again, or switch namespace_service_account_token off.",
    cause="The live object was changed, or the release declares it so.",
    severity_text=VARIES,
)
POSTURE_NETWORK = FindingType(
    "posture-network",
    "error",
    5050,
    next_step=(
        "Deploy again with namespace_network_policies_enabled; remove the policy that is named if it is not yours."
    ),
    cause="The live object was changed, or the release declares it so.",
    severity_text=VARIES,
)
POSTURE_INGRESS = FindingType(
    "posture-ingress",
    "error",
    5060,
    next_step="Deploy again, or correct ingress_tls_* and ingress_rate_limit_*.",
    cause="The live object was changed, or the release declares it so.",
    severity_text=VARIES,
)
POSTURE_DISRUPTION = FindingType(
    "posture-disruption",
    "error",
    5070,
    next_step=(
        "Deploy again, or correct workload_disruption_max_unavailable; remove a budget that is not the release's."
    ),
    cause="The live object was changed, or the release declares it so.",
    severity_text=VARIES,
)
POSTURE_ROLLOUT = FindingType(
    "posture-rollout",
    "error",
    5080,
    next_step=(
        "Deploy again, or correct workload_rolling_*, workload_pre_stop_seconds, workload_termination_grace_seconds."
    ),
    cause="The live object was changed, or the release declares it so.",
    severity_text=VARIES,
)
POSTURE_AUTOSCALING = FindingType(
    "posture-autoscaling",
    "error",
    5090,
    next_step="Deploy again, or correct workload_autoscaling_*; let nothing else write spec.replicas.",
    cause="The live object was changed, or the release declares it so.",
    severity_text=VARIES,
)
POSTURE_SPREAD = FindingType(
    "posture-spread",
    "error",
    5100,
    next_step="Deploy again, or correct workload_zone_spread and the nodes' zone labels.",
    cause="The live object was changed, or the release declares it so.",
    severity_text=VARIES,
)
POSTURE_SETTINGS = FindingType(
    "posture-settings",
    "error",
    5110,
    next_step="Deploy again: the release makes a new object for each content.",
    cause="The live object was changed, or the release declares it so.",
    severity_text=VARIES,
)
POSTURE_MONITORING = FindingType(
    "posture-monitoring",
    "error",
    5120,
    next_step="Deploy again, or correct monitoring_scraping_enabled and monitoring_rules_enabled.",
    cause="The live object was changed, or the release declares it so.",
    severity_text=VARIES,
)
