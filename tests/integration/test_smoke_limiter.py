# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proof of a limiter by a machine that stalls: no word against a limiter that is right."""

from __future__ import annotations

import time
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.load.generator import Load
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.load.rate_limiter import Limiter, measure_limit
from tests.integration.test_smoke_truth import address, plan_for
from tests.smoke_servers.server import serving


def test_a_stall_of_our_own_leaves_it_open(monkeypatch: pytest.MonkeyPatch) -> None:
    see_to = Load._see_to

    def stalling(load: Load, number: int, *given: t.Any) -> None:
        if number == 100:
            time.sleep(1.0)
        see_to(load, number, *given)

    monkeypatch.setattr(Load, "_see_to", stalling)
    with serving("limited") as server:
        smoke_result = measure_limit(
            Limiter(limit=200, burst=200), plan_for(server.port, 400, 1), [address(server.port)], None
        )
    assert smoke_result.undecided
    assert "error" not in {finding.severity for finding in smoke_result.findings}
