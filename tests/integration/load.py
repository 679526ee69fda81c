# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bounded open-loop load: requests are due at a fixed rate whatever the service does, and every one is accounted for.

Latency counts from when a request was due, so a service that stalls cannot hide the requests that waited meanwhile.
Nothing is sent twice: a request whose answer is lost is a lost request.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import dataclasses
import math
import ssl
import threading
import time
import typing as t

OK = "200"
MAX_BODY = 1 << 20


@dataclasses.dataclass(frozen=True)
class Target:
    """One URL at one address: `authorities` is a PEM file, and None speaks plain HTTP (tests of the load itself)."""

    address: str
    port: int
    hostname: str
    path: str = "/api/v1/status"
    authorities: str | None = None

    @property
    def request(self) -> bytes:
        return f"GET {self.path} HTTP/1.1\r\nHost: {self.hostname}\r\nAccept: application/json\r\n\r\n".encode()

    def tls(self) -> ssl.SSLContext | None:
        return ssl.create_default_context(cafile=self.authorities) if self.authorities else None


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How one request ended: a status code, or the kind of its failure. Times are seconds since the load's start."""

    due: float
    sent: float
    ended: float
    result: str
    version: str = ""
    pod: str = ""

    @property
    def latency(self) -> float:
        return self.ended - self.due


@dataclasses.dataclass(frozen=True)
class Report:
    """All requests of a load in the order in which they were due."""

    rate: float
    outcomes: tuple[Outcome, ...]

    @property
    def sent(self) -> int:
        return len(self.outcomes)

    @property
    def results(self) -> collections.Counter[str]:
        return collections.Counter(outcome.result for outcome in self.outcomes)

    @property
    def versions(self) -> collections.Counter[str]:
        return collections.Counter(outcome.version for outcome in self.outcomes if outcome.version)

    @property
    def pods(self) -> collections.Counter[str]:
        return collections.Counter(outcome.pod for outcome in self.outcomes if outcome.pod)

    @property
    def lost(self) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if outcome.result != OK]

    @property
    def lateness(self) -> float:
        """The 99th percentile of how late requests were sent, in seconds: the load's own fault, not the service's."""
        return percentile([outcome.sent - outcome.due for outcome in self.outcomes], 99)

    def latency(self, percent: float) -> float:
        return percentile([outcome.latency for outcome in self.outcomes], percent)

    def __str__(self) -> str:
        figures = ", ".join(f"p{percent} {self.latency(percent) * 1000:.0f} ms" for percent in (50, 95, 99, 100))
        return f"{self.sent} requests at {self.rate:g}/s: {dict(self.results)}, {dict(self.versions)}; {figures}"


def percentile(values: t.Sequence[float], percent: float) -> float:
    """The nearest-rank percentile; 0 of nothing."""
    ranked = sorted(values)
    return ranked[max(0, math.ceil(len(ranked) * percent / 100) - 1)] if ranked else 0.0


class Load:
    """Requests at a fixed rate, from a thread of its own, until stopped or for `limit` seconds at most."""

    def __init__(self, target: Target, rate: float, limit: float, timeout: float = 30) -> None:
        self.target = target
        self.rate = rate
        self.limit = limit
        self.timeout = timeout
        self._stop = threading.Event()
        self._outcomes: list[Outcome] = []
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="load")

    def start(self) -> None:
        self._thread.start()

    @property
    def sending(self) -> bool:
        """False once the limit is reached, or the load itself broke."""
        return self._thread.is_alive()

    def stop(self) -> Report:
        """Send no more, wait for the answers that are due, and report. Raises what broke the load itself."""
        self._stop.set()
        self._thread.join()
        if self._failure is not None:
            raise RuntimeError("the load itself broke") from self._failure
        return self.report()

    def report(self) -> Report:
        """What has ended so far."""
        return Report(self.rate, tuple(sorted(self._outcomes, key=lambda outcome: outcome.due)))

    def _work(self) -> None:
        try:
            asyncio.run(self._send_all())
        except BaseException as failure:
            self._failure = failure

    async def _send_all(self) -> None:
        sender = Sender(self.target, self.timeout)
        planned = round(self.rate * self.limit)
        running: set[asyncio.Task[None]] = set()
        for number in range(planned):
            due = number / self.rate
            await asyncio.sleep(sender.start + due - time.monotonic())
            if self._stop.is_set():
                break
            task = asyncio.create_task(self._send(sender, due))
            running.add(task)
            task.add_done_callback(running.discard)
        await asyncio.gather(*running)
        await sender.close()

    async def _send(self, sender: Sender, due: float) -> None:
        self._outcomes.append(await sender.send(due))


class Connection(t.NamedTuple):
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


class Sender:
    """Sends single requests over kept connections, opening one more whenever all are in use."""

    def __init__(self, target: Target, timeout: float) -> None:
        self.target = target
        self.timeout = timeout
        self.start = time.monotonic()
        self._tls = target.tls()
        self._request = target.request
        self._idle: list[Connection] = []

    async def send(self, due: float) -> Outcome:
        sent = time.monotonic() - self.start
        result, headers = "timeout", dict[str, str]()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.timeout):
                result, headers = await self._exchange()
        ended = time.monotonic() - self.start
        return Outcome(due, sent, ended, result, headers.get("x-maestro-version", ""), headers.get("x-maestro-pod", ""))

    async def close(self) -> None:
        for connection in self._idle:
            await _close(connection)

    async def _exchange(self) -> tuple[str, dict[str, str]]:
        try:
            return await self._ask(self._reusable() or await self._connect())
        except ssl.SSLError:
            return "TLS", {}
        except ConnectionRefusedError:
            return "refused", {}
        except (OSError, EOFError):
            return "connection lost", {}
        except ValueError:
            return "not HTTP", {}

    async def _ask(self, connection: Connection) -> tuple[str, dict[str, str]]:
        """One request and its answer; the connection is kept only when both ended well."""
        kept = False
        try:
            connection.writer.write(self._request)
            status, headers = await read_answer(connection.reader)
            kept = headers.get("connection", "").lower() != "close"
            return status, headers
        finally:
            if kept:
                self._idle.append(connection)
            else:
                connection.writer.close()

    def _reusable(self) -> Connection | None:
        """The connection used last. One that the server has closed meanwhile is dropped: no request is lost by it."""
        while self._idle:
            connection = self._idle.pop()
            if not connection.reader.at_eof() and not connection.writer.is_closing():
                return connection
            connection.writer.close()
        return None

    async def _connect(self) -> Connection:
        hostname = self.target.hostname if self._tls else None
        return Connection(
            *await asyncio.open_connection(
                self.target.address, self.target.port, ssl=self._tls, server_hostname=hostname
            )
        )


async def _close(connection: Connection) -> None:
    connection.writer.close()
    with contextlib.suppress(OSError):
        await connection.writer.wait_closed()


async def read_answer(reader: asyncio.StreamReader) -> tuple[str, dict[str, str]]:
    """Read one answer to its end. Returns the status code and the headers by their names in lower case.

    Raises EOFError when the connection ends before the answer does, ValueError when it is not HTTP/1.1.
    """
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    version, status, *_reason = head[0].split(" ")
    if not version.startswith("HTTP/1.") or not status.isdigit():
        raise ValueError(f"no HTTP answer: {head[0]}")
    headers = {
        name.strip().lower(): value.strip() for name, _colon, value in (line.partition(":") for line in head[1:])
    }
    if "chunked" in headers.get("transfer-encoding", ""):
        await _read_chunks(reader)
    else:
        await reader.readexactly(_bounded(int(headers.get("content-length", "0"))))
    return status, headers


async def _read_chunks(reader: asyncio.StreamReader) -> None:
    size = -1
    while size != 0:
        size = _bounded(int(await reader.readuntil(b"\r\n"), 16))
        await reader.readexactly(size + 2)


def _bounded(size: int) -> int:
    if size > MAX_BODY:
        raise ValueError(f"an answer of {size} bytes is too long")
    return size


@contextlib.contextmanager
def load(target: Target, rate: float, limit: float = 600) -> t.Iterator[Load]:
    """A load that runs while the block does."""
    running = Load(target, rate, limit)
    running.start()
    try:
        yield running
    finally:
        running.stop()


def through_ingress(lab: t.Mapping[str, t.Any], hostname: str, path: str = "/api/v1/status") -> Target:
    """A path of a release as its users reach it on the lab."""
    ingress = lab["ingress"]
    return Target(ingress["address"], int(ingress["https_port"]), hostname, path, lab["ca_bundle"])
