# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that closes all of its kept connections at once, in an orderly way, as a proxy does that reloads."""

from __future__ import annotations

import contextlib
import dataclasses
import socket
import threading
import time
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.http.request import wire
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.load.generator import Load
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.load.measurement import measure
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.load.schedule import Request
from tests.integration.test_smoke_truth import address, plan_for, results

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
KEPT, CLOSING = 10, 31
"""Connections that are opened, and the request at which all are closed."""


class Reloading:
    """Answers; the first requests late, so that each needs a connection of its own."""

    def __init__(self, listening: socket.socket) -> None:
        self._listening = listening
        self._lock = threading.Lock()
        self._held: list[socket.socket] = []
        self._requests = 0

    def accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock = self._listening.accept()[0]
                self._held.append(sock)
                threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError), sock:
            while sock.recv(65_536):
                with self._lock:
                    self._requests += 1
                    number = self._requests
                if number == CLOSING:
                    for each in self._held:
                        each.shutdown(socket.SHUT_WR)
                    return
                time.sleep(0.5 if number <= KEPT else 0)
                sock.sendall(OK)


def test_a_request_is_sent_again_on_a_new_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """As over a distance, all closes arrive together; the next kept connection is as dead as the first."""
    wait = Load._wait

    def far(load: Load, due: float) -> None:
        time.sleep(0.02)
        wait(load, due)

    monkeypatch.setattr(Load, "_wait", far)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=Reloading(listening).accept, daemon=True).start()
        port = t.cast("int", listening.getsockname()[1])
        measured = measure(plan_for(port, 30, 2), {"error_ratio": 0.1}, [address(port)], None, extensions=0)
        listening.shutdown(socket.SHUT_RDWR)
    assert results(measured) == {"ok": 60}
    assert measured.figures["connections"]["resent"] >= 1


def test_an_answer_to_half_a_request_ends_the_connection() -> None:
    """A request of 8 MB that is answered before it is read: another one behind it would be taken for its body."""
    seen: list[bytes] = []

    def serve(sock: socket.socket) -> None:
        with contextlib.suppress(OSError), sock:
            seen.append(sock.recv(1000))
            sock.sendall(OK)
            time.sleep(0.3)
            while piece := sock.recv(1 << 20):
                seen[-1] = piece[-200:]

    def accept(listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listening.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=accept, args=(listening,), daemon=True).start()
        plan = plan_for(listening.getsockname()[1], 4, 0.5, timeout=2.0, connections=1)
        big = Request("big", "POST", wire(plan.url, "POST", {}, "b" * 8_000_000))
        plan = dataclasses.replace(plan, requests=(big, *plan.requests))
        measured = measure(plan, {"error_ratio": 0.5}, [address(plan.url.port)], None, extensions=0)
        listening.shutdown(socket.SHUT_RDWR)
    assert results(measured) == {"ok": 2}
    assert measured.figures["connections"]["opened"] == 2
    assert b"GET / HTTP/1.1" not in seen[0]
