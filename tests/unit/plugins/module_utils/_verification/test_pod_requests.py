# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pod is asked itself at the port that the Service sends requests to, with the public name."""

from __future__ import annotations

import collections
import http.server
import threading
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.errors import ApiError
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.port_forward.listener import Backend
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.endpoints import Serving
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.checks.pod_coverage import Directly
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.http.request import parse_url
from ansible_collections.intelgraph.maestro.plugins.module_utils._verification import pod_requests

PUBLIC = parse_url("https://maestro.example.com:8443/api/v1/status?full=1")


class Pod(http.server.BaseHTTPRequestHandler):
    """Answers with what it was asked."""

    def do_GET(self) -> None:
        body = f"{self.headers['Host']} {self.path}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_given: object) -> None:
        """Say nothing."""


class ServicePort:
    """Stands in for a forwarding: it leads to `address`, and `asked` are the pods that somebody wanted to reach."""

    address: t.ClassVar[tuple[str, int]]
    asked: t.ClassVar[list[Backend]]
    broken: t.ClassVar[dict[str, int]]

    def __init__(self, _cluster: object, _namespace: str, backends: t.Callable[[], list[Backend]]) -> None:
        self.asked.extend(backends())
        self.refused: collections.Counter[str] = collections.Counter()

    def __enter__(self) -> t.Self:
        return self

    def __exit__(self, *_error: object) -> None:
        """Nothing is open."""


@pytest.fixture(autouse=True)
def way(monkeypatch: pytest.MonkeyPatch) -> t.Iterator[type[ServicePort]]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pod) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setattr(ServicePort, "address", server.server_address[:2], raising=False)
        monkeypatch.setattr(ServicePort, "asked", [], raising=False)
        monkeypatch.setattr(ServicePort, "broken", {}, raising=False)
        monkeypatch.setattr(pod_requests, "Forwarding", ServicePort)
        yield ServicePort
        server.shutdown()


class Cluster:
    """Knows the pods `b`, which runs, and `c`, which is ending; `d` may not be read."""

    def find(self, _version: str, _kind: str, _namespace: str, name: str) -> t.Any:
        if name == "d":
            raise ApiError(403, "Forbidden", "you may not get pods")
        return {"b": {"metadata": {}}, "c": {"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}}.get(name)


def ask(behind: Serving) -> Directly:
    return pod_requests.directly(t.cast("t.Any", Cluster()), "maestro-system", "maestro", behind, PUBLIC, 5.0)


def test_a_pod_is_asked_as_the_ingress_would(way: type[ServicePort]) -> None:
    reply = ask(Serving(("a", "b"), "new", port=8080))("b")
    assert reply
    assert (reply.status, reply.body) == (200, b"maestro.example.com:8443 /api/v1/status?full=1")
    assert way.asked == [Backend("b", 8080)]


@pytest.mark.parametrize("behind", [Serving(("b",), "new", (), ("b",), 8080), Serving(("b",), "new")])
def test_who_gets_no_requests_is_not_asked(behind: Serving, way: type[ServicePort]) -> None:
    reply = ask(behind)("b")
    assert reply
    assert (reply.status, reply.error) == (0, "it is not among the endpoints of Service maestro")
    assert way.asked == []


def test_why_the_way_is_closed_is_told(way: type[ServicePort], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(way, "address", ("127.0.0.1", 1))
    monkeypatch.setattr(way, "broken", {"Forbidden: cannot create resource pods/portforward": 1})
    reply = ask(Serving(("b",), "new", port=8080))("b")
    assert reply
    assert reply.error == "Forbidden: cannot create resource pods/portforward"


def test_a_pod_that_may_not_be_read_is_asked_all_the_same(way: type[ServicePort]) -> None:
    reply = ask(Serving(("d",), "new", port=8080))("d")
    assert reply
    assert (reply.status, way.asked) == (200, [Backend("d", 8080)])


@pytest.mark.parametrize("pod", ["a", "c"])
def test_a_pod_that_has_ended_since_has_nothing_to_answer_for(pod: str, way: type[ServicePort]) -> None:
    assert ask(Serving(("a", "b", "c"), "new", port=8080))(pod) is None
    assert way.asked == []
