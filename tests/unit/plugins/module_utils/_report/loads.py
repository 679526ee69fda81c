# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of loads, as the module smoke returns them."""

from __future__ import annotations

import typing as t

from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.load.histogram import histogram, series
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.load.recorder import (
    KINDS,
    Recording,
    percentiles,
)

Result = dict[str, t.Any]
Request = tuple[str, float, float]
"""How it ended, when it was due, and how long it took; in seconds."""
GOOD = [("ok", number / 100, 0.004 + number % 7 / 1000) for number in range(600)]
BAD = [
    ("5xx", due, took) if 200 <= number < 260 else ("timeout", due, 2.0) if number % 150 == 7 else (kind, due, took)
    for number, (kind, due, took) in enumerate(GOOD)
]


def load(requests: t.Sequence[Request] = tuple(GOOD), **fields: t.Any) -> Result:
    recording = Recording()
    for kind, due, took in requests:
        recording.add(KINDS.index(kind), due, 0.0, took, took)
    ranked = recording.ranked(recording.latency)
    latency = percentiles(ranked)
    ratio = recording.errors / max(1, recording.evaluated)
    return {
        "verdict": "failed" if ratio > 0.001 else "passed",
        "plan": {
            "url": "https://maestro.intelgraph.ai/",
            "rate": 100.0,
            "seconds": 6.0,
            "requests": {"GET /api/v1/status": 1},
        },
        "gates": [
            {
                "gate": "error_ratio",
                "limit": 0.001,
                "value": ratio,
                "verdict": "failed" if ratio > 0.001 else "passed",
            },
            {"gate": "p95", "limit": 2.0, "value": latency["p95"], "verdict": "passed"},
        ],
        "self_checks": [
            {"check": "sent", "limit": 0.99, "value": 1.0, "passed": True},
            {"check": "lateness_p99", "limit": 0.04, "value": 0.09, "passed": False},
            {"check": "cpu", "limit": 0.8, "value": 0.043, "passed": True},
            {"check": "limited", "limit": 0.001, "value": 0.0, "passed": True},
        ],
        "planned": len(recording),
        "sent": recording.sent,
        "warm_up_requests": 200,
        "error_ratio": ratio,
        "throughput": 99.7,
        "latency": latency,
        "histogram": histogram(ranked),
        "series": series(recording),
        "extensions": 0,
        "stopped": False,
        **fields,
    }
