# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One connection of this host that ends in a pod: what comes from either side is carried to the other.

The API server carries it in a WebSocket with two channels: the bytes of the connection, and the kubelet's words when
they could not be delivered. Sockets never block; nothing more is read from one side than the other one takes.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import ssl
import struct

from .websocket_frames import BINARY, CLOSE, PING, PONG, BadFrame, Message, Reader, frame

PROTOCOL = "v4.channel.k8s.io"
DATA, ERROR = 0, 1
PORT_BYTES = 2
"""Each channel begins with the number of the port, which is known."""
PIECE = 1 << 16
ROOM = 1 << 18
"""Bytes that may wait for one side before the other is left alone."""
RESET = struct.pack("ii", 1, 0)
NOT_NOW = (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError)


class Tunnel:
    """A connection from `local` to a pod by `remote`, the socket of an open WebSocket. `pump` at each event.

    When it is over `over` is true, both sockets are closed, and `trouble` says what broke it: in the kubelet's words
    when the pod did not take it (`refused`), else what became of the WebSocket. Empty when one of the two ends closed.
    """

    def __init__(self, selector: selectors.BaseSelector, local: socket.socket, remote: socket.socket, pod: str) -> None:
        self.pod = pod
        self.over = self.refused = False
        self.problem = ""
        self._selector = selector
        self._local = local
        self._remote = remote
        self._reader = Reader()
        self._to_client = bytearray()
        self._to_pod = bytearray()
        self._skip = {DATA: PORT_BYTES, ERROR: PORT_BYTES}
        self._ended = False
        for sock in (local, remote):
            sock.setblocking(False)
            selector.register(sock, selectors.EVENT_READ, self.pump)

    def pump(self) -> None:
        """Carry what can be carried now."""
        if self.over:
            return
        try:
            self._read_remote()
        except (OSError, BadFrame) as error:
            self._break_off(f"the connection to the API server broke: {error}")
        try:
            self._write_local()
            self._read_local()
        except OSError:
            self.close()
        try:
            self._write_remote()
        except OSError as error:
            self._break_off(f"the connection to the API server broke: {error}")
        self._watch()

    def close(self, reset: bool = False) -> None:
        """Close both ends, the client's with a reset where that tells the truth."""
        if self.over:
            return
        self.over = True
        for sock in (self._local, self._remote):
            with contextlib.suppress(KeyError, ValueError):
                self._selector.unregister(sock)
        close(self._local, reset)
        self._remote.close()

    def _read_remote(self) -> None:
        while not self._ended and len(self._to_client) < ROOM:
            try:
                data = self._remote.recv(PIECE)
            except NOT_NOW:
                return
            if not data:
                raise OSError("it was closed without a word")
            for message in self._reader.feed(data):
                self._take(message)

    def _take(self, message: Message) -> None:
        if message.opcode == PING:
            self._to_pod += frame(PONG, message.content)
        elif message.opcode == CLOSE:
            self._ended = True
        elif message.opcode == BINARY and message.content and message.content[0] in self._skip:
            channel = message.content[0]
            content = message.content[1 + self._skip[channel] :]
            self._skip[channel] = 0
            if channel == DATA:
                self._to_client += content
            elif content:
                self.problem += content.decode("utf-8", "replace")
                self.refused = True

    def _write_local(self) -> None:
        while self._to_client and not self.over:
            try:
                sent = self._local.send(self._to_client)
            except NOT_NOW:
                return
            del self._to_client[:sent]
        if self._ended:
            self.close(reset=bool(self.problem))

    def _read_local(self) -> None:
        if self.over or len(self._to_pod) >= ROOM:
            return
        try:
            data = self._local.recv(PIECE)
        except NOT_NOW:
            return
        if data:
            self._to_pod += frame(BINARY, bytes((DATA,)) + data)
        else:
            self._say_goodbye()
            self.close()

    def _write_remote(self) -> None:
        while self._to_pod and not self.over:
            try:
                sent = self._remote.send(self._to_pod)
            except NOT_NOW:
                return
            del self._to_pod[:sent]

    def _say_goodbye(self) -> None:
        with contextlib.suppress(OSError):
            self._remote.send(bytes(self._to_pod) + frame(CLOSE, (1000).to_bytes(2, "big")))

    def _break_off(self, problem: str) -> None:
        if not self.over:
            self.problem = self.problem or problem
            self.close(reset=True)

    def _watch(self) -> None:
        """Have the selector look for what can go on."""
        if self.over:
            return
        self._want(self._local, len(self._to_pod) < ROOM, bool(self._to_client))
        self._want(self._remote, not self._ended and len(self._to_client) < ROOM, bool(self._to_pod))

    def _want(self, sock: socket.socket, readable: bool, writable: bool) -> None:
        mask = selectors.EVENT_READ * readable | selectors.EVENT_WRITE * writable
        known = self._selector.get_map().get(sock)
        if not mask:
            if known:
                self._selector.unregister(sock)
        elif not known:
            self._selector.register(sock, mask, self.pump)
        elif known.events != mask:
            self._selector.modify(sock, mask, self.pump)


def close(sock: socket.socket, reset: bool = False) -> None:
    """Close a socket, with a reset when what it was for did not come to its end."""
    if reset:
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    sock.close()
