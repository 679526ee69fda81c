# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Gateway API: routes that every implementation takes, and the policies of each for what the API does not know."""

from __future__ import annotations

import typing as t

from . import refusals, traefik
from .provider import (
    BODY_LIMIT,
    CORS,
    HSTS,
    RATE_LIMIT,
    Live,
    Objects,
    Provider,
    Recognise,
    Software,
    Values,
    never,
)

GROUP = "gateway.networking.k8s.io"
GATEWAY_API = Software("Gateway API", "", (GROUP,), "use another ingress_provider")
OTHER = "choose another ingress_gateway_implementation"
ENVOY_GATEWAY = Software("Envoy Gateway", "", ("gateway.envoyproxy.io",), OTHER)
NGINX_GATEWAY = Software("NGINX Gateway Fabric", "", ("gateway.nginx.org",), OTHER)
KINDS = {
    (f"{GROUP}/v1", "Gateway"): "gateways",
    (f"{GROUP}/v1", "HTTPRoute"): "httproutes",
    (f"{GROUP}/v1", "BackendTLSPolicy"): "backendtlspolicies",
}
TEMPLATES = ("gateway", "gateway-routes", "gateway-backend-tls")


def only_redirects(_objects: Objects, route: Live) -> bool:
    """Whether every rule of a route answers with a redirect."""
    rules = route["spec"].get("rules") or ()
    return bool(rules) and all(any(each.get("type") == "RequestRedirect" for each in _filters(rule)) for rule in rules)


def _filters(rule: Live) -> t.Sequence[Live]:
    return t.cast("t.Sequence[Live]", rule.get("filters") or ())


def _filtered(kind: str, header: str = "") -> Recognise:
    """Recognises a filter of a route's rules, one that sets this response header where one is named."""

    def recognise(_objects: Objects, route: Live) -> bool:
        found = [
            each for rule in route["spec"].get("rules") or () for each in _filters(rule) if each.get("type") == kind
        ]
        changes = [each.get("responseHeaderModifier") or {} for each in found]
        names = {item["name"].lower() for change in changes for item in change.get("set") or ()}
        return header.lower() in names if header else bool(found)

    return recognise


def _attached(kind: str, part: str) -> Recognise:
    """Recognises a policy for the route by a part of its spec."""

    def recognise(objects: Objects, route: Live) -> bool:
        name = route["metadata"]["name"]
        return any(part in each["spec"] and name in _targets(each) for each in objects.of(kind))

    return recognise


def _targets(policy: Live) -> set[str]:
    spec = policy["spec"]
    return {target.get("name", "") for target in (*(spec.get("targetRefs") or ()), spec.get("targetRef") or {})}


CORE = {CORS: _filtered("CORS"), HSTS: _filtered("ResponseHeaderModifier", "Strict-Transport-Security")}


def _no_annotations(values: Values) -> t.Iterator[str]:
    if values["ingress_annotations"]:
        yield "ingress_annotations has no meaning with ingress_provider gateway. Empty it."


def _tls_of_its_own(values: Values) -> t.Iterator[str]:
    if values["ingress_gateway_name"] and values["ingress_tls_source"] != "gateway":
        yield (
            f"ingress_tls_source is {values['ingress_tls_source']}, but the Gateway {values['ingress_gateway_name']} "
            "that exists terminates TLS with its own certificate. Set it to gateway."
        )


def _no_burst(values: Values) -> t.Iterator[str]:
    rate, burst = values["ingress_rate_limit_requests_per_second"], values["ingress_rate_limit_burst"]
    if values["ingress_rate_limit_enabled"] and burst != rate:
        yield (
            f"ingress_rate_limit_burst is {burst}, but Envoy Gateway has no burst beside the rate. Set it to {rate}, "
            "as ingress_rate_limit_requests_per_second."
        )


def _gateway_elsewhere(values: Values) -> t.Iterator[str]:
    """NGINX Gateway Fabric 2 puts NGINX and its load balancer into the namespace of each Gateway."""
    own = values["ingress_gateway_namespace"] in ("", values["maestro_namespace"])
    if own or not values["ingress_gateway_name"]:
        yield (
            "ingress_gateway_implementation nginx needs a Gateway in another namespace: NGINX Gateway Fabric runs "
            f"NGINX and its load balancer in the namespace of the Gateway, and {values['maestro_namespace']} is closed "
            "to both by its network policies and its quota. Name the Gateway in ingress_gateway_name and "
            "ingress_gateway_namespace, and its namespace in namespace_ingress_controller_namespaces as well."
        )


def _no_limits(values: Values) -> t.Iterator[str]:
    if values["ingress_rate_limit_enabled"]:
        yield (
            "ingress_rate_limit_enabled is true, but the Gateway API itself has no rate limit. Name the implementation "
            "in ingress_gateway_implementation, or set it to false."
        )
    if values["ingress_body_limit_mebibytes"]:
        yield (
            "ingress_body_limit_mebibytes is not known to the Gateway API itself. Name the implementation in "
            "ingress_gateway_implementation, or set it to 0."
        )


SHARED_RULES = (_no_annotations, _tls_of_its_own, refusals.no_exempt_networks, refusals.complete_backend_tls)


def _variables(implementation: str, **more: t.Any) -> Values:
    return {"ingress_provider": "gateway", "ingress_gateway_implementation": implementation, **more}


ENVOY = Provider(
    name="gateway",
    implementation="envoy",
    title="Envoy Gateway",
    software=ENVOY_GATEWAY,
    requires=(GATEWAY_API, ENVOY_GATEWAY),
    routes="HTTPRoute",
    classes=("gateway.envoyproxy.io/gatewayclass-controller",),
    templates=(*TEMPLATES, "gateway-envoy"),
    kinds={**KINDS, ("gateway.envoyproxy.io/v1alpha1", "BackendTrafficPolicy"): "backendtrafficpolicies"},
    controller_namespaces=("envoy-gateway-system",),
    features={
        **CORE,
        RATE_LIMIT: _attached("BackendTrafficPolicy", "rateLimit"),
        BODY_LIMIT: _attached("BackendTrafficPolicy", "requestBuffer"),
    },
    only_redirects=only_redirects,
    refused=(*SHARED_RULES, _no_burst, refusals.no_connection_limit("envoy of the Gateway API")),
    variables=_variables("envoy", ingress_class="eg", ingress_connections_per_client=0, ingress_rate_limit_burst=1000),
)
NGINX = Provider(
    name="gateway",
    implementation="nginx",
    title="NGINX Gateway Fabric",
    software=NGINX_GATEWAY,
    requires=(GATEWAY_API, NGINX_GATEWAY),
    routes="HTTPRoute",
    classes=("gateway.nginx.org/nginx-gateway-controller",),
    templates=(*TEMPLATES, "gateway-nginx"),
    kinds={
        **KINDS,
        ("gateway.nginx.org/v1alpha1", "RateLimitPolicy"): "ratelimitpolicies",
        ("gateway.nginx.org/v1alpha1", "ClientSettingsPolicy"): "clientsettingspolicies",
        ("gateway.nginx.org/v1alpha1", "ProxySettingsPolicy"): "proxysettingspolicies",
    },
    controller_namespaces=("nginx-gateway",),
    features={
        **CORE,
        RATE_LIMIT: _attached("RateLimitPolicy", "rateLimit"),
        BODY_LIMIT: _attached("ClientSettingsPolicy", "body"),
    },
    only_redirects=only_redirects,
    refused=(*SHARED_RULES, _gateway_elsewhere, refusals.no_connection_limit("nginx-gateway of the Gateway API")),
    variables=_variables(
        "nginx",
        ingress_class="nginx",
        ingress_connections_per_client=0,
        ingress_gateway_name="public",
        ingress_gateway_namespace="edge",
        ingress_tls_source="gateway",
    ),
    has_route_timeout=False,
)
TRAEFIK = Provider(
    name="gateway",
    implementation="traefik",
    title="Traefik as a Gateway",
    software=traefik.TRAEFIK,
    requires=(GATEWAY_API, traefik.TRAEFIK),
    routes="HTTPRoute",
    classes=("traefik.io/gateway-controller",),
    templates=(*TEMPLATES, "traefik-middlewares"),
    kinds={**KINDS, **traefik.KINDS},
    controller_namespaces=("traefik",),
    features=traefik.FEATURES,
    only_redirects=only_redirects,
    refused=SHARED_RULES,
    variables=_variables("traefik", ingress_class="traefik"),
    metrics=traefik.METRICS,
    listener_ports=(8000, 8443),
    route_filter="traefik.io/Middleware",
)
STANDARD = Provider(
    name="gateway",
    implementation="standard",
    title="any implementation of the Gateway API",
    software=GATEWAY_API,
    requires=(GATEWAY_API,),
    routes="HTTPRoute",
    classes=(),
    templates=TEMPLATES,
    kinds=KINDS,
    controller_namespaces=(),
    features={**CORE, RATE_LIMIT: never, BODY_LIMIT: never},
    only_redirects=only_redirects,
    refused=(*SHARED_RULES, _no_limits, refusals.no_connection_limit("standard of the Gateway API")),
    variables=_variables(
        "standard",
        ingress_connections_per_client=0,
        ingress_rate_limit_enabled=False,
        ingress_body_limit_mebibytes=0,
    ),
)
IMPLEMENTATIONS = (ENVOY, NGINX, TRAEFIK, STANDARD)
