# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What pods of a template ask for: resources, and the nodes that would take them."""

from __future__ import annotations

import dataclasses
import typing as t
from decimal import Decimal

from .resource_math import Amounts, amounts, largest, plus

Spec = t.Mapping[str, t.Any]
HOSTNAME = "kubernetes.io/hostname"
ZONE = "topology.kubernetes.io/zone"
BLOCKING_EFFECTS = frozenset({"NoSchedule", "NoExecute"})


@dataclasses.dataclass(frozen=True)
class Use:
    """What one pod is counted with by the scheduler and by quotas."""

    requests: Amounts
    limits: Amounts


def use_of(spec: Spec, limit_ranges: t.Iterable[Spec] = ()) -> Use:
    """The effective resources of a pod spec; containers without figures get the LimitRanges' defaults."""
    defaults = _container_limits(limit_ranges)
    return Use(_total("requests", spec, defaults), _total("limits", spec, defaults))


def resources_of(container: Spec, defaults: t.Sequence[Spec] = ()) -> dict[str, dict[str, Decimal]]:
    """`requests` and `limits` of a container as admission completes them."""
    given = container.get("resources") or {}
    limits = amounts(given.get("limits"))
    requests = {**limits, **amounts(given.get("requests"))}
    for item in defaults:
        limits = {**amounts(item.get("default")), **limits}
        requests = {**amounts(item.get("defaultRequest")), **requests}
    return {"requests": {**limits, **requests}, "limits": limits}


def _container_limits(limit_ranges: t.Iterable[Spec]) -> list[Spec]:
    return [item for spec in limit_ranges for item in spec.get("limits") or () if item.get("type") == "Container"]


def _total(field: str, spec: Spec, defaults: t.Sequence[Spec]) -> dict[str, Decimal]:
    """Containers run together with the sidecars; an init container runs beside the sidecars started before it."""
    running = plus(*(resources_of(item, defaults)[field] for item in spec.get("containers") or ()))
    sidecars: dict[str, Decimal] = {}
    starting: list[Amounts] = []
    for item in spec.get("initContainers") or ():
        own = resources_of(item, defaults)[field]
        starting.append(plus(sidecars, own))
        if item.get("restartPolicy") == "Always":
            sidecars = plus(sidecars, own)
    whole = largest(plus(running, sidecars), *starting)
    pod_level = amounts((spec.get("resources") or {}).get(field))
    return {**plus(whole, amounts(spec.get("overhead"))), **pod_level}


def takes(node_labels: t.Mapping[str, str], taints: t.Iterable[Spec], spec: Spec) -> bool:
    """Whether a node's labels and taints let pods of this spec in."""
    selector: t.Mapping[str, str] = spec.get("nodeSelector") or {}
    tolerations = spec.get("tolerations") or ()
    return (
        all(node_labels.get(key) == value for key, value in selector.items())
        and all(key in node_labels for key in required_topologies(spec))
        and _affine(node_labels, spec)
        and all(any(_tolerates(toleration, taint) for toleration in tolerations) for taint in _blocking(taints))
    )


def required_topologies(spec: Spec) -> dict[str, int]:
    """Topology keys whose spread is a must, with their largest skew."""
    constraints = spec.get("topologySpreadConstraints") or ()
    required = [item for item in constraints if item.get("whenUnsatisfiable") != "ScheduleAnyway"]
    return {item["topologyKey"]: item["maxSkew"] for item in required}


def alone_on_node(spec: Spec) -> bool:
    """Whether a required anti-affinity keeps two of these pods off one node."""
    terms = ((spec.get("affinity") or {}).get("podAntiAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    ) or ()
    return any(term.get("topologyKey") == HOSTNAME for term in terms)


def _blocking(taints: t.Iterable[Spec]) -> list[Spec]:
    return [taint for taint in taints if taint.get("effect") in BLOCKING_EFFECTS]


def _tolerates(toleration: Spec, taint: Spec) -> bool:
    if toleration.get("effect") and toleration["effect"] != taint.get("effect"):
        return False
    key = toleration.get("key")
    if toleration.get("operator") == "Exists":
        return not key or bool(key == taint.get("key"))
    return bool(key == taint.get("key") and (toleration.get("value") or "") == (taint.get("value") or ""))


def _affine(labels: t.Mapping[str, str], spec: Spec) -> bool:
    required = ((spec.get("affinity") or {}).get("nodeAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    )
    if not required:
        return True
    return any(
        all(_matches(labels, expression) for expression in term.get("matchExpressions") or ())
        for term in required.get("nodeSelectorTerms") or ()
    )


def _matches(labels: t.Mapping[str, str], expression: Spec) -> bool:
    value = labels.get(expression["key"])
    required: t.Sequence[str] = expression.get("values") or ()
    outcome: dict[str, t.Callable[[], bool]] = {
        "In": lambda: value in required,
        "NotIn": lambda: value not in required,
        "Exists": lambda: value is not None,
        "DoesNotExist": lambda: value is None,
        "Gt": lambda: value is not None and int(value) > int(required[0]),
        "Lt": lambda: value is not None and int(value) < int(required[0]),
    }
    return outcome[expression["operator"]]()
