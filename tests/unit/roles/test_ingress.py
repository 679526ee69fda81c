# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The public entrance: each line of the report, each provider, and inventories that nobody thought of."""

from __future__ import annotations

import re
import typing as t

import pytest
from ansible.errors import AnsibleActionFail
from hypothesis import given, settings
from hypothesis import strategies as some

from ansible_collections.intelgraph.maestro.plugins.filter.origin_pattern import origin_pattern
from tests.unit.rendering import Manifest, of_kind, only, render

NGINX = "nginx.ingress.kubernetes.io"
TRAEFIK = "traefik.ingress.kubernetes.io"
NO_CONNECTION_LIMIT = {"ingress_provider": "gateway", "ingress_connections_per_client": 0}
GATEWAY_ELSEWHERE = {
    "ingress_gateway_name": "public",
    "ingress_gateway_namespace": "edge",
    "ingress_tls_source": "gateway",
}
VARIANTS: dict[str, dict[str, t.Any]] = {
    "nginx": {},
    "traefik": {"ingress_provider": "traefik", "ingress_class": "traefik"},
    "envoy": {**NO_CONNECTION_LIMIT, "ingress_gateway_implementation": "envoy", "ingress_rate_limit_burst": 1000},
    "nginx-gateway": {**NO_CONNECTION_LIMIT, **GATEWAY_ELSEWHERE, "ingress_gateway_implementation": "nginx"},
    "traefik-gateway": {"ingress_provider": "gateway", "ingress_gateway_implementation": "traefik"},
    "standard": {
        **NO_CONNECTION_LIMIT,
        "ingress_gateway_implementation": "standard",
        "ingress_rate_limit_enabled": False,
        "ingress_body_limit_mebibytes": 0,
    },
    "haproxy": {
        "ingress_provider": "haproxy",
        "ingress_class": "haproxy",
        "ingress_body_limit_mebibytes": 0,
        "ingress_connections_per_client": 0,
    },
}
every_variant = pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)


def ingress(**variables: t.Any) -> Manifest:
    found = of_kind(render("ingress", **variables), "Ingress")
    return t.cast("Manifest", only(item for item in found if not item["metadata"]["name"].endswith("-redirect")))


def annotations_of(**variables: t.Any) -> dict[str, str]:
    return t.cast("dict[str, str]", ingress(**variables)["metadata"]["annotations"])


def middleware(name: str, **variables: t.Any) -> dict[str, t.Any]:
    found = of_kind(render("ingress", **{**VARIANTS["traefik"], **variables}), "Middleware")
    return t.cast("dict[str, t.Any]", only(item["spec"] for item in found if item["metadata"]["name"] == name))


def route(name: str, **variables: t.Any) -> dict[str, t.Any]:
    found = of_kind(render("ingress", **variables), "HTTPRoute")
    return t.cast("dict[str, t.Any]", only(item["spec"] for item in found if item["metadata"]["name"] == name))


def refusal(**variables: t.Any) -> str:
    with pytest.raises(AnsibleActionFail) as caught:
        render("ingress", **variables)
    return str(caught.value)


# The report


def test_ingress_controller_nginx_with_production_annotations() -> None:
    assert ingress()["spec"]["ingressClassName"] == "nginx"
    assert all(name.startswith(NGINX) for name in annotations_of())
    assert all(isinstance(value, str) for value in annotations_of().values())


def test_rate_limiting_1000_rps_with_burst_capacity_2000() -> None:
    found = annotations_of()
    assert found[f"{NGINX}/limit-rps"] == "1000"
    assert found[f"{NGINX}/limit-burst-multiplier"] == "2"


def test_cors_configured_for_intelgraph_ai_domains() -> None:
    found = annotations_of()
    assert found[f"{NGINX}/enable-cors"] == "true"
    assert found[f"{NGINX}/cors-allow-origin"] == "https://intelgraph.ai, https://*.intelgraph.ai"


def test_ssl_tls_cert_manager_with_lets_encrypt() -> None:
    manifests = render("ingress")
    certificate, issuer = only(of_kind(manifests, "Certificate")), only(of_kind(manifests, "Issuer"))
    assert certificate["spec"]["secretName"] == "maestro-tls"
    assert certificate["spec"]["dnsNames"] == ["maestro.intelgraph.ai"]
    assert certificate["spec"]["issuerRef"]["name"] == issuer["metadata"]["name"]
    assert issuer["spec"]["acme"]["server"] == "https://acme-v02.api.letsencrypt.org/directory"
    assert only(ingress()["spec"]["tls"]) == {"hosts": ["maestro.intelgraph.ai"], "secretName": "maestro-tls"}


def test_tls_encryption_for_all_external_communications() -> None:
    assert annotations_of()[f"{NGINX}/force-ssl-redirect"] == "true"


def test_ddos_protection_limits_connections_bodies_and_time() -> None:
    found = annotations_of()
    assert found[f"{NGINX}/limit-connections"] == "2000"
    assert found[f"{NGINX}/proxy-body-size"] == "8m"
    assert found[f"{NGINX}/proxy-connect-timeout"] == "5"


def test_an_orchestration_of_300_seconds_is_not_cut_off() -> None:
    assert int(annotations_of()[f"{NGINX}/proxy-read-timeout"]) > 300
    assert route("maestro", **VARIANTS["envoy"])["rules"][0]["timeouts"] == {"request": "310s"}


# What each provider does


@pytest.mark.parametrize(
    "name", ["configuration-snippet", "server-snippet", "rewrite-target", "auth-url", "auth-signin"]
)
def test_nginx_has_no_annotation_that_was_exploited(name: str) -> None:
    assert f"{NGINX}/{name}" not in annotations_of()
    assert name in refusal(ingress_annotations={f"{NGINX}/{name}": "x"})


def test_nginx_only_uses_annotations_that_exist() -> None:
    """A misspelt one (limit-burst, rate-limit) is silently ignored by the controller."""
    known = {
        "force-ssl-redirect", "proxy-connect-timeout", "proxy-read-timeout", "proxy-send-timeout", "proxy-body-size",
        "proxy-next-upstream", "proxy-next-upstream-tries", "limit-rps", "limit-burst-multiplier", "limit-connections",
        "limit-allowlist", "enable-cors", "cors-allow-origin", "cors-allow-methods", "cors-allow-headers",
        "cors-expose-headers", "cors-allow-credentials", "cors-max-age", "backend-protocol", "proxy-ssl-secret",
        "proxy-ssl-verify", "proxy-ssl-server-name", "proxy-ssl-name",
    }  # fmt: skip
    used = annotations_of(
        ingress_rate_limit_exempt_cidrs=["10.0.0.0/8"],
        ingress_backend_tls_enabled=True,
        ingress_backend_tls_ca="ca",
        ingress_backend_tls_server_name="maestro.internal",
    )
    assert {name.removeprefix(f"{NGINX}/") for name in used} == known


def test_nginx_never_repeats_a_request_that_may_have_run() -> None:
    assert annotations_of()[f"{NGINX}/proxy-next-upstream"] == "error"


def test_traefik_limits_requests_for_each_client() -> None:
    assert middleware("maestro-rate-limit")["rateLimit"] == {
        "average": 1000,
        "burst": 2000,
        "period": "1s",
        "sourceCriterion": {"ipStrategy": {"depth": 0}},
    }
    assert middleware("maestro-connections")["inFlightReq"]["amount"] == 2000


def test_traefik_sends_hsts_for_a_year_and_cors() -> None:
    headers = middleware("maestro-headers")["headers"]
    assert (headers["stsSeconds"], headers["stsIncludeSubdomains"]) == (31536000, True)
    assert headers["accessControlAllowOriginListRegex"][1] == r"^https://[A-Za-z0-9-]+\.intelgraph\.ai$"
    assert headers["addVaryHeader"]


def test_traefik_redirects_http_on_a_router_of_its_own() -> None:
    found = {item["metadata"]["name"]: item for item in of_kind(render("ingress", **VARIANTS["traefik"]), "Ingress")}
    secure, plain = (found[name]["metadata"]["annotations"] for name in ("maestro", "maestro-redirect"))
    assert secure[f"{TRAEFIK}/router.entrypoints"] == "websecure"
    assert secure[f"{TRAEFIK}/router.tls"] == "true"
    assert plain[f"{TRAEFIK}/router.entrypoints"] == "web"
    assert plain[f"{TRAEFIK}/router.middlewares"] == "maestro-system-maestro-redirect@kubernetescrd"
    assert middleware("maestro-redirect")["redirectScheme"] == {"scheme": "https", "permanent": True}
    assert "tls" not in found["maestro-redirect"]["spec"]


@pytest.mark.parametrize("variant", ["traefik", "traefik-gateway"])
@pytest.mark.parametrize("off", ["ingress_rate_limit_enabled", "ingress_cors_enabled", "ingress_hsts_enabled"])
def test_the_chain_names_exactly_the_middlewares_that_exist(variant: str, off: str) -> None:
    found = {
        item["metadata"]["name"]: item["spec"]
        for item in of_kind(render("ingress", **{**VARIANTS[variant], off: False}), "Middleware")
    }
    members = {member["name"] for member in found["maestro"]["chain"]["middlewares"]}
    assert members == set(found) - {"maestro", "maestro-redirect"}


def test_backend_tls_is_verified() -> None:
    variables = {
        "ingress_backend_tls_enabled": True,
        "ingress_backend_tls_ca": "internal-ca",
        "ingress_backend_tls_server_name": "maestro.internal",
    }
    found = annotations_of(**variables)
    assert found[f"{NGINX}/proxy-ssl-verify"] == "on"
    assert found[f"{NGINX}/proxy-ssl-secret"] == "maestro-system/internal-ca"
    policy = only(of_kind(render("ingress", **VARIANTS["envoy"], **variables), "BackendTLSPolicy"))["spec"]
    assert policy["validation"]["hostname"] == "maestro.internal"


# Refusals


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"ingress_rate_limit_burst": 1500}, ["ingress_rate_limit_burst", "1500", "whole multiple"]),
        ({"ingress_rate_limit_requests_per_second": 0}, ["ingress_rate_limit_requests_per_second", "1 or more"]),
        ({**VARIANTS["envoy"], "ingress_rate_limit_burst": 2000}, ["Envoy Gateway has no burst", "1000"]),
        ({**VARIANTS["standard"], "ingress_rate_limit_enabled": True}, ["no rate limit", "false"]),
        ({**VARIANTS["standard"], "ingress_body_limit_mebibytes": 1}, ["ingress_body_limit_mebibytes"]),
        ({**VARIANTS["envoy"], "ingress_connections_per_client": 9}, ["ingress_connections_per_client", "Set it to 0"]),
        ({**VARIANTS["traefik"], "ingress_rate_limit_exempt_cidrs": ["10.0.0.0/8"]}, ["exempt_cidrs", "nginx only"]),
        ({"ingress_rate_limit_exempt_cidrs": ["10.0.0.1/8"]}, ["10.0.0.1/8", "networks"]),
        ({"ingress_cors_origins": ["*"]}, ["ingress_cors_origins", "'*'", "credentials"]),
        ({"ingress_cors_origins": ["https://a.b/path"]}, ["https://a.b/path"]),
        ({"ingress_cors_origins": []}, ["ingress_cors_origins is empty"]),
        ({"ingress_hsts_preload": True}, ["ingress_hsts_preload", "ConfigMap"]),
        ({"ingress_tls_issuer": "existing"}, ["ingress_tls_issuer_name"]),
        ({"ingress_tls_issuer": "ca"}, ["ingress_tls_ca_secret"]),
        ({"ingress_tls_renew_before_days": 90}, ["less than", "ingress_tls_duration_days"]),
        ({"ingress_acme_email": ""}, ["ingress_acme_email"]),
        ({"ingress_acme_solver": "dns01"}, ["ingress_acme_dns01"]),
        ({"ingress_tls_source": "gateway"}, ["ingress_tls_source", "ingress_gateway_name"]),
        ({**VARIANTS["envoy"], "ingress_gateway_name": "x"}, ["ingress_tls_source", "Set it to gateway"]),
        ({**VARIANTS["traefik"], "ingress_backend_tls_enabled": True}, ["ingress_backend_tls_enabled", "traefik"]),
        ({"ingress_backend_tls_enabled": True}, ["ingress_backend_tls_ca", "ingress_backend_tls_server_name"]),
        ({"ingress_paths": ["api"]}, ["ingress_paths", "'api'"]),
        ({"ingress_paths": []}, ["ingress_paths is empty"]),
        ({"maestro_hostname": "Maestro"}, ["maestro_hostname", "'Maestro'"]),
        ({"ingress_extra_hostnames": ["maestro.intelgraph.ai"]}, ["twice"]),
        ({"ingress_annotations": {"a/b": 1}}, ["ingress_annotations[a/b]", "quotes"]),
        ({**VARIANTS["envoy"], "ingress_annotations": {"a/b": "c"}}, ["ingress_annotations", "gateway"]),
        ({"ingress_gateway_http_port": 65536}, ["ingress_gateway_http_port", "65535", "65536"]),
        ({"ingress_gateway_https_port": -1}, ["ingress_gateway_https_port", "0 or more", "-1"]),
        (
            {**VARIANTS["nginx-gateway"], "ingress_gateway_name": "", "ingress_tls_source": "certificate"},
            ["ingress_gateway_name", "namespace of the Gateway", "namespace_ingress_controller_namespaces"],
        ),
        ({**VARIANTS["nginx-gateway"], "ingress_gateway_namespace": ""}, ["ingress_gateway_namespace", "closed"]),
        (
            {**VARIANTS["nginx-gateway"], "ingress_gateway_namespace": "maestro-system"},
            ["ingress_gateway_namespace", "closed"],
        ),
        ({"ingress_provider": "apache"}, ["ingress_provider", "nginx, traefik, gateway, haproxy", "'apache'"]),
        ({"ingress_cors_enabled": "perhaps"}, ["ingress_cors_enabled", "boolean"]),
        ({"ingress_clas": "nginx"}, ["ingress_clas", "ingress_class"]),
    ],
)
def test_refuses(variables: dict[str, t.Any], words: list[str]) -> None:
    message = refusal(**variables)
    assert all(word in message for word in words), message


# Whatever the inventory


LABEL = some.from_regex(r"[a-z]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)
HOST = some.lists(LABEL, min_size=2, max_size=4).map(".".join)


@every_variant
@settings(max_examples=8, deadline=None)
@given(
    name=LABEL,
    namespace=LABEL,
    host=HOST,
    extra=some.lists(HOST, max_size=2, unique=True),
    paths=some.lists(some.sampled_from(["/", "/api", "/healthz"]), min_size=1, unique=True),
    labels=some.dictionaries(LABEL, LABEL, max_size=2),
    cors=some.booleans(),
)
def test_any_inventory_gives_sound_manifests(
    variant: dict[str, t.Any],
    name: str,
    namespace: str,
    host: str,
    extra: list[str],
    paths: list[str],
    labels: dict[str, str],
    cors: bool,
) -> None:
    hosts = [host, *(each for each in extra if each != host)]
    manifests = render(
        "ingress",
        **variant,
        maestro_name=name,
        maestro_namespace=namespace,
        maestro_hostname=host,
        maestro_labels=labels,
        ingress_extra_hostnames=hosts[1:],
        ingress_paths=paths,
        ingress_cors_enabled=cors,
    )
    identities = [(item["apiVersion"], item["kind"], item["metadata"]["name"]) for item in manifests]
    assert len(set(identities)) == len(identities)
    for item in manifests:
        assert item["metadata"]["namespace"] == namespace
        assert item["metadata"]["labels"].items() >= {**labels, "app.kubernetes.io/instance": name}.items()
        assert re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", item["metadata"]["name"])
    certified = [certificate["spec"]["dnsNames"] for certificate in of_kind(manifests, "Certificate")]
    assert certified == ([] if "ingress_gateway_name" in variant else [hosts])
    backends = list(backend_services(manifests))
    assert backends
    assert set(backends) == {(name, "http")}


def backend_services(manifests: list[Manifest]) -> t.Iterator[tuple[str, str]]:
    """Service and port (by name) that requests reach, of every route."""
    for item in of_kind(manifests, "Ingress"):
        for rule in item["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                yield path["backend"]["service"]["name"], path["backend"]["service"]["port"]["name"]
    for item in of_kind(manifests, "HTTPRoute"):
        for rule in item["spec"]["rules"]:
            for backend in rule.get("backendRefs", []):
                yield backend["name"], {8080: "http"}[backend["port"]]


@pytest.mark.parametrize(
    ("origin", "matches"),
    [
        ("https://app.intelgraph.ai", True),
        ("https://intelgraph.ai", False),
        ("https://a.b.intelgraph.ai", False),
        ("https://evil-intelgraph.ai", False),
        ("https://app.intelgraph.ai.evil.com", False),
        ("https://appXintelgraph.ai", False),
        ("http://app.intelgraph.ai", False),
    ],
)
def test_a_wildcard_origin_is_one_label(origin: str, matches: bool) -> None:
    assert bool(re.search(origin_pattern("https://*.intelgraph.ai"), origin)) is matches
