# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What pictures of a load are drawn from: nothing is lost, and it stays small however long the load was."""

from __future__ import annotations

import collections

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.load.histogram import (
    BOUNDS,
    MOST_SLOTS,
    histogram,
    series,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.load.recorder import KINDS, Recording


def recording(*entries: tuple[str, float, float, float]) -> Recording:
    """Requests as kind, due, and the seconds before and after it was sent."""
    made = Recording()
    for kind, due, waited, service in entries:
        made.add(KINDS.index(kind), due, 0.0, service, waited + service)
    return made


def test_a_histogram_has_ten_bounds_a_decade() -> None:
    assert histogram([0.001, 0.0011, 0.00126, 0.0019, 0.003]) == [
        {"le": 0.001, "count": 1},
        {"le": 0.00126, "count": 2},
        {"le": 0.00158, "count": 0},
        {"le": 0.002, "count": 1},
        {"le": 0.00251, "count": 0},
        {"le": 0.00316, "count": 1},
    ]
    assert histogram([]) == []


def test_the_outer_buckets_take_what_lies_beyond_them() -> None:
    assert histogram([0.0, 1e-7]) == [{"le": 1e-05, "count": 2}]
    assert histogram([20_000.0]) == [{"le": 10_000.0, "count": 1}]
    assert len(BOUNDS) <= 100


@given(st.lists(st.floats(1e-6, 100), min_size=1, max_size=50))
@settings(max_examples=100, deadline=None)
def test_every_value_lies_in_its_bucket(values: list[float]) -> None:
    for bucket in (buckets := histogram(sorted(values))):
        below = max((bound for bound in BOUNDS if bound < bucket["le"]), default=0.0)
        assert sum(below < value <= bucket["le"] for value in values) == bucket["count"]
    assert sum(bucket["count"] for bucket in buckets) == len(values)


def test_a_request_counts_where_it_was_due_where_it_was_sent_and_where_it_ended() -> None:
    made = recording(("ok", 1.5, 0.0, 0.5), ("5xx", 2.4, 1.0, 3.0), ("unsent", 2.5, 2.0, 0.0), ("429", 4.5, 0.0, 0.1))
    assert series(made) == {
        "seconds": 1,
        "planned": [2, 1, 0, 1, 0],
        "sent": [1, 1, 0, 1, 0],
        "answered": [1, 0, 0, 1, 1],
        "failed": {"429": [0, 0, 0, 1, 0], "5xx": [0, 0, 0, 0, 1], "unsent": [0, 0, 0, 1, 0]},
        "p95": [4.0, 2.0, 0.0, 0.0, 0.0],
    }
    assert series(Recording()) == {}


@pytest.mark.parametrize(
    ("rate", "seconds", "width"),
    [
        (1000, 2, 0.1),
        (1000, 30, 0.5),
        (200, 6, 0.1),
        (20, 5, 0.5),
        (5, 20, 1),
        (1, 600, 5),
        (1, 601, 10),
        (0.01, 400_000, 3600),
    ],
)
def test_slots_are_as_short_as_they_may_be(rate: float, seconds: float, width: float) -> None:
    made = recording(*(("ok", number / rate, 0.0, 0.01) for number in range(round(rate * seconds))))
    slots = series(made)
    assert slots["seconds"] == width
    assert (len(slots["planned"]) - 1) * width <= seconds < (len(slots["planned"]) + 1) * width
    assert len(slots["planned"]) <= MOST_SLOTS


KIND = st.sampled_from(KINDS)
TIME = st.floats(0, 1e7)


@given(st.lists(st.tuples(KIND, TIME, TIME, TIME), min_size=1, max_size=30))
@settings(max_examples=100, deadline=None)
def test_nothing_is_lost_whatever_the_times(entries: list[tuple[str, float, float, float]]) -> None:
    slots = series(recording(*entries))
    assert {len(slots[column]) for column in ("planned", "sent", "answered", "p95")} == {len(slots["planned"])}
    assert len(slots["planned"]) <= MOST_SLOTS
    assert sum(slots["planned"]) == len(entries)
    assert sum(slots["sent"]) == sum(kind not in ("unsent", "unable") for kind, *_times in entries)
    failed = {kind: sum(counts) for kind, counts in slots["failed"].items()}
    assert failed == collections.Counter(kind for kind, *_times in entries if kind != "ok")
