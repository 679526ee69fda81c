# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The public entrance by the Gateway API: the Gateway, its routes, and what each implementation adds to them."""

from __future__ import annotations

import pytest

from tests.unit.rendering import of_kind, only, render
from tests.unit.roles.test_ingress import GATEWAY_ELSEWHERE, VARIANTS, route


def test_gateway_listens_on_80_and_443_with_the_certificate() -> None:
    gateway = only(of_kind(render("ingress", **VARIANTS["envoy"]), "Gateway"))
    plain, secure = gateway["spec"]["listeners"]
    assert (plain["port"], plain["protocol"]) == (80, "HTTP")
    assert (secure["port"], secure["protocol"]) == (443, "HTTPS")
    assert secure["tls"]["certificateRefs"] == [{"name": "maestro-tls"}]


@pytest.mark.parametrize(
    ("variables", "ports"),
    [
        ({}, (8000, 8443)),
        ({"ingress_gateway_http_port": 80}, (80, 8443)),
        ({"ingress_gateway_http_port": 9080, "ingress_gateway_https_port": 9443}, (9080, 9443)),
    ],
    ids=["of-its-chart", "one-of-its-own", "both-of-its-own"],
)
def test_traefik_as_gateway_listens_on_the_ports_of_its_entry_points(
    variables: dict[str, int], ports: tuple[int, int]
) -> None:
    gateway = only(of_kind(render("ingress", **VARIANTS["traefik-gateway"], **variables), "Gateway"))
    assert tuple(listener["port"] for listener in gateway["spec"]["listeners"]) == ports


def test_gateway_that_exists_is_used_and_keeps_its_tls() -> None:
    variables = {**VARIANTS["envoy"], **GATEWAY_ELSEWHERE}
    manifests = render("ingress", **variables)
    assert not of_kind(manifests, "Gateway")
    assert not of_kind(manifests, "Certificate")
    assert only(route("maestro", **variables)["parentRefs"]) == {
        "name": "public",
        "namespace": "edge",
        "sectionName": "https",
    }


def test_gateway_redirects_and_sends_hsts_and_cors() -> None:
    redirect = only(only(route("maestro-redirect", **VARIANTS["envoy"])["rules"])["filters"])
    assert redirect["requestRedirect"] == {"scheme": "https", "statusCode": 301}
    filters = {each["type"]: each for each in only(route("maestro", **VARIANTS["envoy"])["rules"])["filters"]}
    hsts = only(filters["ResponseHeaderModifier"]["responseHeaderModifier"]["set"])
    assert hsts == {"name": "Strict-Transport-Security", "value": "max-age=31536000; includeSubDomains"}
    assert filters["CORS"]["cors"]["allowOrigins"] == ["https://intelgraph.ai", "https://*.intelgraph.ai"]


def test_traefik_as_gateway_uses_its_middlewares() -> None:
    """It does not know the CORS filter; a route with an unknown filter is refused whole."""
    [chain] = only(route("maestro", **VARIANTS["traefik-gateway"])["rules"])["filters"]
    assert chain["extensionRef"] == {"group": "traefik.io", "kind": "Middleware", "name": "maestro"}


def test_envoy_limits_each_address_of_both_kinds() -> None:
    policy = only(of_kind(render("ingress", **VARIANTS["envoy"]), "BackendTrafficPolicy"))["spec"]
    rules = policy["rateLimit"]["local"]["rules"]
    assert [only(rule["clientSelectors"])["sourceCIDR"]["value"] for rule in rules] == ["0.0.0.0/0", "::/0"]
    assert all(rule["limit"] == {"requests": 1000, "unit": "Second"} for rule in rules)


def test_nginx_gateway_answers_429_and_keeps_long_requests() -> None:
    manifests = render("ingress", **VARIANTS["nginx-gateway"])
    limit = only(of_kind(manifests, "RateLimitPolicy"))["spec"]["rateLimit"]
    assert limit["rejectCode"] == 429
    assert only(limit["local"]["rules"]) == {
        "key": "$binary_remote_addr",
        "rate": "1000r/s",
        "burst": 2000,
        "noDelay": True,
        "zoneSize": "10m",
    }
    assert only(of_kind(manifests, "ProxySettingsPolicy"))["spec"]["timeout"]["read"] == "310s"
    assert "timeouts" not in route("maestro", **VARIANTS["nginx-gateway"])["rules"][0]
