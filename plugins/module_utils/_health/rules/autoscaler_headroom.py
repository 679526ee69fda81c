# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods that an autoscaler asks for beyond its least and that there is no room for: no fault of the release. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from ..._objects.label_selector import selects
from .. import catalogue
from ..facts import Live
from .problem import Trouble
from .view import Case, Workload, is_ready, shown

ROOM = (catalogue.UNSCHEDULABLE, catalogue.QUOTA_EXCEEDED)


def excused(case: Case, trouble: Trouble) -> Trouble:
    """The trouble as a warning, if it only keeps an autoscaler from its peak."""
    workload = next((each for each in case.workloads if each.name == trouble.object), None)
    if trouble.check not in ROOM or workload is None or not _is_complete(case, workload):
        return trouble
    ready = sum(map(is_ready, workload.pods))
    words = f"its autoscaler asks for {workload.replicas} pods and {ready} are ready: {trouble.message}"
    return dataclasses.replace(trouble, check=catalogue.AUTOSCALER_STARVED, message=words)


def starved(case: Case, found: t.Iterable[Trouble], now: float) -> frozenset[str]:
    """Workloads, and their budgets, that lack nothing else than such pods, once those have been waited for."""
    troubles = [trouble for trouble in found if trouble.check is catalogue.AUTOSCALER_STARVED]
    names = {trouble.object for trouble in troubles if (trouble.fatal_at or 0.0) <= now}
    pods = [pod for workload in case.workloads if workload.name in names for pod in workload.pods]
    budgets = case.declared("PodDisruptionBudget")
    return frozenset({*names, *(shown(budget) for budget in budgets if any(_guards(budget, pod) for pod in pods))})


def _guards(budget: Live, pod: Live) -> bool:
    is_near = budget["metadata"].get("namespace") == pod["metadata"].get("namespace")
    return is_near and selects((budget.get("spec") or {}).get("selector"), pod["metadata"].get("labels") or {})


def _is_complete(case: Case, workload: Workload) -> bool:
    """Whether the rollout is done: nothing is old, what has a place is ready, and as many are asked for at least."""
    placed = [pod for pod in workload.pods if (pod.get("spec") or {}).get("nodeName")]
    least = _least(case, workload)
    return bool(least) and not workload.former and all(map(is_ready, placed)) and len(placed) >= least


def _least(case: Case, workload: Workload) -> int:
    """How many pods the release's autoscaler wants at least; 0 where the workload has none."""
    for autoscaler in case.declared("HorizontalPodAutoscaler"):
        spec = autoscaler.get("spec") or {}
        target = spec.get("scaleTargetRef") or {}
        place = str(autoscaler["metadata"].get("namespace", ""))
        name = str(workload.live["metadata"]["name"])
        if (target.get("kind"), place, target.get("name")) == (workload.kind, workload.namespace, name):
            return int(spec.get("minReplicas") or 1)
    return 0
