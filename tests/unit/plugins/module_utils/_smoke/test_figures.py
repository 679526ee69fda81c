# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of a recording."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.figures import (
    KINDS,
    Recording,
    histogram,
    kind_of,
    percentiles,
    series,
)


def recording(*entries: tuple[str, float, float]) -> Recording:
    """Requests as kind, due and latency."""
    made = Recording()
    for kind, due, latency in entries:
        made.add(KINDS.index(kind), due, 0.0, latency, latency)
    return made


@pytest.mark.parametrize(
    ("status", "kind"),
    [(200, "ok"), (201, "unexpected"), (302, "unexpected"), (404, "4xx"), (429, "429"), (503, "5xx")],
)
def test_a_status_has_a_kind(status: int, kind: str) -> None:
    assert KINDS[kind_of(status, {200})] == kind


def test_a_wanted_status_is_right_whatever_it_is() -> None:
    assert KINDS[kind_of(429, {429})] == "ok"


def test_what_the_limiter_turned_away_is_neither_good_nor_an_error() -> None:
    made = recording(("ok", 0, 1.0), ("429", 0, 0.1), ("5xx", 0, 0.1), ("timeout", 0, 9.0), ("unsent", 0, 9.0))
    assert (made.errors, made.unlimited, made.sent, made.slower(0.5)) == (3, 4, 4, 3)
    assert made.ranked(made.latency) == [0.1, 1.0, 9.0, 9.0]
    assert made.by_kind() == {"ok": 1, "429": 1, "5xx": 1, "timeout": 1, "unsent": 1}


def test_answers_count_where_they_came() -> None:
    made = recording(("ok", 0.0, 0.5), ("ok", 0.9, 0.2), ("5xx", 0.1, 0.1))
    assert made.completed(0.0, 1.0) == 1
    assert made.completed(1.0, 2.0) == 1


def test_seconds_are_told_apart() -> None:
    made = recording(("ok", 0.1, 0.5), ("5xx", 0.9, 3.0), ("429", 2.5, 9.0))
    assert series(made) == [
        {"second": 0, "requests": 2, "errors": 1, "limited": 0, "p95": 3.0},
        {"second": 2, "requests": 1, "errors": 0, "limited": 1, "p95": 0.0},
    ]


def test_percentiles_are_exact() -> None:
    figures = percentiles([number / 1000 for number in range(1, 1001)])
    assert figures == {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p99.9": 0.999, "max": 1.0}


def test_a_histogram_has_nine_bounds_a_decade() -> None:
    assert histogram([0.001, 0.0015, 0.002, 0.09, 0.1]) == [
        {"le": 0.001, "count": 1},
        {"le": 0.002, "count": 2},
        *({"le": bound, "count": 0} for bound in (0.003, 0.004, 0.005, 0.006, 0.007, 0.008, 0.009)),
        *({"le": bound, "count": 0} for bound in (0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08)),
        {"le": 0.09, "count": 1},
        {"le": 0.1, "count": 1},
    ]
    assert histogram([]) == []


@given(st.lists(st.floats(1e-6, 100), min_size=1, max_size=50))
@settings(max_examples=150, deadline=None)
def test_every_value_lies_in_its_bucket(values: list[float]) -> None:
    buckets = histogram(sorted(values))
    assert sum(bucket["count"] for bucket in buckets) == len(values)
    for at, bucket in enumerate(buckets):
        below = buckets[at - 1]["le"] if at else 0.0
        assert sum(below < value <= bucket["le"] for value in values) == bucket["count"] or at == 0
