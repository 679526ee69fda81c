# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every rule of the posture, the gravest first: what it demands, what its breach costs, and the function that looks."""

from __future__ import annotations

import typing as t

from .._findings import registry
from .._findings.finding import FindingType
from . import rules_availability, rules_ingress, rules_security
from .view import PostureView
from .violation import Violation


class PostureRule(t.NamedTuple):
    """One rule. `demand` is what holds when it is kept; `cost` what a violation means for the service."""

    finding_type: FindingType
    demand: str
    cost: str
    violations: t.Callable[[PostureView], t.Iterator[Violation]]

    @property
    def id(self) -> str:
        return self.finding_type.id


PERMISSIONS = PostureRule(
    registry.POSTURE_PERMISSIONS,
    "The ServiceAccount may do what the release's Role grants: no more, no less.",
    "The application can do what nobody decided, or lacks what it needs.",
    rules_security.permissions,
)
POD_SECURITY = PostureRule(
    registry.POSTURE_POD_SECURITY,
    "The namespace enforces Pod Security restricted, pinned to a version.",
    "Anybody who may create pods here may run one with the node's powers.",
    rules_security.pod_security,
)
CONTAINER = PostureRule(
    registry.POSTURE_CONTAINER,
    "Containers run as UID 10001 with a read-only root, no capability, a seccomp profile and limits.",
    "Who breaks into the application can do more than the application.",
    rules_security.container,
)
SERVICE_ACCOUNT = PostureRule(
    registry.POSTURE_SERVICE_ACCOUNT,
    "Pods have a ServiceAccount of their own, and its token only where it is needed.",
    "Who breaks into the application can talk to the API server in its name.",
    rules_security.service_account,
)
NETWORK = PostureRule(
    registry.POSTURE_NETWORK,
    "Nothing connects to or from the pods but what a policy names.",
    "A pod that is broken into reaches everything in the cluster.",
    rules_security.network,
)
INGRESS = PostureRule(
    registry.POSTURE_INGRESS,
    "Every host is served by TLS and behind a rate limit.",
    "Credentials travel in clear text, or one client can use up the service.",
    rules_ingress.ingress,
)
DISRUPTION = PostureRule(
    registry.POSTURE_DISRUPTION,
    "A drain may always go on, and leaves two pods.",
    "Node upgrades hang for ever, or take too many pods at once.",
    rules_availability.disruption,
)
ROLLOUT = PostureRule(
    registry.POSTURE_ROLLOUT,
    "A new revision takes no ready pod away, and a pod that ends finishes its requests.",
    "A rollout or a drain loses requests.",
    rules_availability.rollout,
)
AUTOSCALING = PostureRule(
    registry.POSTURE_AUTOSCALING,
    "The autoscaler alone decides on replicas, keeps at least 3, and shrinks slowly.",
    "Under load the service stays small, or it shrinks to less than one lost zone needs.",
    rules_availability.autoscaling,
)
SPREAD = PostureRule(
    registry.POSTURE_SPREAD,
    "Pods spread over zones and prefer different nodes, and never refuse to share one.",
    "One node or zone lost takes the service down, or a rollout finds no place for a new pod.",
    rules_availability.spread,
)
SETTINGS = PostureRule(
    registry.POSTURE_SETTINGS,
    "Settings and secrets that pods read are immutable and named by their content.",
    "A change reaches pods at different times, and a rollback does not bring the old values back.",
    rules_security.settings,
)
MONITORING = PostureRule(
    registry.POSTURE_MONITORING,
    "Prometheus finds the pods, and the four alerts of the service exist.",
    "An outage is learnt from users.",
    rules_ingress.monitoring,
)

RULES = (
    PERMISSIONS,
    POD_SECURITY,
    CONTAINER,
    SERVICE_ACCOUNT,
    NETWORK,
    INGRESS,
    DISRUPTION,
    ROLLOUT,
    AUTOSCALING,
    SPREAD,
    SETTINGS,
    MONITORING,
)
