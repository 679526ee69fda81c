# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kinds that bring requests to pods, scale and guard them, by the status that their controllers keep. Pure."""

from __future__ import annotations

import json
import typing as t

from .state import READY, Live, Rule, State, condition, count, spec_of, status_of, unobserved

CONDITIONS_OF_V1 = "autoscaling.alpha.kubernetes.io/conditions"
"""Annotation in which an autoscaler that is read as autoscaling/v1 bears its conditions."""
METRICS_REASONS = frozenset({"FailedGetResourceMetric", "FailedGetContainerResourceMetric"})
"""Why ScalingActive is False while metrics-server has not measured a pod yet, or does not answer."""
NO_ADDRESS = "it has no address yet"


def _service(live: Live) -> State:
    balanced = status_of(live).get("loadBalancer") or {}
    if spec_of(live).get("type") == "LoadBalancer" and not balanced.get("ingress"):
        return State("its load balancer has no address yet")
    return READY


def _ingress(live: Live) -> State:
    balanced = status_of(live).get("loadBalancer") or {}
    return READY if balanced.get("ingress") else State(NO_ADDRESS)


def autoscaler_condition(live: Live, kind: str) -> Live:
    """The condition of an autoscaler in either version of its API."""
    found = condition(live, kind)
    text = (live["metadata"].get("annotations") or {}).get(CONDITIONS_OF_V1)
    if found or not text:
        return found
    try:
        entries = json.loads(text)
    except ValueError:
        return {}
    return next((t.cast(Live, entry) for entry in entries if entry.get("type") == kind), {})


def _autoscaler(live: Live) -> State:
    """Not every version of Kubernetes tells which generation its conditions are of."""
    is_told = status_of(live).get("observedGeneration") is not None
    if is_told and unobserved(live):
        return State(unobserved(live))
    for kind in ("AbleToScale", "ScalingActive"):
        found = autoscaler_condition(live, kind)
        if found.get("status") != "True" and found.get("reason") != "ScalingDisabled":
            return State(str(found.get("message") or f"its condition {kind} is not reported yet"))
    return READY


def _disruption_budget(live: Live) -> State:
    """Healthy pods as asked for, and one more where there are that many: a drain can go on."""
    status = status_of(live)
    healthy, desired = count(status, "currentHealthy"), count(status, "desiredHealthy")
    if unobserved(live):
        return State(unobserved(live))
    unmet = unsatisfiable(live)
    if unmet:
        return State(note=unmet)
    if healthy < desired:
        return State(f"{healthy} of {desired} pods are healthy")
    is_blocked = desired < count(status, "expectedPods") and not status.get("disruptionsAllowed")
    return State("it allows no disruption yet") if is_blocked else READY


def unsatisfiable(live: Live) -> str:
    """That no number of ready pods meets the budget, since it asks for more than there are to be."""
    expected, desired = count(status_of(live), "expectedPods"), count(status_of(live), "desiredHealthy")
    if desired <= expected or "expectedPods" not in status_of(live):
        return ""
    pods = f"{expected} pods are" if expected != 1 else "1 pod is"
    return f"it asks for {desired} healthy pods where only {pods} to be there, so it can never be met"


API = "https://kubernetes.io/docs/"
RULES: dict[str, Rule] = {
    "HorizontalPodAutoscaler": Rule(
        _autoscaler,
        "Its conditions AbleToScale and ScalingActive are True, or scaling is off because its target has no pods (also "
        "minReplicas 0). One whose pods are younger than the window of their metrics holds nothing up and is said; "
        "autoscaling/v1 is read as v2",
        "Its metrics are missing 3 minutes after its pods were ready; its target was scaled to 0 by hand",
        "Its target or a metric that is no resource cannot be read yet",
        f"{API}tasks/run-application/horizontal-pod-autoscale/",
    ),
    "Ingress": Rule(
        _ingress,
        "Its controller has published an address (status.loadBalancer)",
        waited="It has no address",
        source=f"{API}concepts/services-networking/ingress/",
    ),
    "PodDisruptionBudget": Rule(
        _disruption_budget,
        "Its generation is observed, and as many pods are healthy as it asks for. One that selects nothing or can "
        "never be met is said, not failed",
        waited="Pods become healthy",
        source=f"{API}concepts/workloads/pods/disruptions/",
    ),
    "Service": Rule(
        _service,
        "Every ready pod that it selects is among its endpoints; one of type LoadBalancer has an address. One over a "
        "workload that is scaled to 0, or over pods of another release, needs none of its own",
        "It selects none of the release's pods although all of them are ready, and has no other endpoints",
        "Endpoints follow the pods, the load balancer is made",
        f"{API}concepts/services-networking/service/",
    ),
}
