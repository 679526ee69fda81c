# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When each running pod came up, as its own conditions tell. Pure."""

from __future__ import annotations

import typing as t

from .._health.facts import Live
from .._health.pod_phases import FAILING, lasting_containers, phase_of


class PodHistory(t.TypedDict):
    """One pod of a release; the times are ISO 8601, and empty for what has not come."""

    name: str
    node: str
    restarts: int
    created: str
    scheduled: str
    ready: str
    failing: bool


def course_of(pod: Live) -> PodHistory:
    """When the pod was created, scheduled and ready, where it runs, and whether it fails."""
    status = pod.get("status") or {}
    reached = {
        each["type"]: str(each.get("lastTransitionTime") or "")
        for each in status.get("conditions") or ()
        if each.get("status") == "True"
    }
    return {
        "name": pod["metadata"]["name"],
        "node": (pod.get("spec") or {}).get("nodeName") or "",
        "restarts": sum(int(each.get("restartCount") or 0) for each in lasting_containers(pod)),
        "created": str(pod["metadata"].get("creationTimestamp") or ""),
        "scheduled": reached.get("PodScheduled", ""),
        "ready": reached.get("Ready", ""),
        "failing": phase_of(pod) == FAILING,
    }
