# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loads against servers that fail at once: the load ends early, and its verdict is about the service."""

from __future__ import annotations

import errno
import pathlib
import socket
import ssl
import threading

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.http import connection
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.load.measurement import Measurement, measure
from tests.integration.test_smoke_truth import address, plan_for, results
from tests.smoke_servers.certificates import self_signed
from tests.smoke_servers.server import serving

GATES = {"error_ratio": 0.001, "p95": 30.0}
"""With so much room that the machine's own delays are no doubt."""


def ids(measured: Measurement) -> set[str]:
    return {finding.id for finding in measured.evaluation.findings}


@pytest.mark.parametrize("warm_up", [0.0, 2.0])
def test_a_service_that_answers_errors_fails_and_the_load_stops(warm_up: float) -> None:
    with serving("errors always") as server:
        measured = measure(plan_for(server.port, 200, 30, warm_up=warm_up), GATES, [address(server.port)], None)
        truth = server.stop()
    assert measured.figures["stopped"]
    assert measured.evaluation.verdict == "failed"
    assert {"load-stopped", "error-ratio-high"} <= ids(measured)
    assert results(measured) == {"5xx": truth["requests"]}
    assert measured.figures["planned"] == measured.figures["sent"] == truth["requests"] < 100
    assert measured.figures["said"]["5xx"] == "status: 500"


@pytest.mark.parametrize("warm_up", [0.0, 2.0])
def test_a_service_that_takes_no_connection_fails(warm_up: float) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        measured = measure(plan_for(port, 200, 10, warm_up=warm_up), GATES, [address(port)], None)
    assert set(results(measured)) == {"connect"}
    assert measured.evaluation.verdict == "failed", measured.evaluation
    assert "refused" in measured.figures["said"]["connect"].lower()


@pytest.mark.parametrize("warm_up", [0.0, 2.0])
def test_a_service_with_a_wrong_certificate_fails(warm_up: float, tmp_path: pathlib.Path) -> None:
    wrong = self_signed(tmp_path, "somebody-else.test")
    context = ssl.create_default_context(cafile=wrong.certificate)
    with serving("good", *wrong) as server:
        plan = plan_for(server.port, 50, 2, "https", warm_up=warm_up)
        measured = measure(plan, GATES, [address(server.port)], context)
    assert set(results(measured)) == {"tls"}
    assert measured.evaluation.verdict == "failed", measured.evaluation


def test_what_waits_when_the_load_stops_is_not_sent_any_more() -> None:
    """20 errors a second on 10 connections, 100 requests a second: 80 of those due wait after the first second."""
    with serving("queue of errors") as server:
        plan = plan_for(server.port, 100, 20, connections=10, timeout=10.0)
        measured = measure(plan, GATES, [address(server.port)], None)
        truth = server.stop()
    assert measured.figures["stopped"]
    assert truth["requests"] <= 40
    assert measured.figures["planned"] == measured.figures["sent"] == truth["requests"]
    assert results(measured) == {"5xx": truth["requests"]}
    assert measured.evaluation.verdict == "failed", measured.evaluation


def test_a_backlog_that_cannot_connect_ends_in_a_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both connections are lost when hundreds wait, and from then on connecting fails at once."""
    lost = threading.Event()

    class Socket(socket.socket):
        def connect_ex(self, place: tuple[str, int]) -> int:
            return errno.EHOSTUNREACH if lost.is_set() else super().connect_ex(place)

    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]

        def cut() -> None:
            lost.set()
            for held in [silent.accept()[0] for _number in range(2)]:
                held.close()

        timer = threading.Timer(1.0, cut)
        timer.start()
        monkeypatch.setattr(connection.socket, "socket", Socket)
        measured = measure(plan_for(port, 400, 3, connections=2), GATES, [address(port)], None)
        timer.join()
    assert set(results(measured)) <= {"cut", "reset", "connect", "unsent"}
    assert measured.figures["stopped"]
    assert measured.evaluation.verdict == "failed", measured.evaluation
