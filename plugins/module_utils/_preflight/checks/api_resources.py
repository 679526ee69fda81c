# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does the API serve each kind, and is there software that acts on the objects?"""

from __future__ import annotations

import re
import typing as t

from ..._cluster.api_resources import KINDS
from ..._findings import registry
from ..._findings.finding import Finding
from ..._ingress import providers
from ..._ingress.provider import Provider, Software
from ..._objects.manifest import Manifest, key_of
from .. import controllers
from ..snapshot import Controller, Unknown, known
from ..view import OFF, PreflightView


def check_kinds(view: PreflightView) -> t.Iterator[Finding]:
    for (api_version, kind), components in view.needs.kinds.items():
        served = view.snapshot.served.get(api_version)
        if isinstance(served, Unknown) or (served is not None and kind in served):
            continue
        yield registry.KIND_NOT_SERVED.found(
            _definition(api_version, kind),
            f"The cluster does not serve {kind} in {api_version}, which {_and(components)} contributes.",
            next_step=controllers.way_out(api_version.rpartition("/")[0], kind),
        )


def check_metrics(view: PreflightView) -> t.Iterator[Finding]:
    if isinstance(view.snapshot.metrics, Unknown) or not view.snapshot.metrics:
        return
    for autoscaler in view.needs.of_kind("HorizontalPodAutoscaler"):
        yield registry.METRICS_UNAVAILABLE.found(
            key_of(autoscaler), f"It scales by metrics that the cluster does not have: {view.snapshot.metrics}."
        )


def check_ingress_class(view: PreflightView) -> t.Iterator[Finding]:
    classes = view.snapshot.ingress_classes
    if isinstance(classes, Unknown):
        return
    for ingress in view.needs.of_kind("Ingress"):
        name = ingress["spec"].get("ingressClassName")
        if name and name not in classes:
            yield registry.INGRESS_CLASS_MISSING.found(
                key_of(ingress), f"IngressClass {name} does not exist; the cluster has {_names(classes)}."
            )
        elif name and (provider := providers.by_class(classes[name])):
            yield from _evaluate_retirement(provider, ingress, known(view.snapshot.controllers, ()))


def check_gateway_class(view: PreflightView) -> t.Iterator[Finding]:
    classes = view.snapshot.gateway_classes
    if isinstance(classes, Unknown):
        return
    for gateway in view.needs.of_kind("Gateway"):
        name = gateway["spec"]["gatewayClassName"]
        if name not in classes:
            yield registry.GATEWAY_CLASS_MISSING.found(
                key_of(gateway), f"GatewayClass {name} does not exist; the cluster has {_names(classes)}."
            )


def check_controllers(view: PreflightView) -> t.Iterator[Finding]:
    """Objects whose operator is missing are accepted by the API server and then lie unread."""
    if isinstance(view.snapshot.controllers, Unknown) or view.options.controller_severity == OFF:
        return
    used = {version for version in view.needs.versions if view.snapshot.served.get(version)}
    groups = {api_version.rpartition("/")[0] for api_version in used}
    for each in controllers.OPERATORS:
        if groups.intersection(each.groups):
            found = [controller for controller in view.snapshot.controllers if controller.software == each.name]
            yield from _evaluate_operator(each, found, view.options.controller_severity)


def _evaluate_operator(each: Software, found: t.Sequence[Controller], severity: str) -> t.Iterator[Finding]:
    if not found:
        yield registry.CONTROLLER_NOT_FOUND.found(
            each.name,
            f"The cluster serves {each.groups[0]}, but no Deployment runs an image of {each.name}.",
            severity=severity,
        )
    for controller in found:
        if controller.ready < controller.required or controller.required == 0:
            yield registry.CONTROLLER_NOT_READY.found(
                controller.where,
                f"{each.name} has {controller.ready} of {controller.required} pods available.",
                severity=severity,
            )


def _evaluate_retirement(provider: Provider, ingress: Manifest, found: t.Sequence[Controller]) -> t.Iterator[Finding]:
    """The class of a retired controller may be served by another one that reads the same annotations."""
    retirement, name = provider.retirement, provider.software.name
    if retirement is None:
        return
    running = [each for each in found if each.software == name]
    for controller in running:
        version = _version(controller.version)
        if version and version < retirement.last_release:
            yield registry.INGRESS_CONTROLLER_VULNERABLE.found(
                controller.where, f"It runs {name} {controller.version}, which has known remote vulnerabilities."
            )
    stand_ins = {each.name for each in provider.stand_ins}
    if running or not any(each.software in stand_ins for each in found):
        yield registry.INGRESS_CONTROLLER_RETIRED.found(
            key_of(ingress), f"Its class belongs to the {name} controller, which was retired in {retirement.since}."
        )


def _definition(api_version: str, kind: str) -> str:
    """What a cluster lacks that does not serve a kind, by the name that `kubectl get crd` shows."""
    group, place = api_version.rpartition("/")[0], KINDS.get((api_version, kind))
    plural = place.plural if place else providers.plural(api_version, kind)
    is_custom = controllers.by_group(group) is not None
    return f"CustomResourceDefinition {plural}.{group}" if plural and is_custom else f"{kind} ({api_version})"


def _version(text: str) -> tuple[int, ...]:
    match = re.match(r"(\d+)\.(\d+)\.(\d+)", text)
    return tuple(map(int, match.groups())) if match else ()


def _names(classes: t.Iterable[str]) -> str:
    return ", ".join(sorted(classes)) or "none"


def _and(names: t.Iterable[str]) -> str:
    return " and ".join(names)


CHECKS = (check_kinds, check_metrics, check_ingress_class, check_gateway_class, check_controllers)
