# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking over real sockets: phases, certificates, and every way of not being answered."""

from __future__ import annotations

import contextlib
import pathlib
import socket
import ssl
import threading
import time
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.checks import retry
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.checks.assertions import Check
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.checks.retry import repeat_all
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.http.probe import Asker, Reply, lookup
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.http.request import parse_url, wire
from tests.smoke_servers.certificates import self_signed

OK = b"HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 5\r\n\r\nhello"


@contextlib.contextmanager
def answering(*answers: bytes, context: ssl.SSLContext | None = None, linger: float = 0.0) -> t.Iterator[int]:
    """A server that gives these answers in turn, one for each connection, and then the last one again."""
    listening = socket.create_server(("127.0.0.1", 0))
    left, closing = list(answers), threading.Event()

    def serve() -> None:
        while True:
            try:
                plain, _address = listening.accept()
            except OSError:
                return
            with contextlib.suppress(OSError), plain:
                sock = context.wrap_socket(plain, server_side=True) if context else plain
                sock.recv(4096)
                sock.sendall(left.pop(0) if len(left) > 1 else left[0])
                closing.wait(linger)
                sock.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        closing.set()
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(2)


def ask(port: int, scheme: str = "http", timeout: float = 2.0, context: ssl.SSLContext | None = None) -> Reply:
    url = parse_url(f"{scheme}://maestro.test:{port}/")
    return Asker(context, {"maestro.test": "127.0.0.1"}, timeout)(url, wire(url))


def served(folder: pathlib.Path, name: str = "maestro.test", days: float = 90) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """The TLS settings of a server, and of a client that trusts it."""
    pair = self_signed(folder, name, days)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(*pair)
    return server, ssl.create_default_context(cafile=pair.certificate)


def test_an_answer_comes_with_its_phases() -> None:
    with answering(OK) as port:
        reply = ask(port)
    assert (reply.status, reply.headers["x-a"], reply.body, reply.error) == (200, "b", b"hello", "")
    assert list(reply.phases) == ["dns", "connect", "first_byte", "body"]
    assert reply.address == f"127.0.0.1:{port}"
    assert 0 < reply.seconds < 2


def test_over_tls_the_certificate_is_told(tmp_path: pathlib.Path) -> None:
    server, client = served(tmp_path, days=30)
    with answering(OK, context=server) as port:
        reply = ask(port, "https", context=client)
    assert reply.status == 200
    assert "tls" in reply.phases
    assert reply.certificate
    assert reply.certificate.names == ("maestro.test",)
    assert reply.certificate.version == "TLSv1.3"
    assert reply.certificate.ends == pytest.approx(time.time() + 30 * 86400, abs=60)


@pytest.mark.parametrize(
    ("name", "days", "trusts", "words"),
    [
        ("other.test", 90, True, "Hostname mismatch"),
        ("maestro.test", -1, True, "certificate has expired"),
        ("maestro.test", 90, False, "self-signed certificate"),
    ],
)
def test_a_certificate_that_cannot_be_trusted_is_told(
    name: str, days: float, trusts: bool, words: str, tmp_path: pathlib.Path
) -> None:
    server, client = served(tmp_path, name, days)
    with answering(OK, context=server) as port:
        reply = ask(port, "https", context=client if trusts else None)
    assert (reply.status, reply.failed, reply.untrusted) == (0, "tls", True)
    assert words.lower() in reply.error.lower().replace("self signed", "self-signed")


def test_nobody_there() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        reply = ask(nobody.getsockname()[1])
    assert (reply.failed, reply.error) == ("connect", "Connection refused")


def test_a_name_without_address() -> None:
    reply = Asker()(parse_url("http://nowhere.invalid/"), b"")
    assert reply.failed == "dns"
    assert reply.error


@pytest.mark.parametrize(
    ("answer", "failed", "words"),
    [
        (b"", "first_byte", "before the first byte"),
        (b"SSH-2.0\r\n\r\n", "first_byte", "no HTTP/1 answer"),
        (OK[:-2], "body", "after 3 bytes"),
        (b"HTTP/1.1 200 OK\r\n", "body", "in the headers"),
    ],
)
def test_no_whole_answer(answer: bytes, failed: str, words: str) -> None:
    with answering(answer) as port:
        reply = ask(port)
    assert (reply.answered, reply.failed) == (False, failed)
    assert words in reply.error


@pytest.mark.parametrize("answer", [b"", OK[:-1]])
def test_silence_ends_with_the_timeout(answer: bytes) -> None:
    begun = time.monotonic()
    with answering(answer, linger=6) as port:
        reply = ask(port, timeout=0.2)
        assert time.monotonic() - begun < 5
    assert (reply.answered, reply.error, reply.late) == (False, "timed out", True)


def test_the_resolver_is_left_behind_when_it_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*_given: t.Any, **_named: t.Any) -> list[t.Any]:
        time.sleep(1)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    with pytest.raises(TimeoutError, match="no answer of the resolver"):
        lookup("slow.test", 443, 0.05)


def repeated(port: int, successes: int, deadline: float = 3.0) -> t.Any:
    url = parse_url(f"http://127.0.0.1:{port}/")
    check = Check(name="api", url=url, request=wire(url), successes=successes)
    [outcome] = repeat_all(Asker(timeout=1), [check], deadline, 0.01)
    return outcome


def test_successes_must_come_in_a_row() -> None:
    bad = OK.replace(b"200 OK", b"503 No")
    with answering(OK, bad, OK, OK, OK) as port:
        outcome = repeated(port, 3)
    assert (outcome.passed, outcome.attempts, outcome.failures) == (True, 5, 1)
    assert outcome.as_dict()["verdict"] == "passed"


def test_the_deadline_ends_it_with_the_last_failure() -> None:
    with answering(OK.replace(b"200 OK", b"503 No")) as port:
        outcome = repeated(port, 2, deadline=1.0)
    assert (outcome.passed, outcome.findings[0].id) == (False, "response-unexpected")
    assert outcome.attempts == outcome.failures > 1
    assert outcome.findings[0].evidence[-1] == f"{outcome.attempts} of {outcome.attempts} attempts failed"
    assert outcome.findings[0].since


def repeated_by(*seconds: float, successes: int = 1, good: bool = False) -> t.Any:
    """A check with a deadline of 0.3 s whose answers take so long, one after the other."""
    left = list(seconds)

    class Slow(Asker):
        def __call__(self, url: t.Any, *_request: t.Any) -> Reply:
            timeout = _request[-1]
            time.sleep(min(left[0], timeout))
            is_late = left.pop(0) > timeout
            return (
                Reply(url, failed="first_byte", error="timed out")
                if is_late
                else Reply(url, status=200 if good else 503)
            )

    url = parse_url("http://maestro.test/")
    [outcome] = repeat_all(Slow(timeout=20), [Check("api", url, wire(url), successes=successes)], 0.3, 0.01)
    return outcome


def test_an_answer_that_the_deadline_cuts_off_hides_nothing() -> None:
    outcome = repeated_by(0.0, 30.0)
    assert [finding.id for finding in outcome.findings] == ["response-unexpected"]
    assert (outcome.attempts, outcome.failures, outcome.reply.status) == (1, 1, 503)
    few = repeated_by(0.0, 30.0, successes=3, good=True)
    assert [finding.id for finding in few.findings] == ["response-slow"]
    assert "only 1 of 3 times" in few.findings[0].message
    assert [finding.id for finding in repeated_by(30.0).findings] == ["service-unreachable"]


def test_good_answers_that_are_too_few_when_the_time_is_over_prove_nothing() -> None:
    with answering(OK) as port:
        outcome = repeated(port, 10_000, deadline=0.5)
    assert (outcome.passed, outcome.failures) == (False, 0)
    [finding] = outcome.findings
    assert finding.id == "response-slow"
    assert finding.message == f"answered as it should, but only {outcome.attempts} of 10000 times before the deadline"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 100\r\n\r\nshort", "after 5 bytes"),
        (b"HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 100000000\r\n\r\nlong", ""),
    ],
    ids=["cut", "too long"],
)
def test_the_head_is_known_whatever_becomes_of_the_body(answer: bytes, error: str) -> None:
    with answering(answer) as port:
        reply = ask(port)
    assert (reply.status, reply.headers["x-a"], reply.answered) == (200, "b", not error)
    assert error in reply.error


def test_a_check_that_others_kept_waiting_until_the_deadline_is_left_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "AT_ONCE", 1)

    class Slow(Asker):
        def __call__(self, url: t.Any, _request: bytes, _method: str = "GET", timeout: float = 0.0) -> Reply:
            time.sleep(min(timeout, 0.5))
            cut = timeout < 0.5
            return Reply(url, status=0 if cut else 200, failed="first_byte" * cut, error="timed out" * cut, late=cut)

    url = parse_url("http://maestro.test/")
    checks = [Check(name=name, url=url, request=b"") for name in ("first", "second")]
    first, second = repeat_all(Slow(timeout=1), checks, 0.6, 0.01)
    assert first.passed
    [finding] = second.findings
    assert (finding.id, finding.severity) == ("response-slow", "warning")
    assert "was not asked before the deadline" in finding.message
