# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The load that the tests on the lab trust: it must see every loss and count every request."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import pathlib
import socket
import ssl
import threading
import time
import typing as t

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.integration.load import Load, Outcome, Report, Target, load, percentile, read_answer

BODY = b'{"service": "maestro-control-plane"}'
ANSWER = (
    b"HTTP/1.1 200 OK\r\nX-Maestro-Version: 2.0.0-prod\r\nX-Maestro-Pod: maestro-0\r\nContent-Length: 36\r\n\r\n" + BODY
)
Answerer = t.Callable[[int], bytes | None]


def always(text: bytes) -> Answerer:
    return lambda _number: text


@contextlib.contextmanager
def server(answer: Answerer, pause: float = 0, tls: ssl.SSLContext | None = None) -> t.Iterator[Target]:
    """Answers request number n (from 1) with answer(n); None closes the connection without an answer.

    After "Connection: close" it answers nothing more; "X-Then: gone" makes it close the connection there and then.
    `pause` makes it answer nothing for that many seconds from its 20th request on, as a stalled process does.
    """
    listening = socket.create_server(("127.0.0.1", 0))
    numbers = iter(range(1, 1_000_000))
    stalled_until = [0.0]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, EOFError):
            while await reader.readuntil(b"\r\n\r\n"):
                number = next(numbers)
                if number == 20:
                    stalled_until[0] = time.monotonic() + pause
                await asyncio.sleep(stalled_until[0] - time.monotonic())
                if (text := answer(number)) is None:
                    break
                writer.write(text)
                if b"Connection: close" in text:
                    await reader.read()
                if b"X-Then: gone" in text:
                    break
        writer.close()

    async def run() -> None:
        async with await asyncio.start_server(serve, sock=listening, ssl=tls):
            await asyncio.to_thread(ended.wait)

    ended = threading.Event()
    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    try:
        yield Target("127.0.0.1", listening.getsockname()[1], "maestro.test")
    finally:
        ended.set()
        thread.join()


def finished(target: Target, rate: float = 100, limit: float = 0.5, timeout: float = 5) -> Report:
    running = Load(target, rate, limit, timeout)
    running.start()
    while running.sending:
        time.sleep(0.01)
    return running.stop()


def test_every_request_is_sent_answered_and_counted() -> None:
    with server(always(ANSWER)) as target:
        report = finished(target)
    assert report.sent == 50
    assert report.results == {"200": 50}
    assert report.versions == {"2.0.0-prod": 50}
    assert report.pods == {"maestro-0": 50}
    assert report.lost == []


def test_requests_are_due_at_the_rate() -> None:
    with server(always(ANSWER)) as target:
        report = finished(target)
    assert [outcome.due for outcome in report.outcomes] == [number / 100 for number in range(50)]
    assert all(outcome.sent >= outcome.due for outcome in report.outcomes)


def test_an_error_is_counted_by_its_status() -> None:
    error = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
    with server(lambda number: error if number % 10 == 0 else ANSWER) as target:
        report = finished(target)
    assert report.results == {"200": 45, "503": 5}
    assert len(report.lost) == 5


def test_a_closed_connection_is_a_lost_request_that_is_not_sent_again() -> None:
    with server(lambda number: None if number == 7 else ANSWER) as target:
        report = finished(target)
    assert report.results == {"200": 49, "connection lost": 1}


def test_half_an_answer_is_a_lost_request() -> None:
    half = ANSWER[:-5].replace(b"X-Maestro-Pod", b"X-Then: gone\r\nX-Maestro-Pod")
    with server(always(half)) as target:
        assert finished(target, limit=0.1).results == {"connection lost": 10}


def test_a_server_may_close_after_each_answer() -> None:
    closing = ANSWER.replace(b"Content-Length", b"Connection: close\r\nContent-Length")
    with server(always(closing)) as target:
        assert finished(target, timeout=0.5).results == {"200": 50}


def test_a_stall_shows_in_the_latencies_of_all_requests_that_were_due_meanwhile() -> None:
    with server(always(ANSWER), pause=0.4) as target:
        report = finished(target, limit=1)
    assert report.results == {"200": 100}
    assert len([outcome for outcome in report.outcomes if outcome.latency > 0.1]) >= 25


def test_no_answer_is_a_timeout_at_its_time() -> None:
    with server(always(ANSWER), pause=4) as target:
        report = finished(target, limit=0.3, timeout=0.5)
    assert report.results == {"200": 19, "timeout": 11}
    assert all(0.5 <= outcome.ended - outcome.sent < 3.5 for outcome in report.lost)


def test_a_closed_port_is_told_apart() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert finished(Target("127.0.0.1", port, "maestro.test"), limit=0.1).results == {"refused": 10}


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> t.Callable[[str], pathlib.Path]:
    """Makes a PEM file with the key and the self-signed certificate of a host name."""

    def make(hostname: str) -> pathlib.Path:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, hostname)])
        now = dt.datetime.now(dt.UTC)
        certificate = (
            x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + dt.timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(hostname)]), critical=False)
            .sign(key, hashes.SHA256())
        )
        path = tmp_path_factory.mktemp("tls") / "identity.pem"
        unencrypted = serialization.NoEncryption()
        pem = serialization.Encoding.PEM
        private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, unencrypted)
        path.write_bytes(private + certificate.public_bytes(pem))
        return path

    return make


def test_https_is_checked_against_the_given_authorities(identity: t.Callable[[str], pathlib.Path]) -> None:
    own, foreign, renamed = identity("maestro.test"), identity("maestro.test"), identity("other.test")
    for displayed, want in ((own, "200"), (foreign, "TLS"), (renamed, "TLS")):
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(displayed)
        with server(always(ANSWER), tls=tls) as target:
            secure = Target(target.address, target.port, target.hostname, authorities=str(own))
            assert finished(secure, limit=0.1).results == {want: 10}, displayed


def test_no_http_is_told_apart() -> None:
    with server(always(b"SSH-2.0-OpenSSH\r\n\r\n")) as target:
        assert finished(target, limit=0.1).results == {"not HTTP": 10}


def test_the_block_s_end_stops_the_load() -> None:
    with server(always(ANSWER)) as target:
        with load(target, rate=100, limit=60) as running:
            begun = time.monotonic()
            time.sleep(0.3)
            assert running.sending
        assert not running.sending
    assert 20 <= running.report().sent <= 100 * (time.monotonic() - begun) + 2


def test_the_limit_ends_the_load_by_itself() -> None:
    with server(always(ANSWER)) as target, load(target, rate=100, limit=0.2) as running:
        deadline = time.monotonic() + 20
        while running.sending and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not running.sending
        assert running.report().sent == 20


def test_a_load_that_cannot_start_says_so() -> None:
    running = Load(Target("127.0.0.1", 1, "maestro.test", authorities="/absent.pem"), rate=1, limit=1)
    running.start()
    with pytest.raises(RuntimeError, match="the load itself broke"):
        running.stop()


@pytest.mark.parametrize(("percent", "want"), [(0, 1), (50, 5), (90, 9), (95, 10), (100, 10)])
def test_percentiles_are_of_the_nearest_rank(percent: float, want: float) -> None:
    assert percentile([10, 9, 8, 7, 6, 5, 4, 3, 2, 1], percent) == want


def test_lateness_is_the_load_s_own_delay() -> None:
    outcomes = tuple(Outcome(due=number, sent=number + 0.25, ended=number + 1, result="200") for number in range(10))
    report = Report(1, outcomes)
    assert report.lateness == pytest.approx(0.25)
    assert report.latency(50) == 1


def read(text: bytes) -> tuple[str, dict[str, str]]:
    async def fed() -> tuple[str, dict[str, str]]:
        reader = asyncio.StreamReader()
        reader.feed_data(text)
        reader.feed_eof()
        answer = await read_answer(reader)
        assert await reader.read() == b"next"
        return answer

    return asyncio.run(fed())


def test_an_answer_in_chunks_is_read_to_its_end() -> None:
    status, headers = read(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\n\r\nnext"
    )
    assert (status, headers["transfer-encoding"]) == ("200", "chunked")


@pytest.mark.parametrize(
    "text",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 two OK\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_what_is_not_http_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read(text)
