# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One kept-alive connection of a load: a socket that never blocks, with TLS or without, carrying one request at a time.

The socket is Python's own SSLSocket rather than memory buffers with a pure Python transport on top: per request that
costs about half of the processor time.
"""

from __future__ import annotations

import contextlib
import errno
import os
import selectors
import socket
import ssl
import typing as t

from ..load.schedule import Request
from .response_parser import Cut, Malformed, Response

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
PIECE = 65_536
_CONNECTING, _HANDSHAKING, _OPEN, _CLOSED = range(4)
_IN_PROGRESS = (0, errno.EINPROGRESS, errno.EWOULDBLOCK)
OURS = frozenset(
    {
        errno.EADDRNOTAVAIL,
        errno.EAFNOSUPPORT,
        errno.EMFILE,
        errno.ENETUNREACH,
        errno.ENFILE,
        errno.ENOBUFS,
        errno.ENOMEM,
        errno.EPERM,
    }
)
"""Why this machine cannot even ask: no port, file, memory or route of its own is left, or its firewall forbids it."""

CONNECT, TLS, RESET, CUT, MALFORMED, CLOSED = "connect", "tls", "reset", "cut", "malformed", "closed"
UNABLE = "unable"
"""How a request ends without an answer. `closed`: the server had closed a kept connection before it read the request,
and says so in an orderly way; RFC 9112 (9.3.1) lets a client ask again on a new one. `unable`: this machine had nothing
to connect with."""


class Exchange:
    """One request on its way: `due`, `started` (seen to) and `sent` in seconds of the clock; 0.0 for not yet."""

    __slots__ = ("connection", "done", "due", "number", "request", "resent", "sent", "started")

    def __init__(self, number: int, request: Request, due: float, started: float) -> None:
        self.number = number
        self.request = request
        self.due = due
        self.started = started
        self.sent = 0.0
        self.done = False
        self.resent = False
        self.connection: Connection | None = None


class ConnectionOwner(t.Protocol):
    """Who is told what becomes of a request or of a connection."""

    selector: selectors.BaseSelector

    def answered(self, connection: Connection, exchange: Exchange) -> None: ...

    def failed(self, connection: Connection, exchange: Exchange, kind: str, text: str) -> None: ...

    def lost(self, connection: Connection) -> None: ...

    def sending(self, exchange: Exchange) -> None: ...


class Connection:
    """Opens itself for its first request. Afterwards it is idle while `exchange` is None."""

    def __init__(
        self,
        owner: ConnectionOwner,
        address: tuple[int, t.Any],
        host: str,
        context: ssl.SSLContext | None,
        exchange: Exchange,
    ) -> None:
        self._owner = owner
        self._address = address
        self._host = host
        self._context = context
        self._state = _CONNECTING
        self._pending = b""
        self._mask = 0
        self.answer = Response()
        self.served = 0
        self.exchange: Exchange | None = exchange
        exchange.connection = self
        self.sock: socket.socket = socket.socket(address[0], socket.SOCK_STREAM)
        self._attempt(self._connect)

    @property
    def opening(self) -> str:
        """`connect` or `tls` while the connection is not open yet, else nothing."""
        return {_CONNECTING: CONNECT, _HANDSHAKING: TLS}.get(self._state, "")

    def send(self, exchange: Exchange) -> None:
        """Send a request on the open, idle connection."""
        self.exchange = exchange
        exchange.connection = self
        self._attempt(self._begin)

    def ready(self, mask: int) -> None:
        """The selector saw that the socket can be read or written."""
        if self._state == _OPEN:
            if mask & WRITE:
                self._attempt(self._write)
            if mask & READ and self._state == _OPEN:
                self._attempt(self._receive)
        else:
            self._attempt(self._establish if self._state == _CONNECTING else self._shake)

    def close(self) -> None:
        """Close the socket; a request on it is not told about."""
        if self._state == _CLOSED:
            return
        self._state = _CLOSED
        self.exchange = None
        with contextlib.suppress(KeyError, ValueError):
            self._owner.selector.unregister(self.sock)
        self.sock.close()

    def _attempt(self, step: t.Callable[[], None]) -> None:
        """Do a step; what it raises is how the request on the connection ended."""
        try:
            step()
        except ssl.SSLWantReadError:
            self._want(READ)
        except (ssl.SSLWantWriteError, BlockingIOError):
            self._want(WRITE if self._pending or self._state != _OPEN else READ)
        except (Cut, BrokenPipeError, ssl.SSLZeroReturnError, ssl.SSLEOFError) as error:
            unread = self._state == _OPEN and self.served and not self.answer.started
            self._fail((CLOSED if unread else CUT) if self._state == _OPEN else self.opening, error)
        except Malformed as error:
            self._fail(MALFORMED, error)
        except OSError as error:
            is_ours = self._state == _CONNECTING and error.errno in OURS
            self._fail(UNABLE if is_ours else self.opening or RESET, error)

    def _connect(self) -> None:
        self.sock.setblocking(False)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        code = self.sock.connect_ex(self._address[1])
        if code not in _IN_PROGRESS:
            raise OSError(code, os.strerror(code))
        self._want(WRITE)

    def _establish(self) -> None:
        code = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code))
        if self._context is None:
            self._state = _OPEN
            self._begin()
            return
        self._owner.selector.unregister(self.sock)
        self._mask = 0
        self._state = _HANDSHAKING
        self.sock = self._context.wrap_socket(self.sock, server_hostname=self._host, do_handshake_on_connect=False)
        self._shake()

    def _shake(self) -> None:
        t.cast("ssl.SSLSocket", self.sock).do_handshake()
        self._state = _OPEN
        self._begin()

    def _begin(self) -> None:
        exchange = self.exchange
        if exchange is None:
            return
        self.answer.begin(exchange.request.method)
        self._owner.sending(exchange)
        self._pending = exchange.request.wire
        self._write()

    def _write(self) -> None:
        pending = self._pending
        if pending:
            sent = self.sock.send(pending)
            self._pending = pending[sent:]
        self._want(READ | WRITE if self._pending else READ)

    def _receive(self) -> None:
        data = self.sock.recv(PIECE)
        answer = self.answer
        if self.exchange is None:
            if not data:
                raise Cut("the server closed the idle connection")
            raise Malformed("bytes that nobody asked for")
        if data:
            if not answer.feed(data):
                return
        else:
            answer.end()
        exchange = self.exchange
        self.exchange = None
        self.served += 1
        if self._pending:  # nobody reads the rest of the request as such, nor another one behind it
            answer.kept = False
        self._owner.answered(self, exchange)

    def _fail(self, kind: str, error: Exception) -> None:
        exchange = self.exchange
        self.close()
        if exchange is None:
            self._owner.lost(self)
        else:
            self._owner.failed(self, exchange, kind, str(error))

    def _want(self, mask: int) -> None:
        """Have the selector look for these events."""
        if mask == self._mask or self._state == _CLOSED:
            return
        if self._mask:
            self._owner.selector.modify(self.sock, mask, self)
        else:
            self._owner.selector.register(self.sock, mask, self)
        self._mask = mask
