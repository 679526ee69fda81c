# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The upgrade to a WebSocket, against a server that accepts it and one that only says so."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke import runner
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.checks.assertions import accept_of
from tests.unit.plugins.module_utils._smoke.test_options import asked

HELLO = b"\x81\x05hello"
"""A frame that a server may send at once."""


@contextlib.contextmanager
def server(accept: t.Callable[[str], str]) -> t.Iterator[int]:
    """Answers every request with 101, and with what `accept` makes of its key."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    sock, _peer = listening.accept()
                except OSError:
                    return
                with sock:
                    found = re.search(rb"Sec-WebSocket-Key: (\S+)", sock.recv(65_536))
                    key = accept(found[1].decode() if found else "")
                    head = f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {key}"
                    sock.sendall(f"HTTP/1.1 101 Switching Protocols\r\n{head}\r\n\r\n".encode() + HELLO)

        threading.Thread(target=serve, daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("accept", "verdict"), [(accept_of, "passed"), (str.lower, "failed")], ids=["accepted", "only-said"]
)
def test_an_upgrade_must_be_accepted_by_the_key(accept: t.Callable[[str], str], verdict: str) -> None:
    check = {"name": "events", "url": "/events", "websocket": True}
    with server(accept) as port:
        plan = asked(f"http://127.0.0.1:{port}", defaults=False, checks=[check])
        transport = runner.Transport(t.cast("t.Any", None), {}, timeout=2, deadline=1, interval=0.02)
        came = runner.run(plan, None, transport, runner.Prometheus())
    assert came["verdict"] == verdict, came["msg"]
    assert ("without accepting the WebSocket" in came["msg"]) == (verdict == "failed")
