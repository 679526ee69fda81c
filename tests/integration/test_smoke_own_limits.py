# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loads from a machine that lacks something itself: no word against the service."""

from __future__ import annotations

import errno
import os
import socket

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.http import connection
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.load.measurement import measure
from tests.integration.test_smoke_truth import address, plan_for
from tests.smoke_servers.few_files import few_files
from tests.smoke_servers.server import serving

GATES = {"error_ratio": 0.001, "p95": 20.0}


def test_too_few_open_files_leave_it_open() -> None:
    with serving("slow") as server, few_files():
        measured = measure(plan_for(server.port, 200, 1.5), GATES, [address(server.port)], None)
    assert measured.evaluation.verdict == "inconclusive"
    assert [finding.id for finding in measured.evaluation.findings if finding.severity == "error"] == []
    [overloaded] = [each for each in measured.evaluation.findings if "were sent;" in each.message]
    assert overloaded.evidence == ("Too many open files",)


@pytest.mark.parametrize("why", [errno.EADDRNOTAVAIL, errno.ENETUNREACH, errno.ENOBUFS])
def test_without_ports_or_a_route_of_its_own_it_is_open_too(why: int, monkeypatch: pytest.MonkeyPatch) -> None:
    class Socket(socket.socket):
        def connect_ex(self, _address: object) -> int:
            return why

    monkeypatch.setattr(connection.socket, "socket", Socket)
    measured = measure(plan_for(1, 200, 0.5), GATES, [address(1)], None, extensions=0)
    assert measured.evaluation.verdict == "inconclusive"
    assert measured.figures["results"]["unable"] == 100
    assert measured.figures["said"]["unable"] == f"[Errno {why}] {os.strerror(why)}"
    assert not measured.figures["stopped"]
    assert measured.figures["error_ratio"] == 0
