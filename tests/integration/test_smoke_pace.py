# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A service that cannot keep up with the rate, and one that can, with the gates that are judged by default."""

from __future__ import annotations

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.load.measurement import measure
from tests.integration.test_smoke_truth import address
from tests.smoke_servers.server import CAPACITY, serving
from tests.unit.plugins.module_utils._smoke.test_options import asked

GATES = {"error_ratio": 0.05, "p95": 30.0}
"""With so much room that the machine's own delays are no doubt."""


@pytest.mark.parametrize(("rate", "verdict"), [(210, "failed"), (100, "passed")])
def test_a_service_that_cannot_keep_up_fails_long_before_its_latency_does(rate: float, verdict: str) -> None:
    with serving("queue") as server:
        wish = asked(f"http://localhost:{server.port}", load={"rate": rate, "seconds": 4, "warm_up": 1, "gates": GATES})
        assert wish.load
        measured = measure(wish.load, wish.gates, [address(server.port)], None, wish.extensions)
    assert measured.figures["latency"]["p95"] < 2.0
    assert measured.evaluation.verdict == verdict, measured.evaluation
    gates = {gate.gate: gate for gate in measured.evaluation.gates}
    assert gates["throughput"].verdict == verdict
    assert gates["throughput"].value == pytest.approx(min(rate, CAPACITY), rel=0.03)
