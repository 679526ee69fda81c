# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of a recording."""

from __future__ import annotations

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.load.recorder import (
    KINDS,
    Recording,
    kind_of,
    percentiles,
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
    assert (made.errors, made.evaluated, made.sent, made.slower(0.5)) == (3, 4, 4, 3)
    assert made.ranked(made.latency) == [0.1, 1.0, 9.0, 9.0]
    assert made.by_kind() == {"ok": 1, "429": 1, "5xx": 1, "timeout": 1, "unsent": 1}


def test_what_this_machine_could_not_send_is_no_sample() -> None:
    made = recording(("ok", 0, 1.0), ("unable", 0, 0.1), ("unable", 0, 9.0))
    assert (made.errors, made.evaluated, made.sent, made.slower(0.5)) == (0, 1, 1, 1)
    assert made.ranked(made.latency) == [1.0]


def test_who_got_no_answer_got_none_in_time() -> None:
    made = recording(("ok", 0, 0.1), ("5xx", 0, 0.1), ("reset", 0, 0.001), ("timeout", 0, 0.2), ("429", 0, 0.1))
    assert (made.slower(0.5), made.unanswered) == (2, 2)
    assert made.busy(0.5) == 0


def test_answers_count_where_they_came() -> None:
    made = recording(("ok", 0.0, 0.5), ("ok", 0.9, 0.2), ("5xx", 0.1, 0.1))
    assert made.completed(0.0, 1.0) == 1
    assert made.completed(1.0, 2.0) == 1


def test_percentiles_are_exact() -> None:
    figures = percentiles([number / 1000 for number in range(1, 1001)])
    assert figures == {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p99.9": 0.999, "max": 1.0}
