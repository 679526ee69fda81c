# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way of a request to the pods, and what scales and guards them. Pure."""

from __future__ import annotations

import typing as t

from ..._findings import registry
from ..facts import Live
from ..readiness import condition
from .problem import Problem
from .references import missing_reference
from .view import View, displayed, is_ready, is_staying, moment

ROUTING, SELECTION, METRICS = 60.0, 30.0, 180.0
"""Seconds: for a gateway's controller to see all it refers to, for endpoints to follow the pods, for first metrics."""
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
    can_reach = not selector(service) or bool(selected(view, service))
    is_served = bool(pods) and all(map(is_ready, pods))
    return is_served and not can_reach and view.is_observed("EndpointSlice") and not reached(view, service)


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
        since = max(moment(condition(pod, "Ready").get("lastTransitionTime")) for pod in _servers(view))
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
            if found.get("status") == "False" and found.get("reason") not in ("Pending", "AddressNotAssigned"):
                since = moment(found.get("lastTransitionTime"))
                said = str(found.get("message") or found.get("reason", ""))
                missing = missing_reference(view, str(gateway["metadata"].get("namespace", "")), said)
                grace = missing.grace if missing else ROUTING
                yield Problem(registry.GATEWAY_REFUSED, displayed(gateway), part + said, since, fatal_at=since + grace)
                return


def _route(_case: View, route: Live) -> t.Iterator[Problem]:
    for parent in (route.get("status") or {}).get("parents") or ():
        for kind in ("Accepted", "ResolvedRefs"):
            found = condition({"status": parent}, kind)
            if found.get("status") == "False":
                since = moment(found.get("lastTransitionTime"))
                said = found.get("message") or found.get("reason", "")
                words = f"gateway {(parent.get('parentRef') or {}).get('name', '')}: {said}"
                yield Problem(registry.ROUTE_REFUSED, displayed(route), words, since, fatal_at=since + ROUTING)
                return


def _autoscaler(view: View, autoscaler: Live) -> t.Iterator[Problem]:
    """Metrics of new pods take a while; time counts from the moment at which the last of them was ready."""
    for kind in ("AbleToScale", "ScalingActive"):
        found = condition(autoscaler, kind)
        if found.get("status") == "False" and found.get("reason") != "ScalingDisabled":
            pods = [pod for workload in view.workloads for pod in workload.pods]
            can_be_measured = all(map(is_ready, pods)) and (pods or not view.workloads)
            ready = [moment(condition(pod, "Ready").get("lastTransitionTime")) for pod in pods]
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


def _budget(_case: View, budget: Live) -> t.Iterator[Problem]:
    status = budget.get("status") or {}
    pods, needed = int(status.get("expectedPods", 0)), int(status.get("desiredHealthy", 0))
    if 0 < pods <= needed:
        words = f"it asks for {needed} healthy pods of {pods}, so it never allows a disruption"
        yield Problem(registry.DISRUPTION_BUDGET_BLOCKS, displayed(budget), words)


RULES: dict[str, t.Callable[[View, Live], t.Iterator[Problem]]] = {
    "Gateway": _gateway,
    "HTTPRoute": _route,
    "HorizontalPodAutoscaler": _autoscaler,
    "PodDisruptionBudget": _budget,
    "Service": _service,
}
