# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All ingress providers, and who among them is meant."""

from __future__ import annotations

from . import gateway, haproxy, nginx, traefik
from .provider import Live, Metrics, Objects, Provider, Software, Values

PROVIDERS: tuple[Provider, ...] = (nginx.PROVIDER, traefik.PROVIDER, *gateway.IMPLEMENTATIONS, haproxy.PROVIDER)
USUAL = nginx.PROVIDER
"""Who is meant where no inventory says anything: the default of ingress_provider."""


def of(values: Values) -> Provider:
    """The provider that the role's variables choose. Raises LookupError for a name that there is not."""
    name = values.get("ingress_provider") or USUAL.name
    found = [each for each in PROVIDERS if each.name == name]
    implementation = values.get("ingress_gateway_implementation") or found[0].implementation if found else ""
    for each in found:
        if each.implementation in ("", implementation):
            return each
    raise LookupError(f"There is no ingress provider {name} {implementation}".rstrip())


def software() -> tuple[Software, ...]:
    """The controllers and the API groups of all providers, each once."""
    every = [each for provider in PROVIDERS for each in (provider.software, *provider.requires, *provider.stand_ins)]
    return tuple(dict.fromkeys(every))


def serving(controller: str) -> tuple[Software, ...]:
    """The software that may stand behind the controller that an IngressClass or a GatewayClass names."""
    found = [provider for provider in PROVIDERS if _names(provider, controller)]
    return tuple(dict.fromkeys(each for provider in found for each in (provider.software, *provider.stand_ins)))


def by_class(controller: str) -> Provider | None:
    """The provider whose classes name this controller."""
    return next((provider for provider in PROVIDERS if _names(provider, controller)), None)


def plural(api_version: str, kind: str) -> str:
    """The plural name of a kind that a provider renders; empty for any other."""
    return next((each.kinds[api_version, kind] for each in PROVIDERS if (api_version, kind) in each.kinds), "")


def metrics(name: str) -> Metrics | None:
    """The metrics of this name; None for a controller that counts nothing the alerts can use."""
    return next((each.metrics for each in PROVIDERS if each.metrics and each.metrics.name == name), None)


def has(feature: str, objects: Objects, route: Live) -> bool:
    """Whether an Ingress or HTTPRoute has a feature, in the terms of any provider."""
    return any(each.features[feature](objects, route) for each in _of_kind(route) if feature in each.features)


def only_redirects(objects: Objects, route: Live) -> bool:
    """Whether an Ingress or HTTPRoute does nothing but send clients to HTTPS."""
    return any(each.only_redirects(objects, route) for each in _of_kind(route))


def _of_kind(route: Live) -> list[Provider]:
    return [provider for provider in PROVIDERS if provider.routes == route["kind"]]


def _names(provider: Provider, controller: str) -> bool:
    """A class may name one of several instances below its controller, as haproxy.org/ingress-controller/public."""
    return any(controller == each or controller.startswith(f"{each}/") for each in provider.classes)
