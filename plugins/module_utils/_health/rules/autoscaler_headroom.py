# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods that an autoscaler asks for beyond its least and that there is no room for: no fault of the release. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from ..._findings import registry
from ..._objects.label_selector import selects
from ..facts import Live
from .problem import Problem
from .view import View, Workload, displayed, is_ready

ROOM = (registry.UNSCHEDULABLE, registry.QUOTA_EXCEEDED)


def excused(view: View, problem: Problem) -> Problem:
    """The trouble as a warning, if it only keeps an autoscaler from its peak."""
    workload = next((each for each in view.workloads if each.name == problem.object), None)
    if problem.check not in ROOM or workload is None or not _is_complete(view, workload):
        return problem
    ready = sum(map(is_ready, workload.pods))
    words = f"its autoscaler asks for {workload.replicas} pods and {ready} are ready: {problem.message}"
    return dataclasses.replace(problem, check=registry.HPA_CAPACITY_LIMITED, message=words)


def starved(view: View, found: t.Iterable[Problem], now: float) -> frozenset[str]:
    """Workloads, and their budgets, that lack nothing else than such pods, once those have been waited for."""
    problems = [problem for problem in found if problem.check is registry.HPA_CAPACITY_LIMITED]
    names = {problem.object for problem in problems if (problem.fatal_at or 0.0) <= now}
    pods = [pod for workload in view.workloads if workload.name in names for pod in workload.pods]
    budgets = view.declared("PodDisruptionBudget")
    return frozenset({*names, *(displayed(budget) for budget in budgets if any(_guards(budget, pod) for pod in pods))})


def _guards(budget: Live, pod: Live) -> bool:
    is_near = budget["metadata"].get("namespace") == pod["metadata"].get("namespace")
    return is_near and selects((budget.get("spec") or {}).get("selector"), pod["metadata"].get("labels") or {})


def _is_complete(view: View, workload: Workload) -> bool:
    """Whether the rollout is done: nothing is old, what has a place is ready, and as many are asked for at least."""
    placed = [pod for pod in workload.pods if (pod.get("spec") or {}).get("nodeName")]
    least = _least(view, workload)
    return bool(least) and not workload.previous and all(map(is_ready, placed)) and len(placed) >= least


def _least(view: View, workload: Workload) -> int:
    """How many pods the release's autoscaler wants at least; 0 where the workload has none."""
    for autoscaler in view.declared("HorizontalPodAutoscaler"):
        spec = autoscaler.get("spec") or {}
        target = spec.get("scaleTargetRef") or {}
        place = str(autoscaler["metadata"].get("namespace", ""))
        name = str(workload.live["metadata"]["name"])
        if (target.get("kind"), place, target.get("name")) == (workload.kind, workload.namespace, name):
            return int(spec.get("minReplicas") or 1)
    return 0
