# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way of a request to the pods, and what scales and guards them. Pure."""

from __future__ import annotations

import typing as t

from ..._findings import registry
from ..facts import Live
from ..kinds.gateway_api import parents_of
from ..kinds.names import GATEWAY, ROUTES
from ..kinds.state import generation_of, older
from ..kinds.traffic import METRICS_REASONS, autoscaler_condition
from ..readiness import condition
from .problem import Problem
from .references import missing_reference
from .view import View, Workload, born, displayed, is_ready, is_seen, is_staying, moment

ROUTING, SELECTION, METRICS = 60.0, 30.0, 180.0
"""Seconds: for a gateway's controller to see all it refers to, for endpoints to follow the pods, for first metrics."""
PENDING = ("Pending", "AddressNotAssigned")
SERVICE_LABEL = "kubernetes.io/service-name"


def problems(view: View) -> t.Iterator[Problem]:
    for kind, rule in RULES.items():
        for item in view.declared(kind):
            yield from rule(view, item)


def unrouted(view: View, service: Live) -> str:
    """What is missing for the Service to reach every ready pod of the release that it selects."""
    if leads_nowhere(view, service):
        return "it reaches no pod"
    if not view.is_observed("EndpointSlice") or not selector(service):
        return ""
    pods = {pod["metadata"]["name"] for pod in selected(view, service) if is_ready(pod)}
    lacking = pods - reached(view, service)
    return f"{len(pods) - len(lacking)} of {len(pods)} ready pods are among its endpoints" if lacking else ""


def leads_nowhere(view: View, service: Live) -> bool:
    """Whether the Service reaches no pod at all although every pod of the release is ready for it."""
    pods = _servers(view)
    can_reach = not selector(service) or bool(selected(view, service)) or _is_for_templates(view, service)
    is_served = bool(pods) and all(map(is_ready, pods))
    return is_served and not can_reach and view.is_observed("EndpointSlice") and not reached(view, service)


def _is_for_templates(view: View, service: Live) -> bool:
    """Whether it selects what a workload of the release would run: one that is scaled to 0, or the other colour."""
    wanted = selector(service).items()
    templates = (workload.live["spec"].get("template") or {} for workload in view.workloads)
    return any(wanted <= ((each.get("metadata") or {}).get("labels") or {}).items() for each in templates)


def _servers(view: View) -> list[Live]:
    return [pod for workload in view.workloads if workload.kind != "Job" for pod in workload.pods]


def selector(service: Live) -> dict[str, str]:
    spec = service.get("spec") or {}
    return {} if spec.get("type") == "ExternalName" else dict(spec.get("selector") or {})


def selected(view: View, service: Live) -> list[Live]:
    """The newest pods of the release with the labels that the Service selects."""
    wanted = selector(service).items()
    namespace = service["metadata"].get("namespace")
    pods = (pod for workload in view.workloads for pod in workload.pods if workload.namespace == namespace)
    return [pod for pod in pods if is_staying(pod) and wanted <= (pod["metadata"].get("labels") or {}).items()]


def reached(view: View, service: Live) -> set[str]:
    """The names of the pods that are ready endpoints of the Service."""
    metadata = service["metadata"]
    return {
        (endpoint.get("targetRef") or {}).get("name", "")
        for piece in view.of_kind("EndpointSlice")
        if (piece["metadata"].get("labels") or {}).get(SERVICE_LABEL) == metadata["name"]
        and piece["metadata"].get("namespace") == metadata.get("namespace")
        for endpoint in piece.get("endpoints") or ()
        if (endpoint.get("conditions") or {}).get("ready") is not False
    }


def _service(view: View, service: Live) -> t.Iterator[Problem]:
    """A Service of the release that selects none of its pods, once they are ready."""
    if leads_nowhere(view, service):
        since = max(map(ready_at, _servers(view)))
        words = ", ".join(f"{name}={value}" for name, value in sorted(selector(service).items()))
        yield Problem(
            registry.ENDPOINTS_MISSING,
            displayed(service),
            f"no pod has the labels that it selects ({words}), so it leads nowhere",
            since,
            fatal_at=since + SELECTION,
        )


def _gateway(view: View, gateway: Live) -> t.Iterator[Problem]:
    status = gateway.get("status") or {}
    listeners = [(f"listener {entry['name']}: ", entry) for entry in status.get("listeners") or ()]
    for part, holder in [*listeners, ("", status)]:
        for kind in ("Accepted", "ResolvedRefs", "Programmed"):
            found = condition({"status": holder}, kind)
            if found.get("status") == "False" and found.get("reason") not in PENDING:
                if is_outdated(found, gateway):
                    continue
                since = moment(found.get("lastTransitionTime"))
                said = str(found.get("message") or found.get("reason", ""))
                missing = missing_reference(view, str(gateway["metadata"].get("namespace", "")), said)
                grace = missing.grace if missing else ROUTING
                yield Problem(registry.GATEWAY_REFUSED, displayed(gateway), part + said, since, fatal_at=since + grace)
                return


def is_outdated(found: Live, live: Live) -> bool:
    """Whether a condition was told of an older generation."""
    return bool(older(found.get("observedGeneration", generation_of(live)), live))


def _route(_case: View, route: Live) -> t.Iterator[Problem]:
    for parent in (entry for _parent, told in parents_of(route) for entry in told):
        for kind in ("Accepted", "ResolvedRefs"):
            found = condition({"status": parent}, kind)
            if found.get("status") == "False" and not is_outdated(found, route):
                since = moment(found.get("lastTransitionTime"))
                said = found.get("message") or found.get("reason", "")
                words = f"gateway {(parent.get('parentRef') or {}).get('name', '')}: {said}"
                yield Problem(registry.ROUTE_REFUSED, displayed(route), words, since, fatal_at=since + ROUTING)
                return


def _autoscaler(view: View, autoscaler: Live) -> t.Iterator[Problem]:
    """Metrics of new pods take a while; time counts from the moment at which the last of them was ready."""
    off = disabled(view, autoscaler)
    if off:
        yield Problem(registry.HPA_DISABLED, displayed(autoscaler), off, fatal_at=view.now)
        return
    if is_young(view, autoscaler):
        said = "; ".join(filter(None, [autoscaler_condition(autoscaler, "ScalingActive").get("message")]))
        words = f"its pods are younger than their metrics, so it does not scale yet{f': {said}' if said else ''}"
        yield Problem(registry.HPA_METRICS_PENDING, displayed(autoscaler), words)
        return
    for kind in ("AbleToScale", "ScalingActive"):
        found = autoscaler_condition(autoscaler, kind)
        if found.get("status") == "False" and found.get("reason") != "ScalingDisabled":
            targets = targets_of(view, autoscaler)
            pods = [pod for workload in targets for pod in workload.pods]
            can_be_measured = all(map(is_ready, pods)) and (pods or not targets)
            ready = [ready_at(pod) for pod in pods]
            since = moment(found.get("lastTransitionTime"))
            yield Problem(
                registry.HPA_METRICS_MISSING,
                displayed(autoscaler),
                str(found.get("message") or found.get("reason", "")),
                since,
                fatal_at=max([since, *ready]) + METRICS if can_be_measured else None,
                reported=False,
            )
            return


def is_young(view: View, autoscaler: Live) -> bool:
    """Whether it lacks metrics because it, or a pod of its target, is younger than they are: that passes away."""
    states = [autoscaler_condition(autoscaler, kind) for kind in ("AbleToScale", "ScalingActive")]
    if all(state.get("status") == "True" for state in states):
        return False
    lacking = [state for state in states if state and state.get("status") != "True"]
    if any(state.get("reason") not in METRICS_REASONS for state in lacking):
        return False
    pods = [pod for workload in targets_of(view, autoscaler) for pod in workload.pods]
    starts = [0.0 if lacking else born(autoscaler), *map(ready_at, pods)]
    return max(starts) + METRICS > view.now


def disabled(view: View, autoscaler: Live) -> str:
    """That its target was scaled to 0 although it wants at least one pod, or an empty string."""
    for workload in targets_of(view, autoscaler):
        if is_seen(workload.live) and workload.replicas == 0 and least(autoscaler) > 0:
            return f"its target {workload.name} was scaled to 0, which turns it off: nothing scales it up again"
    return ""


def targets_of(view: View, autoscaler: Live) -> list[Workload]:
    """The workload that it scales, as far as it is of the release."""
    target = (autoscaler.get("spec") or {}).get("scaleTargetRef") or {}
    key = target.get("kind"), autoscaler["metadata"].get("namespace", ""), target.get("name")
    return [each for each in view.workloads if (each.kind, each.namespace, each.live["metadata"]["name"]) == key]


def least(autoscaler: Live) -> int:
    """How many pods it wants at least."""
    found = (autoscaler.get("spec") or {}).get("minReplicas")
    return 1 if found is None else int(found)


def ready_at(pod: Live) -> float:
    """Since when the pod is ready, or is not."""
    return moment(condition(pod, "Ready").get("lastTransitionTime"))


def _budget(_case: View, budget: Live) -> t.Iterator[Problem]:
    status = budget.get("status") or {}
    pods, needed = int(status.get("expectedPods", 0)), int(status.get("desiredHealthy", 0))
    if 0 < pods <= needed:
        words = f"it asks for {needed} healthy pods of {pods}, so it never allows a disruption"
        yield Problem(registry.DISRUPTION_BUDGET_BLOCKS, displayed(budget), words)


RULES: dict[str, t.Callable[[View, Live], t.Iterator[Problem]]] = {
    GATEWAY: _gateway,
    **dict.fromkeys(ROUTES, _route),
    "HorizontalPodAutoscaler": _autoscaler,
    "PodDisruptionBudget": _budget,
    "Service": _service,
}
