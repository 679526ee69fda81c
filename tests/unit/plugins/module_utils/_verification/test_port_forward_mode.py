# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A smoke run through the API server: who is asked, what is judged before, and what is left of it afterwards."""

from __future__ import annotations

import json
import os
import threading
import time
import typing as t

import pytest
from ansible.module_utils.common.arg_spec import ModuleArgumentSpecValidator

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.port_forward.service_endpoints import (
    NotForwardable,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._verification import port_forward_mode, verify
from ansible_collections.intelgraph.maestro.plugins.module_utils._verification.port_forward_mode import (
    ForwardingRefused,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._verification.verify import (
    SmokeRefused,
    options,
    smoke_result,
)
from ansible_collections.intelgraph.maestro.plugins.modules import smoke
from tests.unit.api_double import ApiDouble
from tests.unit.plugins.module_utils._cluster.connecting import connect
from tests.unit.plugins.module_utils._cluster.port_forward_server import (
    Line,
    Pod,
    PortForwardServer,
    answering,
    breaking,
    refusing,
)

NAMESPACE = "n"
LIGHT = {"rate": 100, "seconds": 0.2, "warm_up": 0.1, "extensions": 0, "gates": {"error_ratio": 0.2}}


class Api(ApiDouble):
    """Objects in memory; ports are forwarded by a server. `allowed` are the verbs on pods/portforward."""

    def __init__(self, forwarder: Cluster) -> None:
        super().__init__(NAMESPACE)
        self._forwarder = forwarder
        self.allowed = ["get", "create"]

    def upgrade(self, path: str, protocol: str, **query: t.Any) -> t.Any:
        return self._forwarder.upgrade(path, protocol, **query)

    def create(self, path: str, body: dict[str, t.Any], **query: t.Any) -> dict[str, t.Any]:
        if not path.endswith("selfsubjectaccessreviews"):
            return super().create(path, body, **query)
        return {"status": {"allowed": body["spec"]["resourceAttributes"]["verb"] in self.allowed}}


class World(t.NamedTuple):
    """A cluster with a Service maestro and pods behind it."""

    api: Api
    server: PortForwardServer

    def ready(self, *pods: str) -> None:
        """Let these pods, and no others, be ready behind the Service."""
        endpoints = [{"targetRef": {"kind": "Pod", "name": pod}, "conditions": {"ready": True}} for pod in pods]
        labels = {"kubernetes.io/service-name": "maestro"}
        metadata = {"name": "maestro-1", "namespace": NAMESPACE, "labels": labels}
        self.api.put(
            {
                "apiVersion": "discovery.k8s.io/v1",
                "kind": "EndpointSlice",
                "metadata": metadata,
                "ports": [{"name": "http", "port": 8080}],
                "endpoints": endpoints,
            }
        )


def saying(pod: str) -> Pod:
    return answering(json.dumps({"pod": pod, "revision": "new"}).encode())


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> t.Iterator[World]:
    """Two pods, a and b, that answer."""
    monkeypatch.setattr(port_forward_mode, "PATIENCE", 0.05)
    with PortForwardServer(a=saying("a"), b=saying("b")) as server, connect(server.url) as forwarder:
        api = Api(forwarder)
        monkeypatch.setattr(Cluster, "connect", classmethod(lambda _class, _params: api))
        ports = [{"name": "http", "port": 80}, {"name": "metrics", "port": 9090}]
        named = {"name": "maestro", "namespace": NAMESPACE}
        api.put({"apiVersion": "v1", "kind": "Service", "metadata": named, "spec": {"ports": ports}})
        made = World(api, server)
        made.ready("a", "b")
        yield made


def parameters(**given: t.Any) -> dict[str, t.Any]:
    asked = {
        "url": "https://maestro.example.com",
        "port_forward": "service/maestro",
        "namespace": NAMESPACE,
        "pods": "given",
        "expected_pods": ["a", "b"],
        "deadline": 20,
        "interval": 0.01,
        **given,
    }
    checked = ModuleArgumentSpecValidator(smoke.ARGUMENTS).validate(asked)
    assert checked.error_messages == []
    return t.cast("dict[str, t.Any]", checked.validated_parameters)


def asked(**given: t.Any) -> dict[str, t.Any]:
    return verify.asked(parameters(**given))


def test_every_pod_answers_and_what_was_not_asked_is_named(world: World) -> None:
    came = asked()
    assert (came["verdict"], came["msg"]) == ("passed", "service/maestro:http in n serves: 3 checks passed.")
    assert came["pods"]["seen"] == {"a": "new", "b": "new"}
    assert set(came["port_forward"]["connections"]) == {"a", "b"}
    assert "closed /metrics" in came["port_forward"]["left_out"]
    assert [each["id"] for each in came["findings"]] == ["ingress-not-tested", "availability-unproven"]


def test_a_load_is_spread_over_the_pods(world: World) -> None:
    came = asked(load=LIGHT, defaults=False, pods="off")
    assert came["load"]["results"]["ok"] == came["load"]["planned"] == 20
    assert came["load"]["connections"]["opened"] >= 2
    assert set(came["port_forward"]["connections"]) == {"a", "b"}


def test_the_public_way_says_nothing_of_it(world: World) -> None:
    given = {"url": "http://127.0.0.1:1", "port_forward": "", "defaults": False, "pods": "off"}
    assert asked(**given)["port_forward"] == {}
    assert world.server.asked == []


@pytest.mark.parametrize(
    ("way", "said"),
    [
        ("service/other", "n has no Service other; it has maestro"),
        ("service/maestro:web", "its ports: http (80), metrics (9090)"),
        ("service/maestro:metrics", "No pod behind Service maestro of n is ready"),
    ],
)
def test_nobody_to_ask_is_known_before_anything_is_sent(world: World, way: str, said: str) -> None:
    with pytest.raises(NotForwardable) as raised:
        asked(port_forward=way)
    assert said in str(raised.value)
    assert world.server.asked == []


def test_no_pod_is_ready(world: World) -> None:
    world.ready()
    with pytest.raises(NotForwardable, match="No pod behind Service maestro of n is ready"):
        asked()


@pytest.mark.parametrize(
    ("allowed", "said"),
    [(["create"], "may not get pods/portforward in n"), ([], "may not get and create pods/portforward in n")],
)
def test_a_refusal_names_the_verbs_that_are_missing(world: World, allowed: list[str], said: str) -> None:
    world.server.refusal, world.api.allowed = (403, "Forbidden", "the server's words"), allowed
    with pytest.raises(ForwardingRefused) as raised:
        asked()
    assert said in str(raised.value)
    assert "the server's words" in str(raised.value)
    assert len(world.server.asked) == 2


@pytest.mark.parametrize("way", ["maestro", "pod/a", "service/"])
def test_what_is_no_way_is_refused_in_a_release_too(way: str) -> None:
    given = {"url": "https://maestro.example.com", "port_forward": way}
    with pytest.raises(SmokeRefused, match="should be service/NAME"):
        options(given, {})


def test_a_release_stays_unproven_when_nobody_can_be_asked(world: World) -> None:
    given = {"url": "https://maestro.example.com", "port_forward": "service/other", "namespace": NAMESPACE}
    came = smoke_result(given, parameters(), {})
    assert (came.verdict, came.findings[0].id, came.findings[0].severity) == (
        "inconclusive",
        "port-forward-no-target",
        "warning",
    )
    assert "other" in came.figures["msg"]


def test_a_pod_that_takes_no_connection_has_failed(world: World) -> None:
    world.server.pods.update(a=refusing, b=refusing)
    came = asked(deadline=0.1)
    assert came["verdict"] == "failed"
    unreachable = [each for each in came["findings"] if each["id"] == "service-unreachable"]
    assert any(": connect: connection refused" in line for each in unreachable for line in each["evidence"])
    assert came["port_forward"]["refused"]


def test_a_way_that_breaks_leaves_it_open(world: World) -> None:
    world.server.pods.update(a=breaking, b=breaking)
    came = asked(deadline=1)
    assert (came["verdict"], came["findings"][0]["id"]) == ("inconclusive", "port-forward-interrupted")
    assert came["port_forward"]["broken"]


def test_an_api_server_that_refuses_in_the_middle_of_a_load(world: World) -> None:
    """Pods close each connection after an answer, and from some time on no other is opened."""
    answered: list[Line] = []

    def pod(line: Line) -> None:
        answered.append(line)
        if len(answered) > 8:
            world.server.refusal = (503, "ServiceUnavailable", "etcd is away")
        answering(b"{}", times=1)(line)

    world.server.pods.update(a=pod, b=pod)
    came = asked(defaults=False, pods="off", load={**LIGHT, "seconds": 0.5})
    assert came["verdict"] == "inconclusive", came["msg"]
    assert came["load"]["results"]["reset"] > 0
    assert any("etcd is away" in text for text in came["port_forward"]["broken"])


def test_nothing_is_left_of_a_run(world: World) -> None:
    asked(load=LIGHT)
    deadline = time.monotonic() + 20
    threads, files = threading.active_count(), len(os.listdir("/proc/self/fd"))
    asked(load=LIGHT)
    while time.monotonic() < deadline and (
        threading.active_count() > threads or len(os.listdir("/proc/self/fd")) > files
    ):
        time.sleep(0.01)
    assert threading.active_count() <= threads
    assert len(os.listdir("/proc/self/fd")) <= files
