# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When an object of a release is ready: one pure predicate for each kind, stricter than `kubectl rollout status`.

Each predicate takes the live object and returns what is still missing, or an empty string. An object that carries a
`Ready` condition and has no predicate of its own is judged by that condition.
"""

from __future__ import annotations

import typing as t

Live = t.Mapping[str, t.Any]


def missing(live: Live) -> str:
    """What keeps this object from being ready, or an empty string."""
    return PREDICATES.get(live["kind"], _by_ready_condition)(live)


def condition(live: Live, kind: str) -> dict[str, t.Any]:
    """The condition of that type, or an empty dictionary."""
    conditions = (live.get("status") or {}).get("conditions") or ()
    return next((entry for entry in conditions if entry["type"] == kind), {})


def _unobserved(live: Live) -> str:
    return _older_than_newest((live.get("status") or {}).get("observedGeneration", 0), live)


def _older_than_newest(generation: int, live: Live) -> str:
    newest = live["metadata"].get("generation", 0)
    return "" if generation >= newest else "the controller has not seen the newest change yet"


def _deployment(live: Live) -> str:
    status = live.get("status") or {}
    if live["spec"].get("paused"):
        return "it is paused"
    return _unobserved(live) or _replicas(
        wanted=live["spec"].get("replicas", 1),
        current=status.get("replicas", 0),
        updated=status.get("updatedReplicas", 0),
        available=status.get("availableReplicas", 0),
    )


def _stateful_set(live: Live) -> str:
    status = live.get("status") or {}
    unobserved = _unobserved(live)
    if unobserved:
        return unobserved
    if status.get("currentRevision") != status.get("updateRevision"):
        return f"{status.get('updatedReplicas', 0)} of {live['spec'].get('replicas', 1)} pods have the new revision"
    return _replicas(
        wanted=live["spec"].get("replicas", 1),
        current=status.get("replicas", 0),
        updated=status.get("replicas", 0),
        available=status.get("availableReplicas", 0),
    )


def _replicas(wanted: int, current: int, updated: int, available: int) -> str:
    if updated < wanted:
        return f"{updated} of {wanted} pods have the new revision"
    if current > updated:
        return f"{current - updated} old pods are still there"
    if available < wanted:
        return f"{available} of {wanted} pods are available"
    return ""


def _autoscaler(live: Live) -> str:
    """Not every version of Kubernetes tells which generation its conditions are of."""
    is_told = (live.get("status") or {}).get("observedGeneration") is not None
    if is_told and _unobserved(live):
        return _unobserved(live)
    for kind in ("AbleToScale", "ScalingActive"):
        found = condition(live, kind)
        if found.get("status") != "True" and found.get("reason") != "ScalingDisabled":
            return str(found.get("message") or f"its condition {kind} is not reported yet")
    return ""


def _disruption_budget(live: Live) -> str:
    """Healthy pods as asked for, and one more where there are that many: a drain can go on."""
    status = live.get("status") or {}
    healthy, desired = status.get("currentHealthy", 0), status.get("desiredHealthy", 0)
    if _unobserved(live) or healthy < desired:
        return _unobserved(live) or f"{healthy} of {desired} pods are healthy"
    is_blocked = desired < status.get("expectedPods", 0) and not status.get("disruptionsAllowed")
    return "it allows no disruption yet" if is_blocked else ""


def _service(live: Live) -> str:
    balanced = (live.get("status") or {}).get("loadBalancer") or {}
    if live["spec"].get("type") == "LoadBalancer" and not balanced.get("ingress"):
        return "its load balancer has no address yet"
    return ""


def _ingress(live: Live) -> str:
    balanced = (live.get("status") or {}).get("loadBalancer") or {}
    return "" if balanced.get("ingress") else "it has no address yet"


def _gateway(live: Live) -> str:
    return _accepted(live, live, ("Accepted", "Programmed"))


def _route(live: Live) -> str:
    """Each gateway that the route names tells of it separately."""
    parents = (live.get("status") or {}).get("parents") or ()
    if len(parents) < len(live["spec"].get("parentRefs") or ()):
        return "not every gateway has taken it yet"
    whats = (_accepted({"status": parent}, live, ("Accepted", "ResolvedRefs")) for parent in parents)
    return next(filter(None, whats), "")


def _accepted(holder: Live, live: Live, kinds: tuple[str, ...]) -> str:
    """What is missing of these conditions, each told of the newest generation."""
    newest = live["metadata"].get("generation", 0)
    for kind in kinds:
        found = condition(holder, kind)
        if found.get("status") != "True":
            return str(found.get("message") or found.get("reason") or f"its condition {kind} is not reported yet")
        older = _older_than_newest(found.get("observedGeneration", newest), live)
        if older:
            return older
    return ""


def _job(live: Live) -> str:
    done = condition(live, "Complete").get("status") == "True"
    return "" if done else str(condition(live, "Failed").get("message") or "it has not completed yet")


def _claim(live: Live) -> str:
    phase = (live.get("status") or {}).get("phase")
    return "its volume is lost" if phase == "Lost" else ""


def _namespace(live: Live) -> str:
    phase = (live.get("status") or {}).get("phase", "")
    return "" if phase == "Active" else f"it is {phase or 'not active yet'}"


def _ready(live: Live) -> str:
    """For kinds whose controller always reports a Ready condition."""
    found = condition(live, "Ready")
    if found.get("status") == "True":
        return _older_than_newest(found.get("observedGeneration", live["metadata"].get("generation", 0)), live)
    return str(found.get("message") or found.get("reason") or "its condition Ready is not reported yet")


def _external_secret(live: Live) -> str:
    """Its status says which generation was synced last: `<generation>-<hash of the metadata>`."""
    synced = str((live.get("status") or {}).get("syncedResourceVersion") or "").partition("-")[0]
    is_followed = synced.isdecimal() and not _is_synced_once(live["spec"])
    return _ready(live) or (_older_than_newest(int(synced), live) if is_followed else "")


def _is_synced_once(spec: Live) -> bool:
    """Told to read its source once and never again, in either of the two ways."""
    return spec.get("refreshPolicy") == "CreatedOnce" or not str(spec.get("refreshInterval", "1h")).strip("0hms")


def _by_ready_condition(live: Live) -> str:
    return _ready(live) if condition(live, "Ready") else ""


PREDICATES: dict[str, t.Callable[[Live], str]] = {
    "Certificate": _ready,
    "ClusterIssuer": _ready,
    "Deployment": _deployment,
    "ExternalSecret": _external_secret,
    "Gateway": _gateway,
    "HTTPRoute": _route,
    "HorizontalPodAutoscaler": _autoscaler,
    "Ingress": _ingress,
    "Issuer": _ready,
    "Job": _job,
    "Namespace": _namespace,
    "PersistentVolumeClaim": _claim,
    "PodDisruptionBudget": _disruption_budget,
    "SecretStore": _ready,
    "Service": _service,
    "StatefulSet": _stateful_set,
}
