# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connections below the requests: their TLS, how a vanished peer is noticed, and what went wrong with one."""

from __future__ import annotations

import contextlib
import http.client
import io
import socket
import ssl
import threading
import time
import typing as t

from .errors import BadConnection, Unreachable, Untrusted

with contextlib.suppress(ImportError):  # configure() reports the missing package
    import urllib3

KEEPALIVE = {"SO_KEEPALIVE": 1, "TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}
"""A peer that vanished without a word is noticed after 25 s, also by a watch that has nothing to say."""
SOCKET_OPTIONS = [
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    *(
        (socket.SOL_SOCKET if name == "SO_KEEPALIVE" else socket.IPPROTO_TCP, getattr(socket, name), value)
        for name, value in KEEPALIVE.items()
        if hasattr(socket, name)
    ),
]


def share_tls_context(pool: t.Any, configuration: t.Any) -> None:
    """One TLS context for all connections: urllib3 would load the certificates anew for each, 20 ms every time."""
    settings = pool.connection_pool_kw
    if not configuration.host.startswith("https:"):
        return
    try:
        context = ssl.create_default_context(
            cafile=settings.pop("ca_certs", None), cadata=settings.pop("ca_cert_data", None)
        )
        if settings.get("cert_file"):
            context.load_cert_chain(settings.pop("cert_file"), settings.pop("key_file", None))
    except (OSError, ValueError) as error:
        raise BadConnection(f"The certificates for {configuration.host} cannot be used: {error}") from error
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # Python 3.13's default refuses the CAs of many older clusters
    if not configuration.verify_ssl:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    settings["ssl_context"] = context


def notice_vanished_peers(pool: t.Any) -> None:
    """Let the system ask silent peers whether they are still there (as far as it can)."""
    pool.connection_pool_kw["socket_options"] = SOCKET_OPTIONS


class AnswerDeadline(threading.local):
    """Until when (monotonic seconds) an answer must have been read to its end, by the thread that asked for it.

    A time-out of a socket is for the next byte alone: an answer that comes byte by byte would never be late.
    """

    at: float | None = None

    @contextlib.contextmanager
    def within(self, seconds: float) -> t.Iterator[None]:
        former, self.at = self.at, time.monotonic() + seconds
        try:
            yield
        finally:
            self.at = former

    def left(self) -> float | None:
        """Seconds that are left; None when there is no deadline. Raises TimeoutError when it has passed."""
        if self.at is None:
            return None
        seconds = self.at - time.monotonic()
        if seconds <= 0:
            raise TimeoutError("the answer did not come to its end in time")
        return seconds


answer_deadline = AnswerDeadline()


class _Timed(io.RawIOBase):
    """What a connection brings, as long as there is time for the whole of it."""

    def __init__(self, raw: t.Any, connection: t.Any) -> None:
        self._raw = raw
        self._connection = connection

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: t.Any) -> int | None:
        left = answer_deadline.left()
        if left is None:
            return t.cast("int | None", self._raw.readinto(buffer))
        allowed = self._connection.gettimeout()
        self._connection.settimeout(left if allowed is None else min(left, allowed))
        try:
            return t.cast("int | None", self._raw.readinto(buffer))
        finally:
            with contextlib.suppress(OSError):
                self._connection.settimeout(allowed)

    def fileno(self) -> int:
        return int(self._raw.fileno())

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()


class _TimedResponse(http.client.HTTPResponse):
    """An answer whose head and body are read within one deadline."""

    def __init__(self, sock: socket.socket, *arguments: t.Any, **named: t.Any) -> None:
        super().__init__(sock, *arguments, **named)
        self.fp = io.BufferedReader(_Timed(self.fp.detach(), sock))


def limit_whole_answers(pool: t.Any) -> None:
    """Let every connection of the pool keep to `answer_deadline`."""
    pool.pool_classes_by_scheme = {scheme: _timed(kind) for scheme, kind in pool.pool_classes_by_scheme.items()}


def _timed(pool_class: type) -> type:
    connection: type = pool_class.ConnectionCls  # type: ignore[attr-defined]
    timed = type(connection.__name__, (connection,), {"response_class": _TimedResponse})
    return type(pool_class.__name__, (pool_class,), {"ConnectionCls": timed})


def stop_reading(response: t.Any) -> None:
    """End a stream that another thread may be reading; one that has ended already, or that cannot be ended, stays."""
    with contextlib.suppress(AttributeError, OSError, RuntimeError, ValueError):
        response.shutdown()


def lines_of(response: t.Any) -> t.Iterator[bytes]:
    """The lines of a body, as they come."""
    rest = b""
    for chunk in response.stream(amt=None, decode_content=True):
        *lines, rest = (rest + chunk).split(b"\n")
        yield from (line for line in lines if line.strip())


def unreachable(host: str, error: Exception) -> Unreachable:
    """The error as a sentence: which of the usual reasons it was, with the system's own words."""
    reason = getattr(error, "reason", None)
    cause: BaseException = reason if isinstance(reason, BaseException) else error
    origins = (cause, cause.__cause__, *cause.args)
    if any(isinstance(origin, ssl.SSLCertVerificationError) for origin in origins):
        return Untrusted(f"The TLS certificate of {host} is not trusted: {cause}")
    reasons = (
        ((urllib3.exceptions.SSLError, ssl.SSLError), "no TLS connection could be made"),
        (urllib3.exceptions.NameResolutionError, "its name does not resolve"),
        (ConnectionRefusedError, "the connection was refused"),
        (urllib3.exceptions.NewConnectionError, "no connection could be made"),
        (urllib3.exceptions.ConnectTimeoutError, "no connection within the time allowed"),
        ((urllib3.exceptions.ReadTimeoutError, TimeoutError), "no answer within the time allowed"),
        (urllib3.exceptions.ProtocolError, "the connection was closed"),
    )
    known = (text for kind, text in reasons if any(isinstance(origin, kind) for origin in origins))
    words = next((origin for origin in cause.args if isinstance(origin, Exception)), cause)
    return Unreachable(f"The API server {host} cannot be reached: {next(known, 'the request failed')} ({words})")
