# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A port of this host's loopback interface whose connections end in pods, by the API server's port-forward.

One thread carries all connections, a few others open them. Pods are taken in turn, so that every one gets its share;
one that is gone is passed over. However it ends, no socket and no thread is left.

    with Forwarding(cluster, namespace, lambda: [Backend("maestro-7d4b9-x2x", 8080)]) as forwarding:
        host, port = forwarding.address
"""

from __future__ import annotations

import collections
import contextlib
import itertools
import queue
import selectors
import socket
import threading
import typing as t
from concurrent.futures import ThreadPoolExecutor

from ..client import Cluster
from ..errors import ApiError, ClusterError, Unreachable
from .tunnel import PROTOCOL, Tunnel, close

OPENERS = 8
"""Connections that are opened at once."""
BACKLOG = 256
SHOWN = 300


class Backend(t.NamedTuple):
    """A port of a pod, by its number in the pod."""

    pod: str
    port: int


class Forwarding:
    """Use in a `with`. `backends` tells the pods that may be asked now, each time that a connection is opened.

    `opened` counts the connections of each pod; `refused` what the kubelet said of connections that a pod did not
    take; `broken` what went wrong on the way there, of which the pod knows nothing.
    """

    def __init__(self, cluster: Cluster, namespace: str, backends: t.Callable[[], t.Sequence[Backend]]) -> None:
        self.opened: collections.Counter[str] = collections.Counter()
        self.refused: collections.Counter[str] = collections.Counter()
        self.broken: collections.Counter[str] = collections.Counter()
        self._cluster = cluster
        self._path = f"/api/v1/namespaces/{namespace}/pods"
        self._backends = backends
        self._choosing = threading.Lock()
        self._turns = itertools.count(1)
        self._last_turn: dict[str, int] = {}
        self._selector = selectors.DefaultSelector()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)
        self._bell, self._ears = socket.socketpair()
        self._opened: queue.SimpleQueue[tuple[socket.socket, socket.socket, str]] = queue.SimpleQueue()
        self._waiting: set[socket.socket] = set()
        self._tunnels: set[Tunnel] = set()
        self._closing = False
        self._openers = ThreadPoolExecutor(OPENERS, thread_name_prefix="forward-open")
        self._carrier = threading.Thread(target=self._carry, name="forward", daemon=True)

    @property
    def address(self) -> tuple[str, int]:
        """Where to connect to on this host."""
        host, port = self._listener.getsockname()
        return str(host), int(port)

    def __enter__(self) -> t.Self:
        for sock, callback in ((self._listener, self._accept), (self._ears, self._begin)):
            sock.setblocking(False)
            self._selector.register(sock, selectors.EVENT_READ, callback)
        self._carrier.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._closing = True
        self._ring()
        self._carrier.join()
        self._openers.shutdown(cancel_futures=True)
        while not self._opened.empty():
            self._opened.get()[1].close()
        for tunnel in self._tunnels:
            tunnel.close()
        for sock in (*self._waiting, self._listener, self._bell, self._ears):
            sock.close()
        self._selector.close()

    def require(self) -> None:
        """Open a connection to a pod and leave it. Raises ApiError, Unreachable: why nobody can be asked this way."""
        self._open()[0].close()

    def _carry(self) -> None:
        while not self._closing:
            for key, _events in self._selector.select():
                key.data()
            for tunnel in [tunnel for tunnel in self._tunnels if tunnel.over]:
                self._end(tunnel)

    def _accept(self) -> None:
        with contextlib.suppress(BlockingIOError):
            local, _address = self._listener.accept()
            local.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._waiting.add(local)
            self._openers.submit(self._connect, local)

    def _connect(self, local: socket.socket) -> None:
        """Open the way for a connection that waits; without one it is reset."""
        try:
            remote, pod = self._open()
        except ClusterError as error:
            self.broken[str(error)[:SHOWN]] += 1
            self._waiting.discard(local)
            close(local, reset=True)
        else:
            self._opened.put((local, remote, pod))
            self._ring()

    def _begin(self) -> None:
        """Carry the connections that have been opened."""
        with contextlib.suppress(BlockingIOError):
            self._ears.recv(BACKLOG)
        while not self._opened.empty():
            local, remote, pod = self._opened.get()
            self._waiting.discard(local)
            self.opened[pod] += 1
            tunnel = Tunnel(self._selector, local, remote, pod)
            self._tunnels.add(tunnel)
            tunnel.pump()

    def _end(self, tunnel: Tunnel) -> None:
        self._tunnels.discard(tunnel)
        if tunnel.problem:
            reported = self.refused if tunnel.refused else self.broken
            reported[f"{tunnel.pod}: {tunnel.problem.strip()[:SHOWN]}"] += 1

    def _open(self) -> tuple[socket.socket, str]:
        """A connection to the pod whose turn it is, else to the next one. Raises what the last one's way ended with."""
        tried: set[str] = set()
        last: ClusterError = Unreachable("no pod is ready")
        while (chosen := self._choose(tried)) is not None:
            tried.add(chosen.pod)
            try:
                path = f"{self._path}/{chosen.pod}/portforward"
                return self._cluster.upgrade(path, PROTOCOL, ports=chosen.port), chosen.pod
            except ApiError as error:
                last = error
        raise last

    def _choose(self, tried: t.Collection[str]) -> Backend | None:
        """The pod whose last turn is longest ago, of those not tried yet."""
        with self._choosing:
            left = [each for each in self._backends() if each.pod not in tried]
            if not left:
                return None
            chosen = min(left, key=lambda each: (self._last_turn.get(each.pod, 0), each.pod))
            self._last_turn[chosen.pod] = next(self._turns)
            return chosen

    def _ring(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._bell.send(b"!")
