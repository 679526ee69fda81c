# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server in a process of its own that misbehaves by script, and tells in the end what it really did.

Each behaviour says what happens to a request by its number (or by the clock), so what a load reports of it can be
compared with the truth. Start one with `serving(...)`.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import contextlib
import dataclasses
import json
import pathlib
import random
import signal
import socket
import ssl
import struct
import subprocess
import sys
import time
import typing as t
import warnings

OK = b"HTTP/1.1 200 OK\r\nX-Maestro-Pod: pod-1\r\nContent-Length: 5\r\n\r\nhello"
ERROR = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"
LIMITED = b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n"
EMPTY = b"HTTP/1.1 204 No Content\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"
OLD = b"HTTP/1.0 200 OK\r\n\r\nhello"
CONTINUED = b"HTTP/1.1 100 Continue\r\n\r\n" + OK
HUGE = b"HTTP/1.1 200 OK\r\nX-Huge: " + b"a" * 60_000 + b"\r\nContent-Length: 0\r\n\r\n"
GARBAGE = b"\x16\x03\x01 this is no HTTP\r\n\r\n"
SHORT = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello"
DRIP_PIECES, DRIP_SECONDS = 5, 0.05
BEAT = 0.005


class Served(asyncio.Protocol):
    """One connection: counts each request and does with it what the behaviour says."""

    def __init__(self, ledger: Ledger, behave: t.Callable[[Served, int], None]) -> None:
        self._ledger = ledger
        self._behave = behave
        self._buffer = b""
        self.transport: t.Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self._ledger.connections += 1

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head, rest = self._buffer[:end], self._buffer[end + 4 :]
            length = int(head.partition(b"\r\nContent-Length: ")[2].partition(b"\r\n")[0] or 0)
            if len(rest) < length:
                return
            self._buffer = rest[length:]
            self._ledger.requests += 1
            self._ledger.asked[f"{head.decode().partition(' HTTP/1.1')[0]} {rest[:length].decode()}".rstrip()] += 1
            self._ledger.arrived = time.monotonic()
            self._behave(self, self._ledger.requests)

    def did(self, what: str) -> None:
        self._ledger.did[what] += 1

    def answer(self, data: bytes, what: str = "ok") -> None:
        self.did(what)
        self.transport.write(data)

    def later(self, seconds: float, data: bytes = OK, what: str = "ok") -> None:
        """Answer after so many seconds, and note how long it took in truth."""
        arrived = time.monotonic()

        def now() -> None:
            self._ledger.times.append(time.monotonic() - arrived)
            self.answer(data, what)

        if seconds > 0:
            asyncio.get_running_loop().call_later(seconds, now)
        else:
            now()

    def reset(self) -> None:
        self.did("reset")
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def drip(self) -> None:
        """The head at once, the body byte by byte."""
        self.did("dripped")
        self.transport.write(OK[:-5])
        for number in range(DRIP_PIECES):
            asyncio.get_running_loop().call_later(
                DRIP_SECONDS * (number + 1), self.transport.write, b"hello"[number:][:1]
            )


@dataclasses.dataclass
class Ledger:
    """What a server did; `lag` is the longest, in seconds, that the machine kept it from doing anything."""

    requests: int = 0
    connections: int = 0
    arrived: float = 0.0
    lag: float = 0.0
    asked: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    did: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    times: list[float] = dataclasses.field(default_factory=list)


def good(served: Served, _number: int) -> None:
    served.later(0)


def every(many: int, act: t.Callable[[Served], None]) -> t.Callable[[Served, int], None]:
    """Act on each request whose number can be divided by `many`; the others are answered at once."""

    def behave(served: Served, number: int) -> None:
        if number % many:
            served.answer(OK)
        else:
            act(served)

    return behave


def pausing(served: Served, _number: int) -> None:
    """Everything stands still for the first 100 ms of each second."""
    into = time.monotonic() % 1
    served.later(max(0.0, 0.1 - into))


def forgetful(served: Served, _number: int) -> None:
    """Closes one kept-alive connection in ten right after the answer, without saying so before."""
    served.answer(OK)
    if random.random() < 0.1:
        served.did("closed")
        served.transport.close()


def varied(served: Served, number: int) -> None:
    """All forms of answers in turn, two of them no answers at all."""
    form = number % 10
    forms = {0: CHUNKED, 1: EMPTY, 2: CONTINUED, 3: HUGE, 4: OK}
    if form in forms:
        served.answer(forms[form])
    elif form == 5:
        served.answer(OLD, "old")
        served.transport.close()
    elif form == 6 and number % 100 == 6:
        served.answer(GARBAGE, "garbage")
    elif form == 7 and number % 100 == 7:
        served.answer(SHORT, "short")
        served.transport.close()
    else:
        served.answer(OK)


BUCKET, REFILL = 200.0, 200.0


class Limiter:
    """A token bucket: 200 requests a second and a burst of 200."""

    def __init__(self) -> None:
        self._tokens = BUCKET
        self._filled = time.monotonic()

    def __call__(self, served: Served, _number: int) -> None:
        now = time.monotonic()
        self._tokens = min(BUCKET, self._tokens + (now - self._filled) * REFILL)
        self._filled = now
        if self._tokens >= 1:
            self._tokens -= 1
            served.answer(OK)
        else:
            served.answer(LIMITED, "limited")


CAPACITY = 176.0


class Queue:
    """Answers so many requests a second, one after the other."""

    def __init__(self, capacity: float = CAPACITY, data: bytes = OK, what: str = "ok") -> None:
        self._capacity, self._data, self._what = capacity, data, what
        self._free = 0.0

    def __call__(self, served: Served, _number: int) -> None:
        now = time.monotonic()
        self._free = max(self._free, now) + 1 / self._capacity
        served.later(self._free - now, self._data, self._what)


BEHAVIOURS: dict[str, t.Callable[[Served, int], None]] = {
    "good": good,
    "errors of 0.05 %": every(2000, lambda served: served.answer(ERROR, "error")),
    "errors of 0.1 %": every(1000, lambda served: served.answer(ERROR, "error")),
    "errors of 0.2 %": every(500, lambda served: served.answer(ERROR, "error")),
    "errors always": lambda served, _number: served.answer(ERROR, "error"),
    "resets": every(50, Served.reset),
    "drips": every(10, Served.drip),
    "silence": every(100, lambda served: served.did("silent")),
    "pauses": pausing,
    "forgetful": forgetful,
    "varied": varied,
    "steady": lambda served, _number: served.later(0.02),
    "slow": lambda served, _number: served.later(0.3),
    "limited": Limiter(),
    "queue": Queue(),
    "queue of errors": Queue(20, ERROR, "error"),
}


def trusting(certificate: str, key: str, version: str) -> ssl.SSLContext | None:
    """The TLS settings of a server, None without a certificate; a `version` (`TLSv1_1`) is all that it speaks."""
    if not certificate:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    if version:
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.maximum_version = context.minimum_version = ssl.TLSVersion[version]
    return context


async def watch(ledger: Ledger) -> None:
    """Note how late this process is woken up."""
    while True:
        before = time.monotonic()
        await asyncio.sleep(BEAT)
        ledger.lag = max(ledger.lag, time.monotonic() - before - BEAT)


async def serve(behaviour: str, context: ssl.SSLContext | None) -> None:
    """Serve until SIGTERM; the port is the first line of the output, the ledger the second."""
    ledger = Ledger()
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    behave = BEHAVIOURS[behaviour]
    server = await loop.create_server(lambda: Served(ledger, behave), "127.0.0.1", 0, ssl=context, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    watching = asyncio.create_task(watch(ledger))
    await stopped.wait()
    watching.cancel()
    print(json.dumps(vars(ledger)), flush=True)


class Server:
    """A running server: its port, and after `stop` its ledger."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self._process = process
        self.port = port
        self.ledger: dict[str, t.Any] = {}

    def stop(self) -> dict[str, t.Any]:
        if not self.ledger:
            self._process.terminate()
            output, _nothing = self._process.communicate(timeout=60)
            self.ledger = json.loads(output)
        return self.ledger

    def silenced_for(self) -> float:
        """Seconds since the last request came, by the machine's monotonic clock."""
        return time.monotonic() - float(self.stop()["arrived"])


@contextlib.contextmanager
def serving(behaviour: str, certificate: str = "", key: str = "", version: str = "") -> t.Iterator[Server]:
    """A server that runs while the block does."""
    settings = ["--certificate", certificate, "--key", key, "--version", version]
    command = [sys.executable, str(pathlib.Path(__file__)), behaviour, *settings]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline() if process.stdout else ""
        yield Server(process, int(line))
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("behaviour", choices=BEHAVIOURS)
    parser.add_argument("--certificate", default="")
    parser.add_argument("--key", default="")
    parser.add_argument("--version", default="", help="of TLS, as ssl.TLSVersion names it")
    given = parser.parse_args()
    asyncio.run(serve(given.behaviour, trusting(given.certificate, given.key, given.version)))


if __name__ == "__main__":
    main()
