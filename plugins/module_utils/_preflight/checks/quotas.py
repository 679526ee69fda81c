# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Do the namespace's quotas and limits let the most pods run that can run at once?"""

from __future__ import annotations

import typing as t
from decimal import Decimal

from ..._findings import registry
from ..._findings.finding import Finding
from ..._objects.manifest import Key, Manifest, key_of
from ..._objects.pod_template import containers_of
from ..._objects.quantity import amount
from ..pod_resources import Spec, Use, resources_of, use_of
from ..quota_usage import added, limited_objects, quotas_in_force, used
from ..resource_math import ZERO, Amounts, amounts, displayed, plus, times
from ..snapshot import Pod, Unknown, known
from ..view import PreflightView
from .capacity import limit_range_specs, pods_of_others


def check_quota(view: PreflightView) -> t.Iterator[Finding]:
    """The release's own ResourceQuota counts as it will be, a live one that it does not replace as it is."""
    needed = {**_needed_by_pods(view), **_needed_by_objects(view)}
    for quota in quotas_in_force(view.needs, known(view.snapshot.quotas, ())):
        hard = amounts(quota["spec"].get("hard"))
        short = [name for name in sorted(hard) if needed.get(name, ZERO) > hard[name]]
        if short:
            lines = [
                f"{name}: {displayed(name, needed[name])} needed, {displayed(name, hard[name])} allowed"
                for name in short
            ]
            yield registry.QUOTA_INSUFFICIENT.found(
                key_of(quota), f"It does not hold the release at its largest: {'; '.join(lines)}.", lines
            )


def check_limit_ranges(view: PreflightView) -> t.Iterator[Finding]:
    specs = limit_range_specs(view)
    for spec in specs:
        for item in spec.get("limits") or ():
            for owner, what, given in _limited(view, item.get("type", ""), specs):
                for problem in _outside(item, given):
                    yield registry.LIMIT_RANGE_VIOLATION.found(owner, f"{what} {problem}.")


def _needed_by_pods(view: PreflightView) -> dict[str, Decimal]:
    """What all pods take at the release's largest; nothing when the present ones cannot be listed."""
    others = pods_of_others(view)
    return {} if others is None else plus(_needed(view), _counted(others))


def _needed_by_objects(view: PreflightView) -> dict[str, Decimal]:
    """The counts that grow, with what is there already."""
    snapshot, quotas = view.snapshot, known(view.snapshot.quotas, ())
    objects = limited_objects(view.needs, quotas_in_force(view.needs, quotas))
    nothing = dict.fromkeys(objects) if snapshot.namespace is None else {}
    live = {key: body for key, body in {**nothing, **snapshot.live}.items() if not isinstance(body, Unknown)}
    present = used(quotas)
    return {name: value + present.get(name, ZERO) for name, value in added(objects, live).items()}


def _needed(view: PreflightView) -> dict[str, Decimal]:
    """What the release takes of a quota at its largest."""
    ranges = limit_range_specs(view)
    parts = [times(_charge(use_of(each.spec, ranges)), each.most) for each in view.needs.workloads]
    for claim in view.needs.claims:
        owners = [each.most for each in view.needs.workloads if each.key == claim.owner]
        count = owners[0] if claim.each_pod and owners else 1
        storage = amounts((claim.spec.get("resources") or {}).get("requests")).get("storage", ZERO)
        counted = dict.fromkeys(("persistentvolumeclaims", "count/persistentvolumeclaims"), Decimal(1))
        parts.append(times({**counted, "requests.storage": storage}, count))
    return plus(*parts)


def _counted(pods: t.Iterable[Pod]) -> dict[str, Decimal]:
    return plus(*(_charge(pod.use) for pod in pods))


def _charge(use: Use) -> dict[str, Decimal]:
    """One pod in the names that quotas use; `cpu` and `requests.cpu` mean the same."""
    charge = {"pods": Decimal(1), "count/pods": Decimal(1), **use.requests}
    charge.update({f"requests.{name}": value for name, value in use.requests.items()})
    charge.update({f"limits.{name}": value for name, value in use.limits.items()})
    return charge


def _limited(
    view: PreflightView, kind: str, ranges: t.Sequence[Spec]
) -> t.Iterator[tuple[Key, str, dict[str, Amounts]]]:
    """What a LimitRange item of a type is about: (object, name of the part, its requests and limits)."""
    items = [item for spec in ranges for item in spec.get("limits") or () if item.get("type") == "Container"]
    for workload in view.needs.workloads:
        if kind == "Container":
            for container in containers_of(workload.spec):
                yield workload.key, f"Container {container['name']}", dict(resources_of(container, items))
        if kind == "Pod":
            use = use_of(workload.spec, ranges)
            yield workload.key, "Pod", {"requests": use.requests, "limits": use.limits}
    if kind == "PersistentVolumeClaim":
        for claim in view.needs.claims:
            yield claim.owner, f"Volume {claim.name}", {"requests": amounts(claim.spec["resources"]["requests"])}


def _outside(item: Manifest, given: t.Mapping[str, Amounts]) -> t.Iterator[str]:
    requests, limits = given["requests"], given.get("limits", given["requests"])
    for name, low in amounts(item.get("min")).items():
        if requests.get(name, ZERO) < low:
            requested = displayed(name, requests.get(name, ZERO))
            yield f"requests {name} {requested}, less than the minimum {displayed(name, low)}"
    for name, high in amounts(item.get("max")).items():
        if name not in limits:
            yield f"has no limit of {name}, but the LimitRange has a maximum {displayed(name, high)}"
        elif limits[name] > high:
            yield f"may use {name} {displayed(name, limits[name])}, more than the maximum {displayed(name, high)}"
    for name, ratio in (item.get("maxLimitRequestRatio") or {}).items():
        request = requests.get(name, ZERO)
        if request and limits.get(name, ZERO) / request > amount(ratio):
            yield f"has a limit of {name} that is more than {ratio} times its request"


CHECKS = (check_quota, check_limit_ranges)
