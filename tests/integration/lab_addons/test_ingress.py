# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""The ingress controller, asked from the machine at the load balancer's address, as a user would."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.integration.waiting import wait_for

from .conftest import Facts, Kubectl, pod

SETTLED = 90.0  # seconds within which the controller must have seen a new object
IN_A_ROW = 10
"""Answers of a kind that show, with two replicas taken in turn or by chance, that both know an object."""
ORIGIN = "https://app.intelgraph.ai"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: str


Ask = Callable[..., Answer]


class Pinned(http.client.HTTPSConnection):
    """Connects to an address and asks there for a name, as `curl --resolve` does."""

    def __init__(self, address: str, name: str, port: int, context: ssl.SSLContext) -> None:
        super().__init__(name, port, timeout=10, context=context)
        self.address, self.context = address, context

    def connect(self) -> None:
        plain = socket.create_connection((self.address, self.port), timeout=10)
        self.sock = self.context.wrap_socket(plain, server_hostname=self.host)


@pytest.fixture(scope="module")
def name(kubectl: Kubectl, facts: Facts) -> str:
    return f"{kubectl.namespace}.{facts['ingress']['domain']}"


@pytest.fixture(scope="module")
def ask(facts: Facts, name: str) -> Ask:
    """Asks for a path of the module's host name, over TLS trusted by the lab's CA, or plain HTTP."""
    trusted = ssl.create_default_context(cafile=facts["ca_bundle"])
    ingress = facts["ingress"]

    def request(path: str = "/annotated/", method: str = "GET", tls: bool = True, **headers: str) -> Answer:
        connection: http.client.HTTPConnection
        if tls:
            connection = Pinned(ingress["address"], name, ingress["https_port"], trusted)
        else:
            connection = http.client.HTTPConnection(ingress["address"], ingress["http_port"], timeout=10)
        sent = {"Host": name, **{key.replace("_", "-"): value for key, value in headers.items()}}
        try:
            connection.request(method, path, headers=sent)
            response = connection.getresponse()
            answered = {key.lower(): value for key, value in response.getheaders()}
            return Answer(response.status, answered, response.read().decode())
        finally:
            connection.close()

    return request


def until(asked: Callable[[], Answer], status: int, times: int = IN_A_ROW) -> Answer:
    """The last of so many answers of that status in a row; each replica of the controller needs its moment."""
    return wait_for(f"answers {status}", asked, lambda answer: answer.status == status, seconds=SETTLED, times=times)


def metadata(name: str, **annotations: str) -> dict[str, Any]:
    return {"name": name, "annotations": annotations}


def ingress(name: str, host: str, path: str, ingress_class: str, **annotations: str) -> dict[str, Any]:
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    rule = {"host": host, "http": {"paths": [{"path": path, "pathType": "Prefix", "backend": backend}]}}
    spec = {"ingressClassName": ingress_class, "rules": [rule], "tls": [{"hosts": [host], "secretName": "web-tls"}]}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": metadata(name, **annotations),
        "spec": spec,
    }


@pytest.fixture(scope="module", autouse=True)
def web(kubectl: Kubectl, name: str) -> None:
    """A web server with a certificate of the lab's issuer."""
    script = "for path in annotated limited gateway; do mkdir -p /tmp/$path; "
    script += 'echo "hello of $HOSTNAME" > /tmp/$path/index.html; done; exec httpd -f -p 8080 -h /tmp'
    kubectl.apply(
        pod(
            "web", ["sh", "-c", script], container={"readinessProbe": {"httpGet": {"path": "/gateway/", "port": 8080}}}
        ),
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "web"},
            "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]},
        },
        {
            "apiVersion": "cert-manager.io/v1",
            "kind": "Certificate",
            "metadata": {"name": "web"},
            "spec": {
                "secretName": "web-tls",
                "dnsNames": [name],
                "issuerRef": {"kind": "ClusterIssuer", "name": "lab-ca"},
            },
        },
    )
    kubectl.ready("web")
    kubectl("wait", "certificate/web", "--for=condition=Ready", "--timeout=60s")


@pytest.fixture(scope="module")
def annotated(kubectl: Kubectl, name: str, ask: Ask) -> None:
    """An Ingress with the annotations of the NGINX controller."""
    prefix = "nginx.ingress.kubernetes.io"
    kubectl.apply(
        ingress(
            "annotated",
            name,
            "/annotated/",
            "nginx",
            **{
                f"{prefix}/force-ssl-redirect": "true",
                f"{prefix}/enable-cors": "true",
                f"{prefix}/cors-allow-origin": ORIGIN,
                f"{prefix}/cors-allow-methods": "GET, POST",
            },
        )
    )
    until(ask, 200)


@pytest.mark.usefixtures("annotated")
class TestNginxAnnotations:
    def test_served_with_a_certificate_that_the_labs_authority_signed(self, ask: Ask) -> None:
        assert ask().body.startswith("hello of web")

    def test_plain_http_is_sent_to_https(self, ask: Ask, name: str) -> None:
        answer = ask("/annotated/x", tls=False)
        assert (answer.status, answer.headers["location"]) == (308, f"https://{name}/annotated/x")

    def test_preflight_of_an_allowed_origin_is_granted(self, ask: Ask) -> None:
        answer = ask("/annotated/", "OPTIONS", Origin=ORIGIN, Access_Control_Request_Method="POST")
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        assert "POST" in answer.headers["access-control-allow-methods"]

    def test_another_origin_is_not_granted(self, ask: Ask) -> None:
        answer = ask("/annotated/", Origin="https://elsewhere.example")
        assert answer.headers.get("access-control-allow-origin") in (None, ORIGIN)

    def test_ingress_tells_the_load_balancers_address(self, kubectl: Kubectl, facts: Facts) -> None:
        kubectl(
            "wait", "ingress/annotated", "--timeout=240s",
            f"--for=jsonpath={{.status.loadBalancer.ingress[0].ip}}={facts['ingress']['address']}",
        )  # fmt: skip


def test_unknown_host_is_not_found(facts: Facts) -> None:
    connection = http.client.HTTPConnection(facts["ingress"]["address"], 80, timeout=10)
    connection.request("GET", "/", headers={"Host": "nobody.example"})
    assert connection.getresponse().status == 404


def test_rate_limit_answers_429_once_the_burst_is_used(kubectl: Kubectl, name: str, ask: Ask) -> None:
    kubectl.apply(
        {
            "apiVersion": "traefik.io/v1alpha1",
            "kind": "Middleware",
            "metadata": {"name": "limit"},
            "spec": {"rateLimit": {"average": 1, "period": "10s", "burst": 5}},
        },
        ingress(
            "limited",
            name,
            "/limited/",
            "traefik",
            **{"traefik.ingress.kubernetes.io/router.middlewares": f"{kubectl.namespace}-limit@kubernetescrd"},
        ),
    )
    until(lambda: ask("/limited/"), 200, times=1)
    answers = Counter(ask("/limited/").status for _ in range(40))
    assert set(answers) - {404} == {200, 429}, "404: one of two replicas does not know the route yet"
    assert answers[200] <= 20, "each of two replicas lets a burst of 5 pass, and another whenever it is reconfigured"


@pytest.fixture
def gateway(kubectl: Kubectl, name: str) -> Iterator[None]:
    listener = {
        "name": "https",
        "port": 443,
        "protocol": "HTTPS",
        "hostname": name,
        "tls": {"mode": "Terminate", "certificateRefs": [{"name": "web-tls"}]},
    }
    kubectl.apply(
        {
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "Gateway",
            "metadata": {"name": "edge"},
            "spec": {"gatewayClassName": "traefik", "listeners": [listener]},
        }
    )
    yield
    kubectl("delete", "gateway", "edge")


@pytest.mark.usefixtures("gateway")
def test_gateway_api_routes(kubectl: Kubectl, name: str, ask: Ask) -> None:
    rule = {
        "matches": [{"path": {"type": "PathPrefix", "value": "/gateway/"}}],
        "backendRefs": [{"name": "web", "port": 80}],
    }
    kubectl.apply(
        {
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "HTTPRoute",
            "metadata": {"name": "web"},
            "spec": {"parentRefs": [{"name": "edge"}], "hostnames": [name], "rules": [rule]},
        }
    )
    kubectl("wait", "gateway/edge", "--for=condition=Programmed", "--timeout=240s")
    assert until(lambda: ask("/gateway/"), 200).body.startswith("hello of web")
    conditions = kubectl.get("httproute", "web")["status"]["parents"][0]["conditions"]
    assert {condition["type"]: condition["status"] for condition in conditions}["Accepted"] == "True"


def test_restarted_controller_loses_no_request(kubectl: Kubectl, annotated: None, ask: Ask) -> None:
    outside = Kubectl(kubectl.kubeconfig, "traefik")
    outside("rollout", "restart", "deployment/traefik")
    counts: Counter[int | str] = Counter()
    with outside.started("rollout", "status", "deployment/traefik", "--timeout=240s") as rollout:
        while rollout.poll() is None:
            counts.update([status_or_error(ask)])
    assert rollout.returncode == 0
    assert set(counts) == {200}, counts
    assert counts[200] > 50


def status_or_error(ask: Ask) -> int | str:
    try:
        return ask().status
    except (OSError, http.client.HTTPException) as error:
        return repr(error)
