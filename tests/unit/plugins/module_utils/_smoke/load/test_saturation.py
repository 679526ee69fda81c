# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a service keeps up: queues that grow, and what only looks like one."""

from __future__ import annotations

import random
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.load.recorder import KINDS, Recording
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.load.saturation import Pace, pace_of

Latency = t.Callable[[float], float]
NOISE = random.Random(1)


def recorded(latency: Latency, rate: float = 1000, seconds: float = 10, good: float = 1.0) -> Pace:
    """The pace of requests whose latency depends on when they are due."""
    made = Recording()
    ends = []
    for number in range(round(rate * seconds)):
        due = number / rate
        kind = "ok" if NOISE.random() < good else "5xx"
        ends.append((due + latency(due), KINDS.index(kind), due))
    for end, kind, due in sorted(ends):
        made.add(kind, due, 0.0, end - due, end - due)
    return pace_of(made, 0, rate)


def queue(capacity: float) -> Latency:
    """Of 1000/s so many are answered, after a warm-up of 2 s."""
    return lambda due: 0.02 + (due + 2) * (1000 / capacity - 1) + NOISE.uniform(0, 0.05)


@pytest.mark.parametrize("capacity", [600, 860, 950, 980])
def test_a_queue_that_grows_shows_the_capacity(capacity: float) -> None:
    pace = recorded(queue(capacity))
    assert pace.likely == pytest.approx(capacity, rel=0.01)
    assert pace.at_most < 990


@pytest.mark.parametrize(
    "latency",
    [
        lambda _due: 0.02,
        lambda _due: NOISE.expovariate(5),
        lambda _due: 5.0 if NOISE.random() < 0.045 else 0.01,
        lambda due: max(0.01, 10 - due) if due > 9.5 else 0.01,
        lambda due: max(0.01, 5 - due) if 4 < due < 5 else 0.01,
        lambda due: 0.5 - due / 25,
    ],
    ids=["even", "varied", "long tail", "pause at the end", "pause amid", "ever faster"],
)
def test_what_is_no_queue_keeps_up(latency: Latency) -> None:
    assert recorded(latency).likely > 990


@pytest.mark.parametrize("moment", [2, 5, 8])
def test_a_level_that_changes_once_is_surely_none(moment: float) -> None:
    assert recorded(lambda due: 0.02 + 0.3 * (due > moment) + NOISE.uniform(0, 0.002)).at_most > 990


def test_capacity_that_is_lost_on_the_way_leaves_it_open() -> None:
    pace = recorded(lambda due: max(0.0, due - 5.5) * 0.4)
    assert pace.likely < 990 < pace.at_most


def test_errors_are_no_good_answers() -> None:
    assert recorded(lambda _due: 0.01, good=0.5).at_most == pytest.approx(500, rel=0.05)


def test_few_requests_show_no_trend() -> None:
    assert recorded(lambda due: due, rate=10, seconds=7) == (10, 10)
    assert pace_of(Recording(), 0, 10) == (0, 0)


def test_what_was_shown_once_can_be_done() -> None:
    assert Pace(5, 10).better(Pace(6, 9)) == (6, 10)
