# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Port-forwards through a server that speaks as an API server does: every pod in turn, clear ends, nothing left."""

from __future__ import annotations

import collections
import contextlib
import http.client
import os
import socket
import threading
import time
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.errors import ApiError, Unreachable
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.port_forward.listener import (
    Backend,
    Forwarding,
)
from tests.unit.plugins.module_utils._cluster.connecting import connect
from tests.unit.plugins.module_utils._cluster.port_forward_server import (
    Line,
    Pod,
    PortForwardServer,
    answering,
    breaking,
    refusing,
)

SECONDS = 20.0


@contextlib.contextmanager
def forwarded(*pods: str, **serving: Pod) -> t.Iterator[tuple[PortForwardServer, Forwarding]]:
    """A server with pods, and a forwarding to those that are named (to all, when none is)."""
    names = pods or tuple(name.replace("_", "-") for name in serving)
    backends = [Backend(name, 8080) for name in names]
    with (
        PortForwardServer(**serving) as server,
        connect(server.url) as cluster,
        Forwarding(cluster, "n", lambda: backends) as forwarding,
    ):
        yield server, forwarding


def get(forwarding: Forwarding, times: int = 1) -> list[bytes]:
    """Ask so many times on one connection."""
    client = http.client.HTTPConnection(*forwarding.address, timeout=SECONDS)
    try:
        bodies = []
        for _time in range(times):
            client.request("GET", "/")
            bodies.append(client.getresponse().read())
        return bodies
    finally:
        client.close()


def ask(client: socket.socket) -> bytes:
    client.sendall(b"GET / HTTP/1.1\r\n\r\n")
    return client.recv(1)


def eventually(holds: t.Callable[[], bool]) -> bool:
    """Whether it comes true while there is patience."""
    deadline = time.monotonic() + SECONDS
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.005)
    return holds()


def test_each_pod_answers_in_its_turn() -> None:
    with forwarded(a=answering(b"a"), b=answering(b"b"), c=answering(b"c")) as (server, forwarding):
        bodies = [get(forwarding, times=2) for _connection in range(6)]
        assert collections.Counter(body for pair in bodies for body in pair) == {b"a": 4, b"b": 4, b"c": 4}
        assert forwarding.opened == {"a": 2, "b": 2, "c": 2}
        assert (forwarding.refused, forwarding.broken) == ({}, {})
    assert "/api/v1/namespaces/n/pods/a/portforward?ports=8080" in server.heads[0]
    assert "authorization: bearer token" in server.heads[0].lower()


def test_long_bodies_come_whole_both_ways() -> None:
    """Longer than what may wait inside, to a client that takes its time."""
    size = 3_000_000

    def informer(line: Line) -> None:
        last_heard = 0
        while last_heard < size:
            _opcode, content = line.hear()
            line.data(content[1:])
            last_heard += len(content) - 1
        line.hear()

    sent = os.urandom(size)
    with (
        forwarded(a=informer) as (_server, forwarding),
        socket.create_connection(forwarding.address, SECONDS) as client,
    ):
        writer = threading.Thread(target=client.sendall, args=(sent,))
        writer.start()
        came = bytearray()
        while len(came) < size:
            piece = client.recv(10_000)
            assert piece
            came += piece
        writer.join()
    assert came == sent


def test_a_pod_that_closes_is_seen_to_close() -> None:
    with (
        forwarded(a=answering(b"last", times=1)) as (_server, forwarding),
        socket.create_connection(forwarding.address, SECONDS) as client,
    ):
        client.sendall(b"GET / HTTP/1.1\r\n\r\n")
        came = b""
        while piece := client.recv(1000):
            came += piece
        assert came.endswith(b"last")
        assert (forwarding.refused, forwarding.broken) == ({}, {})


def test_a_client_that_closes_is_told_of() -> None:
    """By a goodbye, or by a reset where words of the server were still on their way to the client."""
    there, over = threading.Event(), threading.Event()

    def pod(line: Line) -> None:
        there.set()
        with contextlib.suppress(EOFError, ConnectionResetError):
            line.request()
        over.set()

    with forwarded(a=pod) as (_server, forwarding):
        with socket.create_connection(forwarding.address, SECONDS):
            assert there.wait(SECONDS)
        assert over.wait(SECONDS)


@pytest.mark.parametrize(
    ("pod", "which", "said"),
    [
        (refusing, "refused", "a: connect: connection refused"),
        (breaking, "broken", "a: the connection to the API server broke: it was closed without a word"),
    ],
)
def test_a_way_that_ends_badly_is_a_reset_and_told(pod: Pod, which: str, said: str) -> None:
    with (
        forwarded(a=pod) as (_server, forwarding),
        socket.create_connection(forwarding.address, SECONDS) as client,
    ):
        with pytest.raises(ConnectionResetError):
            ask(client)
        other = {"refused", "broken"} - {which}
        assert eventually(lambda: bool(getattr(forwarding, which)))
        assert getattr(forwarding, which) == {said: 1}
        assert getattr(forwarding, other.pop()) == {}


def test_a_pod_that_is_gone_is_passed_over() -> None:
    with forwarded("a", "b", b=answering(b"b")) as (server, forwarding):
        assert [get(forwarding) for _connection in range(3)] == [[b"b"]] * 3
        assert forwarding.broken == {}
        assert server.asked.count("a") >= 1


def test_no_pod_and_a_refusal_are_resets_with_their_reason() -> None:
    with forwarded(a=answering(b"a")) as (server, forwarding):
        server.refusal = (403, "Forbidden", 'cannot get resource "pods/portforward"')
        with pytest.raises(ConnectionResetError):
            get(forwarding)
        [said] = forwarding.broken
        assert 'cannot get resource "pods/portforward"' in said
        with pytest.raises(ApiError) as raised:
            forwarding.require()
        assert raised.value.status == 403


def test_nobody_is_ready() -> None:
    with PortForwardServer() as server, connect(server.url) as cluster, Forwarding(cluster, "n", list) as forwarding:
        with pytest.raises(ConnectionResetError):
            get(forwarding)
        assert forwarding.broken == {"no pod is ready": 1}


def test_an_api_server_that_is_gone() -> None:
    with PortForwardServer(a=answering(b"a")) as server:
        url = server.url
    with connect(url) as cluster, Forwarding(cluster, "n", lambda: [Backend("a", 1)]) as forwarding:
        with pytest.raises(Unreachable, match="connection was refused"):
            forwarding.require()
        with pytest.raises(ConnectionResetError):
            get(forwarding)


def test_no_redirect_is_followed_with_the_credentials() -> None:
    with forwarded(a=answering(b"a")) as (server, forwarding):
        server.refusal = (302, "Found", "elsewhere")
        with pytest.raises(Unreachable):
            forwarding.require()
        assert len(server.asked) == 1


def test_nothing_is_left_of_it_in_whatever_state_it_ends() -> None:
    """Connections that are used, broken, just being opened, and idle."""
    stuck = threading.Event()

    def silent(line: Line) -> None:
        with contextlib.suppress(EOFError):
            line.hear()

    def slow(line: Line) -> None:
        stuck.wait(SECONDS)

    with PortForwardServer(a=answering(b"a"), b=breaking, c=silent, d=slow) as server, connect(server.url) as cluster:
        threads, files = threading.active_count(), len(os.listdir("/proc/self/fd"))
        pods = iter(["a", "b", "c", "c", "d", "d"])
        clients = []
        with Forwarding(cluster, "n", lambda: [Backend(next(pods), 8080)]) as forwarding:
            get(forwarding)
            with contextlib.suppress(OSError):
                get(forwarding)
            clients = [socket.create_connection(forwarding.address, SECONDS) for _client in range(4)]
            assert eventually(lambda: len(server.asked) == 6)
        for client in clients:
            client.settimeout(SECONDS)
            with contextlib.suppress(ConnectionResetError):
                assert client.recv(1) == b""
            client.close()
        stuck.set()
        own = [thread.name for thread in threading.enumerate() if thread.name.startswith("forward")]
        assert own == []
        assert eventually(lambda: threading.active_count() <= threads)
        assert eventually(lambda: len(os.listdir("/proc/self/fd")) <= files)
