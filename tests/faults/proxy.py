# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A proxy in front of an API server that counts the writes of a release and breaks one of them in a chosen way."""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import http.client
import http.server
import json
import os
import random
import signal
import socket
import ssl
import threading
import time
import typing as t
import urllib.parse

NOTICING = 0.3
"""Seconds after the death of its parent from which a worker must have noticed it."""
HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "content-length"})
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Fault(enum.Enum):
    """What happens to one write."""

    KILL_BEFORE = "the process is killed before the server sees it"
    KILL_AFTER = "the process is killed after the server did it"
    KILL_PARENT = "the play whose worker this is is killed, and nothing else"
    KILL_GROUP = "the process group of the play is killed"
    KILL_SESSION = "the session of the play is killed, with the shell that started it"
    LOSE_ANSWER = "the server does it and its answer is lost"
    RESET = "the connection breaks before the server sees it"
    TOO_MANY = "the server answers 429 and asks for patience"
    BROKEN = "the server answers 500"
    SLOW = "the server takes its time"

    @property
    def orphans(self) -> bool:
        """Whether it leaves the process that makes the release alone."""
        return self in (Fault.KILL_PARENT, Fault.KILL_GROUP, Fault.KILL_SESSION)

    @property
    def kills(self) -> bool:
        return self.orphans or self in (Fault.KILL_BEFORE, Fault.KILL_AFTER)


class Processes(t.NamedTuple):
    """A shell, the play that it started, and the worker of that play that makes the release; 0 for none."""

    shell: int = 0
    play: int = 0
    worker: int = 0

    def killed_by(self, fault: Fault | None) -> tuple[int, ...]:
        """Whom a fault kills; a negative number is a process group."""
        ends = {
            Fault.KILL_PARENT: (self.play,),
            Fault.KILL_GROUP: (-self.play,),
            Fault.KILL_SESSION: (self.shell, -self.play),
        }
        return ends.get(fault, (self.worker,)) if fault else (self.worker,)


@dataclasses.dataclass
class Plan:
    """Which write is broken, and how; 0 breaks none. `processes` are those that a killing fault ends.

    Before the first request is passed on whose method and path end with `place`, `deed` is done; that of a watch has
    the word behind it.
    """

    write: int = 0
    fault: Fault | None = None
    processes: Processes = dataclasses.field(default_factory=Processes)
    place: str = ""
    deed: t.Callable[[], object] = bool


@dataclasses.dataclass
class Disturbance:
    """A bad connection: each request waits, some are refused for a while, and watches are cut. Nothing by default."""

    delay: float = 0.0
    refused: float = 0.0
    cut_after: float = 0.0

    def refuses(self) -> bool:
        return random.random() < self.refused


def is_write(method: str, path: str, body: bytes) -> bool:
    """Whether a request changes what a release is; dry runs, questions about permissions and renewals do not."""
    parts = urllib.parse.urlsplit(path)
    if method not in WRITES or "dryRun" in urllib.parse.parse_qs(parts.query) or "/authorization.k8s.io/" in parts.path:
        return False
    return not ("/leases/" in parts.path and method == "PATCH" and b"holderIdentity" not in body)


class Proxy:
    """Forwards to the server of a kubeconfig with its credentials. Listens on a port of its own, plain HTTP."""

    def __init__(self, address: str, port: int, context: ssl.SSLContext) -> None:
        self.upstream = (address, port, context)
        self.plan = Plan()
        self.writes: list[str] = []
        self.late: list[str] = []
        self.killed_at = 0.0
        self.hit = threading.Event()
        self.refuses = False
        self.disturbance = Disturbance()
        self.connections: set[object] = set()
        self._busy = threading.Lock()
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="proxy", daemon=True)

    def __enter__(self) -> t.Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def arm(self, write: int = 0, fault: Fault | None = None) -> None:
        """Count from the beginning, and break this write."""
        with self._busy:
            self._arm(Plan(write, fault))

    def arm_at(self, place: str, deed: t.Callable[[], object]) -> None:
        """Count from the beginning, and do a deed when a request comes for this place."""
        with self._busy:
            self._arm(Plan(place=place, deed=deed))

    def _arm(self, plan: Plan) -> None:
        self.plan = plan
        self.writes, self.late, self.killed_at = [], [], 0.0
        self.hit.clear()
        self.refuses = False

    def refuse(self) -> None:
        """From now on answer as a server does whose client's token has expired."""
        self.refuses = True

    def fault_of(self, method: str, path: str, body: bytes) -> Fault | None:
        """Count a request; what is to happen to it, after the deed at its place."""
        reported = f"{method} {urllib.parse.urlsplit(path).path}"
        counts = is_write(method, path, body)
        with self._busy:
            if counts:
                self.writes.append(reported)
                self._note_if_late(reported)
            if not (self._is_place(reported, path, counts) or (counts and len(self.writes) == self.plan.write)):
                return None
            self.hit.set()
        self.plan.deed()
        return self.plan.fault

    def _is_place(self, reported: str, path: str, counts: bool) -> bool:
        """Whether this is the first request for the place of the plan."""
        if not self.plan.place or self.hit.is_set():
            return False
        is_watch = "watch=" in path
        return (counts or is_watch) and f"{reported}{' watch' if is_watch else ''}".endswith(self.plan.place)

    def kill(self) -> None:
        """End the client, or whoever waits for it, as the kernel does when memory is short: they notice nothing.

        A worker that was left alone has time to notice that before its write goes on.
        """
        for pid in self.plan.processes.killed_by(self.plan.fault):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self.plan.fault and self.plan.fault.orphans:
            time.sleep(NOTICING)
            self.killed_at = time.monotonic()

    def _note_if_late(self, write: str) -> None:
        """A worker that was left alone may give its lock back, and nothing else."""
        if self.killed_at and "/leases/" not in write:
            self.late.append(write)

    def until_quiet(self, seconds: float = 60) -> None:
        """Wait until nothing is on its way any more of what clients have sent, the killed ones too."""
        deadline = time.monotonic() + seconds
        while self.connections:
            if time.monotonic() > deadline:
                raise TimeoutError(f"after {seconds:g} s {len(self.connections)} connections to the proxy are open")
            time.sleep(0.02)


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, proxy: Proxy) -> None:
        self.proxy = proxy
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: t.Any, client_address: t.Any) -> None:
        """A client that was killed is no error."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.proxy.connections.add(self)
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        address, port, context = self.server.proxy.upstream
        self._upstream = http.client.HTTPSConnection(address, port, context=context, timeout=60)

    def finish(self) -> None:
        self.server.proxy.connections.discard(self)
        self._upstream.close()
        with contextlib.suppress(OSError):
            super().finish()

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        proxy = self.server.proxy
        fault = proxy.fault_of(self.command, self.path, body)
        time.sleep(proxy.disturbance.delay)
        if fault and (fault is Fault.KILL_BEFORE or fault.orphans):
            proxy.kill()
        if fault in (Fault.KILL_BEFORE, Fault.RESET):
            self._break_off()
        elif proxy.refuses:
            self._refuse(401, "Unauthorized", {}, "Unauthorized")
        elif fault is Fault.TOO_MANY or proxy.disturbance.refuses():
            self._refuse(429, "TooManyRequests", {"Retry-After": "1"})
        elif fault is Fault.BROKEN:
            self._refuse(500, "InternalError", {})
        else:
            self._forward(body, fault)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _handle  # noqa: N815

    def _forward(self, body: bytes, fault: Fault | None) -> None:
        sent = {name: value for name, value in self.headers.items() if name.lower() not in {*HOP_BY_HOP, "host"}}
        self._upstream.request(self.command, self.path, body or None, sent)
        answer = self._upstream.getresponse()
        if fault is Fault.SLOW:
            threading.Event().wait(1)
        if "watch=" in self.path and answer.status == 200:
            self._stream(answer)
            return
        content = answer.read()
        if fault is Fault.KILL_AFTER:
            self.server.proxy.kill()
        if fault in (Fault.KILL_AFTER, Fault.LOSE_ANSWER):
            self._break_off()
            return
        headers = {name: value for name, value in answer.getheaders() if name.lower() not in HOP_BY_HOP}
        self._answer(answer.status, headers, content)

    def _stream(self, answer: http.client.HTTPResponse) -> None:
        """Pass a watch on. It sends nothing more, and ends only with the server's next word."""
        self.server.proxy.connections.discard(self)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.close_connection = True
        after = self.server.proxy.disturbance.cut_after
        if after:
            threading.Timer(after, self._break_off).start()
        while part := answer.read1(65536):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def _answer(self, status: int, headers: t.Mapping[str, str], content: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _refuse(
        self, status: int, reason: str, headers: t.Mapping[str, str], message: str = "broken on purpose"
    ) -> None:
        reported = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": status, "reason": reason}
        content = json.dumps({**reported, "message": message}).encode()
        self._answer(status, {"Content-Type": "application/json", **headers}, content)

    def _break_off(self) -> None:
        """End the connection with a reset, as a host does that went away."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
