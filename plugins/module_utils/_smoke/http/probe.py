# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks one URL once, on a connection of its own, and tells what came and how long each phase took."""

from __future__ import annotations

import contextlib
import dataclasses
import socket
import ssl
import threading
import time
import typing as t

from .connection import OURS
from .request import Url, address_of
from .response_parser import Cut, Malformed, Response, TooLong
from .tls_probe import Offer, offer_of

PIECE = 65_536
MAX_BODY = 1 << 22
"""Bytes of a body that are read; a longer one is an answer without its end."""
LOOK_SECONDS = 2.0
DNS, CONNECT, TLS, FIRST_BYTE, BODY = "dns", "connect", "tls", "first_byte", "body"
"""The phases in their order; `first_byte` is from the end of the request to the first byte of the answer."""
Addresses = list[tuple[int, t.Any]]


@dataclasses.dataclass(frozen=True)
class Certificate:
    """What the server showed: its names, its issuer, when it ends (seconds since 1970), the version of TLS."""

    names: tuple[str, ...]
    issuer: str
    ends: float
    version: str


@dataclasses.dataclass
class Reply:
    """What came of asking. `failed` names the phase that went wrong, `error` says why, `late` whether time was up, and
    `ours` whether this machine could not even ask.

    `status` and `headers` are there as soon as they came, whatever became of the body; without them `status` is 0.
    `offer` is what a server has with which no TLS came about.
    """

    url: Url
    address: str = ""
    phases: dict[str, float] = dataclasses.field(default_factory=dict)
    status: int = 0
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    body: bytes = b""
    certificate: Certificate | None = None
    failed: str = ""
    error: str = ""
    untrusted: bool = False
    late: bool = False
    ours: bool = False
    offer: Offer = dataclasses.field(default_factory=Offer)

    @property
    def answered(self) -> bool:
        """Whether the whole answer came."""
        return self.status > 0 and not self.error

    @property
    def seconds(self) -> float:
        return sum(self.phases.values())


class Asker:
    """Asks with the same trust, the same stand-in addresses and the same timeout (seconds for all phases together)."""

    def __init__(
        self, context: ssl.SSLContext | None = None, resolve: t.Mapping[str, str] | None = None, timeout: float = 10.0
    ) -> None:
        self._context = context or ssl.create_default_context()
        self._resolve = resolve or {}
        self.timeout = timeout

    def __call__(self, url: Url, request: bytes, method: str = "GET", timeout: float = 0.0) -> Reply:
        """Ask once; never raises for what the network or the service does."""
        reply = Reply(url)
        Asking(reply, self._context, time.monotonic() + (timeout or self.timeout)).do(
            address_of(url, self._resolve), request, method
        )
        return reply


class Asking:
    """One question on its way through the phases."""

    def __init__(self, reply: Reply, context: ssl.SSLContext, deadline: float) -> None:
        self._reply = reply
        self._context = context
        self._deadline = deadline
        self._connected: tuple[int, t.Any] | None = None

    def do(self, address: tuple[str, int], request: bytes, method: str) -> None:
        """Fill the reply."""
        with contextlib.ExitStack() as stack:
            try:
                addresses = self._timed(DNS, lambda: lookup(*address, self._left()))
                sock = stack.enter_context(contextlib.closing(self._timed(CONNECT, lambda: self._connect(addresses))))
                if self._reply.url.scheme == "https":
                    sock = stack.enter_context(contextlib.closing(self._timed(TLS, lambda: self._shake(sock))))
                self._exchange(sock, request, method)
            except (OSError, Cut, Malformed, UnicodeError) as error:
                self._reply.error = sentence(error)
                self._reply.untrusted = isinstance(error, ssl.SSLCertVerificationError)
                self._reply.late = isinstance(error, TimeoutError)
                self._reply.ours = self._reply.failed == CONNECT and getattr(error, "errno", None) in OURS
                self._look_closer()

    def _look_closer(self) -> None:
        """A failed handshake says what is wanted; what there is instead has to be asked for."""
        left = min(self._deadline - time.monotonic(), LOOK_SECONDS)
        if self._reply.failed == TLS and self._connected and left > 0:
            self._reply.offer = offer_of(*self._connected, self._reply.url.host, left)

    def _timed(self, phase: str, step: t.Callable[[], t.Any]) -> t.Any:
        self._reply.failed = phase
        begun = time.monotonic()
        try:
            result = step()
        finally:
            self._reply.phases[phase] = round(time.monotonic() - begun, 6)
        self._reply.failed = ""
        return result

    def _left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        return left

    def _connect(self, addresses: Addresses) -> socket.socket:
        last: OSError = OSError("no address")
        for number, (family, place) in enumerate(addresses):
            sock = socket.socket(family, socket.SOCK_STREAM)
            try:
                sock.settimeout(self._left() / (len(addresses) - number))
                sock.connect(place)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError as error:
                sock.close()
                last = error
            else:
                self._reply.address = f"{place[0]}:{place[1]}"
                self._connected = family, place
                return sock
        self._reply.address = ", ".join(str(place[0]) for _family, place in addresses)
        raise last

    def _shake(self, plain: socket.socket) -> ssl.SSLSocket:
        plain.settimeout(self._left())
        sock = self._context.wrap_socket(plain, server_hostname=self._reply.url.host)
        self._reply.certificate = certificate_of(sock)
        return sock

    def _exchange(self, sock: socket.socket, request: bytes, method: str) -> None:
        answer = Response(max_body=MAX_BODY, keep_body=True)
        answer.begin(method)
        sock.settimeout(self._left())
        sock.sendall(request)
        try:
            first = self._timed(FIRST_BYTE, lambda: self._receive(sock, answer))
            self._timed(BODY, lambda: self._finish(sock, answer, first))
        finally:
            self._reply.status, self._reply.headers, self._reply.body = answer.status, answer.headers(), answer.body

    def _receive(self, sock: socket.socket, answer: Response) -> bool:
        sock.settimeout(self._left())
        try:
            data = sock.recv(PIECE)
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
            data = b""
        if data:
            with contextlib.suppress(TooLong):
                return answer.feed(data)
            return True
        answer.end()
        return True

    def _finish(self, sock: socket.socket, answer: Response, complete: bool) -> None:
        while not complete:
            complete = self._receive(sock, answer)


def lookup(host: str, port: int, timeout: float) -> Addresses:
    """The addresses of a name. The system's resolver knows no timeout, so it is left behind when it takes too long."""
    found: list[Addresses | OSError] = []

    def work() -> None:
        try:
            infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.append(list(dict.fromkeys((family, place) for family, _type, _protocol, _name, place in infos)))
        except (OSError, UnicodeError) as error:
            found.append(error if isinstance(error, OSError) else OSError(str(error)))

    thread = threading.Thread(target=work, name="lookup", daemon=True)
    thread.start()
    thread.join(timeout)
    if not found:
        raise TimeoutError(f"no answer of the resolver for {host} within {timeout:.1f} s")
    if isinstance(found[0], OSError):
        raise found[0]
    return found[0]


def certificate_of(sock: ssl.SSLSocket) -> Certificate | None:
    """The verified certificate of the other side; None where certificates are not verified."""
    displayed = t.cast("dict[str, t.Any]", sock.getpeercert() or {})
    if not displayed:
        return None
    issuer = {name: value for parts in displayed.get("issuer", ()) for name, value in parts}
    return Certificate(
        names=tuple(value for _kind, value in displayed.get("subjectAltName", ())),
        issuer=issuer.get("organizationName") or issuer.get("commonName", ""),
        ends=ssl.cert_time_to_seconds(displayed["notAfter"]),
        version=sock.version() or "",
    )


def sentence(error: BaseException) -> str:
    """What an error says, without Python's numbers around it."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message or str(error)
    if isinstance(error, TimeoutError):
        return str(error) or "timed out"
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).strip()
