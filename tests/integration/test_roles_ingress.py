# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ingress role on the lab: what the API server says of its manifests, and what Traefik does with them."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import socket
import ssl
import typing as t
from http.client import HTTPConnection

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from tests.integration import seeing
from tests.integration.conftest import Player
from tests.integration.waiting import wait_for
from tests.unit.rendering import render
from tests.unit.roles.test_ingress import VARIANTS

NOT_SERVED = frozenset({"BackendTrafficPolicy", "RateLimitPolicy", "ClientSettingsPolicy", "ProxySettingsPolicy"})
"""Policies of Envoy Gateway and NGINX Gateway Fabric, whose CRDs the lab does not have."""
ALLOWED, FOREIGN = "https://app.intelgraph.ai", "https://intelgraph.ai.example.com"
RATE, BURST = 8, 40
"""400 requests at once outrun what both replicas of the controller let pass, unless they take 20 s."""
PROVIDERS = {
    "traefik": {"ingress_provider": "traefik", "ingress_class": "traefik"},
    "gateway": {
        "ingress_provider": "gateway",
        "ingress_class": "traefik",
        "ingress_gateway_implementation": "traefik",
        "ingress_gateway_http_port": 80,
        "ingress_gateway_https_port": 443,
        "ingress_annotations": {},
    },
}
LIMITS = {
    "ingress_rate_limit_requests_per_second": RATE,
    "ingress_rate_limit_burst": BURST,
    "ingress_body_limit_mebibytes": 1,
}

Manifest = dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Answer:
    """Status and headers (in lower case) of an HTTP answer."""

    status: int
    headers: dict[str, str]


@dataclasses.dataclass(frozen=True)
class Entrance:
    """The lab's ingress, as a client that asks for one host name sees it."""

    address: str
    hostname: str
    ca_bundle: str

    def ask(self, path: str, method: str = "GET", port: int = 443, **headers: str) -> Answer:
        """One request on a connection of its own; on port 443 the certificate is verified."""
        connection = HTTPConnection(self.hostname, port, timeout=10)
        connection.sock = self._socket(port)
        try:
            connection.request(method, path, headers={name.replace("_", "-"): headers[name] for name in headers})
            response = connection.getresponse()
            response.read()
            return Answer(response.status, {name.lower(): value for name, value in response.getheaders()})
        finally:
            connection.close()

    def preflight(self, origin: str) -> Answer:
        return self.ask(
            "/api/v1/status",
            "OPTIONS",
            Origin=origin,
            Access_Control_Request_Method="POST",
            Access_Control_Request_Headers="authorization",
        )

    def certificate(self) -> dict[str, t.Any]:
        with self._socket(443) as secure:
            assert isinstance(secure, ssl.SSLSocket)
            return t.cast("dict[str, t.Any]", secure.getpeercert())

    def _socket(self, port: int) -> socket.socket:
        plain = socket.create_connection((self.address, port), timeout=10)
        if port != 443:
            return plain
        context = ssl.create_default_context(cafile=self.ca_bundle)
        return context.wrap_socket(plain, server_hostname=self.hostname)


@pytest.fixture(params=PROVIDERS)
def entrance(request: pytest.FixtureRequest, namespace: str, deploy: Player, lab: dict[str, t.Any]) -> Entrance:
    """Maestro deployed behind the provider, with limits small enough to be reached."""
    done = deploy(**PROVIDERS[request.param], **LIMITS)
    assert done.rc == 0, done.output
    found = Entrance(lab["ingress"]["address"], f"{namespace}.maestro.test", lab["ca_bundle"])
    seeing.wait_until_answered(lab, found.hostname)
    return found


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
def test_api_server_accepts_every_manifest_without_a_warning(
    variant: dict[str, t.Any], cluster: Cluster, namespace: str, api_dry_run: t.Callable[[Manifest], tuple[str, ...]]
) -> None:
    cluster.create("/api/v1/namespaces", {"metadata": {"name": namespace}})
    for manifest in render("ingress", **variant, maestro_namespace=namespace):
        if manifest["kind"] not in NOT_SERVED:
            assert api_dry_run(manifest) == (), manifest


def test_traefik_keeps_what_the_role_says(entrance: Entrance) -> None:
    """One deployment for each provider, because that takes longest: redirect, HSTS, CORS, limits, certificate."""
    assert_redirects(entrance)
    assert_browsers_are_told(entrance)
    assert ("DNS", entrance.hostname) in entrance.certificate()["subjectAltName"]
    assert entrance.ask("/metrics").status == 404, "the metrics port is not public"
    assert entrance.ask("/api/v1/status", "POST", Content_Length="1100000").status == 413
    assert_limits(entrance)


def assert_redirects(entrance: Entrance) -> None:
    answer = entrance.ask("/api/v1/status", port=80)
    assert answer.status in (301, 308)
    assert answer.headers["location"] == f"https://{entrance.hostname}/api/v1/status"


def assert_browsers_are_told(entrance: Entrance) -> None:
    answer = entrance.ask("/api/v1/status", Origin=ALLOWED)
    assert answer.headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"
    assert answer.headers["access-control-allow-origin"] == ALLOWED
    assert entrance.preflight(ALLOWED).headers["access-control-allow-origin"] == ALLOWED
    assert "access-control-allow-origin" not in entrance.preflight(FOREIGN).headers
    assert "access-control-allow-origin" not in entrance.ask("/api/v1/status", Origin=FOREIGN).headers


def assert_limits(entrance: Entrance) -> None:
    """Far more than the burst at once: some pass, the others get 429, and after a pause requests pass again."""
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(lambda _number: entrance.ask("/api/v1/status"), range(10 * BURST)))
    statuses = {answer.status for answer in answers}
    assert statuses == {200, 429}
    turned_away = [answer for answer in answers if answer.status == 429]
    assert len(answers) - len(turned_away) >= BURST
    assert "strict-transport-security" in turned_away[0].headers
    wait_for("the limit lets somebody in again", lambda: entrance.ask("/api/v1/status").status == 200)
