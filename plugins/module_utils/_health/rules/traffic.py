# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way of a request to the pods, and what scales and guards them. Pure."""

from __future__ import annotations

import typing as t

from .. import catalogue
from ..facts import Live
from ..readiness import condition
from .problem import Trouble
from .references import missing_reference
from .view import Case, is_ready, is_staying, moment, shown

ROUTING, SELECTION, METRICS = 60.0, 30.0, 180.0
"""Seconds: for a gateway's controller to see all it refers to, for endpoints to follow the pods, for first metrics."""
SERVICE_LABEL = "kubernetes.io/service-name"


def troubles(case: Case) -> t.Iterator[Trouble]:
    for kind, rule in RULES.items():
        for item in case.declared(kind):
            yield from rule(case, item)


def unrouted(case: Case, service: Live) -> str:
    """What is missing for the Service to reach every ready pod of the release that it selects."""
    if leads_nowhere(case, service):
        return "it reaches no pod"
    if not case.is_observed("EndpointSlice") or not selector(service):
        return ""
    pods = {pod["metadata"]["name"] for pod in selected(case, service) if is_ready(pod)}
    lacking = pods - reached(case, service)
    return f"{len(pods) - len(lacking)} of {len(pods)} ready pods are among its endpoints" if lacking else ""


def leads_nowhere(case: Case, service: Live) -> bool:
    """Whether the Service reaches no pod at all although every pod of the release is ready for it."""
    pods = _servers(case)
    can_reach = not selector(service) or bool(selected(case, service))
    is_served = bool(pods) and all(map(is_ready, pods))
    return is_served and not can_reach and case.is_observed("EndpointSlice") and not reached(case, service)


def _servers(case: Case) -> list[Live]:
    return [pod for workload in case.workloads if workload.kind != "Job" for pod in workload.pods]


def selector(service: Live) -> dict[str, str]:
    spec = service.get("spec") or {}
    return {} if spec.get("type") == "ExternalName" else dict(spec.get("selector") or {})


def selected(case: Case, service: Live) -> list[Live]:
    """The newest pods of the release with the labels that the Service selects."""
    wanted = selector(service).items()
    namespace = service["metadata"].get("namespace")
    pods = (pod for workload in case.workloads for pod in workload.pods if workload.namespace == namespace)
    return [pod for pod in pods if is_staying(pod) and wanted <= (pod["metadata"].get("labels") or {}).items()]


def reached(case: Case, service: Live) -> set[str]:
    """The names of the pods that are ready endpoints of the Service."""
    metadata = service["metadata"]
    return {
        (endpoint.get("targetRef") or {}).get("name", "")
        for piece in case.of_kind("EndpointSlice")
        if (piece["metadata"].get("labels") or {}).get(SERVICE_LABEL) == metadata["name"]
        and piece["metadata"].get("namespace") == metadata.get("namespace")
        for endpoint in piece.get("endpoints") or ()
        if (endpoint.get("conditions") or {}).get("ready") is not False
    }


def _service(case: Case, service: Live) -> t.Iterator[Trouble]:
    """A Service of the release that selects none of its pods, once they are ready."""
    if leads_nowhere(case, service):
        since = max(moment(condition(pod, "Ready").get("lastTransitionTime")) for pod in _servers(case))
        words = ", ".join(f"{name}={value}" for name, value in sorted(selector(service).items()))
        yield Trouble(
            catalogue.ENDPOINTS_MISSING,
            shown(service),
            f"no pod has the labels that it selects ({words}), so it leads nowhere",
            since,
            fatal_at=since + SELECTION,
        )


def _gateway(case: Case, gateway: Live) -> t.Iterator[Trouble]:
    status = gateway.get("status") or {}
    listeners = [(f"listener {entry['name']}: ", entry) for entry in status.get("listeners") or ()]
    for part, holder in [*listeners, ("", status)]:
        for kind in ("Accepted", "ResolvedRefs", "Programmed"):
            found = condition({"status": holder}, kind)
            if found.get("status") == "False" and found.get("reason") not in ("Pending", "AddressNotAssigned"):
                since = moment(found.get("lastTransitionTime"))
                said = str(found.get("message") or found.get("reason", ""))
                missing = missing_reference(case, str(gateway["metadata"].get("namespace", "")), said)
                grace = missing.grace if missing else ROUTING
                yield Trouble(catalogue.GATEWAY_REFUSED, shown(gateway), part + said, since, fatal_at=since + grace)
                return


def _route(_case: Case, route: Live) -> t.Iterator[Trouble]:
    for parent in (route.get("status") or {}).get("parents") or ():
        for kind in ("Accepted", "ResolvedRefs"):
            found = condition({"status": parent}, kind)
            if found.get("status") == "False":
                since = moment(found.get("lastTransitionTime"))
                said = found.get("message") or found.get("reason", "")
                words = f"gateway {(parent.get('parentRef') or {}).get('name', '')}: {said}"
                yield Trouble(catalogue.ROUTE_REFUSED, shown(route), words, since, fatal_at=since + ROUTING)
                return


def _autoscaler(case: Case, autoscaler: Live) -> t.Iterator[Trouble]:
    """Metrics of new pods take a while; time counts from the moment at which the last of them was ready."""
    for kind in ("AbleToScale", "ScalingActive"):
        found = condition(autoscaler, kind)
        if found.get("status") == "False" and found.get("reason") != "ScalingDisabled":
            pods = [pod for workload in case.workloads for pod in workload.pods]
            can_be_measured = all(map(is_ready, pods)) and (pods or not case.workloads)
            ready = [moment(condition(pod, "Ready").get("lastTransitionTime")) for pod in pods]
            since = moment(found.get("lastTransitionTime"))
            yield Trouble(
                catalogue.AUTOSCALER_BLIND,
                shown(autoscaler),
                str(found.get("message") or found.get("reason", "")),
                since,
                fatal_at=max([since, *ready]) + METRICS if can_be_measured else None,
                told=False,
            )
            return


def _budget(_case: Case, budget: Live) -> t.Iterator[Trouble]:
    status = budget.get("status") or {}
    pods, needed = int(status.get("expectedPods", 0)), int(status.get("desiredHealthy", 0))
    if 0 < pods <= needed:
        words = f"it asks for {needed} healthy pods of {pods}, so it never allows a disruption"
        yield Trouble(catalogue.BUDGET_BLOCKS, shown(budget), words)


RULES: dict[str, t.Callable[[Case, Live], t.Iterator[Trouble]]] = {
    "Gateway": _gateway,
    "HTTPRoute": _route,
    "HorizontalPodAutoscaler": _autoscaler,
    "PodDisruptionBudget": _budget,
    "Service": _service,
}
