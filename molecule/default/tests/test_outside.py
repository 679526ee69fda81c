# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""What the world sees: HTTPS through the ingress, by the public name and the lab's certificate authority."""

from __future__ import annotations

import concurrent.futures
import contextlib
import http.client
import json
import socket
import ssl
import typing as t

import pytest

HOSTNAME = "maestro.maestro-lab.internal"
SECONDS = 30
PODS = 3
CLIENTS, ASKED = 20, 60


class ByAddress(http.client.HTTPSConnection):
    """HTTPS to an address that no name server knows, by the name that the certificate must have."""

    def __init__(self, address: str, port: int, ca_bundle: str) -> None:
        self.trust = ssl.create_default_context(cafile=ca_bundle)
        self.address = address
        super().__init__(HOSTNAME, port, timeout=SECONDS, context=self.trust)

    def connect(self) -> None:
        plain = socket.create_connection((self.address, self.port), SECONDS)
        self.sock = self.trust.wrap_socket(plain, server_hostname=HOSTNAME)


def connect(lab: dict[str, t.Any]) -> ByAddress:
    return ByAddress(lab["ingress"]["address"], lab["ingress"]["https_port"], lab["ca_bundle"])


@pytest.fixture
def https(lab: dict[str, t.Any]) -> t.Iterator[ByAddress]:
    connection = connect(lab)
    yield connection
    connection.close()


def test_the_api_answers_over_https(https: ByAddress) -> None:
    https.request("GET", "/api/v1/status")
    answer = https.getresponse()
    assert answer.status == 200
    assert json.loads(answer.read())["service"] == "maestro-control-plane"


def test_every_pod_answers_when_many_ask_at_once(lab: dict[str, t.Any]) -> None:
    """The ingress keeps its connections, so one client after the other would be given the same pod again."""

    def pod_of_an_answer(_number: int) -> str | None:
        with contextlib.closing(connect(lab)) as connection:
            connection.request("GET", "/api/v1/work?ms=50")
            return connection.getresponse().getheader("X-Maestro-Pod")

    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        assert len(set(pool.map(pod_of_an_answer, range(ASKED)))) == PODS


def test_pages_of_intelgraph_may_ask_and_others_may_not(https: ByAddress) -> None:
    allowed = {}
    for origin in ("https://intelgraph.ai", "https://example.com"):
        https.request("OPTIONS", "/api/v1/status", headers={"Origin": origin, "Access-Control-Request-Method": "GET"})
        answer = https.getresponse()
        answer.read()
        allowed[origin] = answer.headers.get("Access-Control-Allow-Origin")
    assert allowed == {"https://intelgraph.ai": "https://intelgraph.ai", "https://example.com": None}


def test_metrics_are_not_public(https: ByAddress) -> None:
    https.request("GET", "/metrics")
    assert https.getresponse().status == 404


def test_plain_http_is_sent_to_https(lab: dict[str, t.Any]) -> None:
    ingress = lab["ingress"]
    plain = http.client.HTTPConnection(ingress["address"], ingress["http_port"], timeout=SECONDS)
    plain.request("GET", "/api/v1/status", headers={"Host": HOSTNAME})
    answer = plain.getresponse()
    plain.close()
    assert answer.status in {301, 308}
    assert answer.headers["Location"].startswith(f"https://{HOSTNAME}/")
