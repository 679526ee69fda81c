# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A connection that is handed on: opened as every other request is, and refused in words."""

from __future__ import annotations

import base64
import contextlib
import socket
import sys
import threading
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.errors import (
    ApiError,
    BadConnection,
    Unreachable,
    Untrusted,
)
from tests.unit.plugins.module_utils._cluster.api_server import Reply
from tests.unit.plugins.module_utils._cluster.certificates import Authority
from tests.unit.plugins.module_utils._cluster.connecting import connect, talk
from tests.unit.plugins.module_utils._cluster.port_forward_server import PortForwardServer, answering

PATH = "/api/v1/namespaces/n/pods/a/portforward"


def upgrade(cluster: Cluster) -> None:
    cluster.upgrade(PATH, "v4.channel.k8s.io", ports=1).close()


class Proxy:
    """A forward proxy for one connection; `asked` is what it was asked."""

    def __init__(self) -> None:
        self.asked = ""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._serve)]
        self._sockets = [self._listener]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> t.Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_error: object) -> None:
        for sock in self._sockets:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
        for thread in self._threads:
            thread.join(5)

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            client, _address = self._listener.accept()
            self._sockets.append(client)
            while "\r\n\r\n" not in self.asked:
                self.asked += client.recv(1).decode()
            host, _colon, port = self.asked.split(" ")[1].partition(":")
            server = socket.create_connection((host, int(port)), 5)
            self._sockets.append(server)
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            self._threads.append(threading.Thread(target=_carry, args=(server, client)))
            self._threads[-1].start()
            _carry(client, server)


def _carry(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(1000):
            target.sendall(data)


def test_who_asks_is_said_as_everywhere() -> None:
    with PortForwardServer(a=answering(b"")) as server:
        with connect(server.url, impersonate_user="dora", impersonate_groups=["one", "two"]) as cluster:
            upgrade(cluster)
            assert cluster.requests == 1
        [head] = server.heads
    for line in ("authorization: bearer token", "impersonate-user: dora", "impersonate-group: two"):
        assert f"\r\n{line}\r\n" in head.lower()
    assert "origin:" not in head.lower()


def test_the_proxy_of_the_connection_options_is_used() -> None:
    with Proxy() as proxy, PortForwardServer(a=answering(b"")) as server:
        through = {"proxy": proxy.url, "proxy_headers": {"proxy_basic_auth": "u:p"}, "no_proxy": "elsewhere.invalid"}
        with connect(server.url, **through) as cluster:
            upgrade(cluster)
        assert server.asked == ["a"]
        assert proxy.asked.startswith(f"CONNECT {server.url.removeprefix('http://')} ")
    assert base64.b64encode(b"u:p").decode() in proxy.asked
    assert "bearer" not in proxy.asked.lower()


def test_an_unknown_authority(tmp_path_factory: pytest.TempPathFactory) -> None:
    known, stranger = (Authority(tmp_path_factory.mktemp(name), name) for name in ("known", "stranger"))
    with (
        talk(tls=known.server(), authority=stranger) as api,
        pytest.raises(Untrusted, match=r"The TLS certificate of https://.* is not trusted: .*verify failed"),
    ):
        upgrade(api.cluster)


@pytest.mark.parametrize(
    ("reply", "error", "words"),
    [
        (Reply(403, {"reason": "Forbidden", "message": "dora cannot"}), ApiError, "dora cannot"),
        (Reply(502, b"<html>no upstream</html>"), ApiError, "no upstream"),
        (Reply(200, b"<html>welcome</html>"), ApiError, "welcome"),
        (Reply(drop=True), Unreachable, "opens no WebSocket|cannot be reached"),
        (Reply(delay=1.0), Unreachable, "timed out|time allowed"),
    ],
    ids=["refused", "a proxy", "a page", "a reset", "silence"],
)
def test_what_is_no_upgrade_is_told(reply: Reply, error: type[Exception], words: str) -> None:
    with talk(reply, connect_timeout=0.2) as api, pytest.raises(error, match=words):
        upgrade(api.cluster)


def test_without_its_library_it_says_which_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "websocket", None)
    with talk() as api, pytest.raises(BadConnection, match="websocket-client is needed"):
        upgrade(api.cluster)
