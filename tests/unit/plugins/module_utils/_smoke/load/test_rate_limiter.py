# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a rate limiter must bite, and what is said when it does not."""

from __future__ import annotations

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.load.rate_limiter import (
    Limiter,
    Sent,
    evaluate,
    first_limited,
    sent_of,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.load.recorder import KINDS, Recording

LIMITER = Limiter(limit=1000, burst=2000)
BITTEN = {"ok": 4000, "429": 100}


@pytest.mark.parametrize(("rate", "seconds"), [(1200, 10.0), (1500, 4.0), (2000, 2.0), (1000, float("inf"))])
def test_the_moment_is_that_of_a_token_bucket(rate: float, seconds: float) -> None:
    assert LIMITER.expected(rate) == seconds


def test_each_replica_has_its_own_bucket() -> None:
    assert Limiter(1000, 2000, replicas=2).expected(3000) == 4.0


def test_what_is_held_back_comes_on_top_of_the_burst() -> None:
    held = Limiter(250, 250, replicas=2, delay=0.5)
    assert held.expected(900) == 750 / 400


@pytest.mark.parametrize(
    ("first", "results", "found"),
    [
        (2.0, {"ok": 4000, "429": 100}, []),
        (2.19, {"ok": 4000, "429": 100}, []),
        (None, {"ok": 8000}, ["rate-limit-missing"]),
        (0.5, {"ok": 1000, "429": 100}, ["rate-limit-misplaced"]),
        (2.5, {"ok": 1000, "429": 100}, ["rate-limit-misplaced"]),
        (2.0, {"ok": 4000, "429": 100, "5xx": 3}, ["rate-limit-misplaced"]),
        (2.0, {"ok": 4000, "429": 100, "unsent": 3, "unable": 9}, []),
        (None, {"ok": 4000, "5xx": 30}, ["rate-limit-missing"]),
    ],
)
def test_a_limiter_is_judged_by_its_first_429(first: float | None, results: dict[str, int], found: list[str]) -> None:
    assert [finding.id for finding in evaluate(LIMITER, 2000, first, results)] == found


@pytest.mark.parametrize(
    ("first", "sent", "found"),
    [
        (2.0, Sent(late=0.2), []),
        (2.0, Sent(late=0.3), [("generator-overloaded", "warning")]),
        (1.5, Sent(late=0.2), [("rate-limit-misplaced", "error")]),
        (1.5, Sent(late=0.4), [("rate-limit-misplaced", "warning"), ("generator-overloaded", "warning")]),
        (1.5, Sent(late=0.1, share=0.9), [("rate-limit-misplaced", "warning"), ("generator-overloaded", "warning")]),
        (None, Sent(last=4.0, late=1.0), [("rate-limit-missing", "error")]),
        (None, Sent(last=4.0, late=2.5), [("rate-limit-missing", "warning"), ("generator-overloaded", "warning")]),
    ],
)
def test_the_moment_is_believed_as_far_as_being_late_does_not_move_it(
    first: float | None, sent: Sent, found: list[tuple[str, str]]
) -> None:
    """At 2000/s the bucket of 1000/s is refilled as fast as it is emptied: late by 0.3 s is moved by 0.3 s."""
    assert [(each.id, each.severity) for each in evaluate(LIMITER, 2000, first, BITTEN, sent)] == found


def test_being_late_after_the_first_429_moves_nothing() -> None:
    made = Recording()
    for number, (kind, late) in enumerate([("ok", 0.0), ("ok", 0.02), ("429", 0.01), ("ok", 3.0)]):
        made.add(KINDS.index(kind), 5.0 + number, late, 0.1, late + 0.1)
    assert first_limited(made) == 2.0
    sent = sent_of(made, 4, 2.0)
    assert (sent.last, sent.late, sent.share) == (3.0, pytest.approx(0.02), 1.0)
