# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Traefik: an Ingress for each entry point, and a chain of Middlewares that keeps the limits."""

from __future__ import annotations

from . import refusals
from .provider import (
    BODY_LIMIT,
    CORS,
    HSTS,
    RATE_LIMIT,
    Live,
    Metrics,
    Objects,
    Provider,
    Recognise,
    Software,
    annotations_of,
)

CHAIN = "traefik.ingress.kubernetes.io/router.middlewares"
TRAEFIK = Software("Traefik", r"traefik", ("traefik.io",), "use another ingress_provider")
KINDS = {("traefik.io/v1alpha1", "Middleware"): "middlewares"}


def middlewares(objects: Objects, route: Live) -> list[Live]:
    """The Middlewares that an Ingress or a route goes through, those inside chains too."""
    prefix, suffix = f"{objects.namespace}-", "@kubernetescrd"
    text = annotations_of(route).get(CHAIN, "")
    names = [name.strip().removeprefix(prefix).removesuffix(suffix) for name in text.split(",") if name.strip()]
    rules = (route["spec"].get("rules") or ()) if route["kind"] == "HTTPRoute" else ()
    references = [each.get("extensionRef") or {} for rule in rules for each in rule.get("filters") or ()]
    names += [each["name"] for each in references if each.get("kind") == "Middleware"]
    found = [middleware for name in names if (middleware := objects.find("Middleware", name))]
    chains = [(each["spec"].get("chain") or {}).get("middlewares") or () for each in found]
    inner = [objects.find("Middleware", each["name"]) for chain in chains for each in chain]
    return [*found, *(each for each in inner if each)]


def has(part: str, *fields: str) -> Recognise:
    """Recognises a Middleware of the chain by a part of its spec, and by one of its fields where some are named."""

    def recognise(objects: Objects, route: Live) -> bool:
        parts = [each["spec"][part] or {} for each in middlewares(objects, route) if part in each["spec"]]
        return any(not fields or any(each.get(field) for field in fields) for each in parts)

    return recognise


def only_redirects(objects: Objects, route: Live) -> bool:
    """Whether it sends every client to HTTPS."""
    chain = middlewares(objects, route)
    return any((each["spec"].get("redirectScheme") or {}).get("scheme") == "https" for each in chain)


FEATURES = {
    RATE_LIMIT: has("rateLimit"),
    CORS: has("headers", "accessControlAllowOriginList", "accessControlAllowOriginListRegex"),
    HSTS: has("headers", "stsSeconds"),
    BODY_LIMIT: has("buffering", "maxRequestBodyBytes"),
}
METRICS = Metrics(
    name="traefik",
    source="traefik",
    series="traefik_router_requests_total",
    # Traefik names the service of a Gateway's route httproute-<namespace>-<route>-...
    matcher='service=~"(httproute-)?{namespace}-{name}-.+"',
    status="code",
)
PROVIDER = Provider(
    name="traefik",
    title="Traefik",
    software=TRAEFIK,
    requires=(TRAEFIK,),
    classes=("traefik.io/ingress-controller",),
    templates=("traefik-ingress", "traefik-middlewares"),
    kinds=KINDS,
    controller_namespaces=("traefik",),
    features=FEATURES,
    only_redirects=only_redirects,
    refused=(refusals.no_exempt_networks, refusals.no_backend_tls("which reads it from the Service")),
    variables={"ingress_provider": "traefik", "ingress_class": "traefik"},
    metrics=METRICS,
)
