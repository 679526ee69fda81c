# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a rate limiter must bite, and what is said when it does not."""

from __future__ import annotations

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.limiter import Limiter, judge

LIMITER = Limiter(limit=1000, burst=2000)


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
        (None, {"ok": 4000, "5xx": 30}, ["rate-limit-missing"]),
    ],
)
def test_a_limiter_is_judged_by_its_first_429(first: float | None, results: dict[str, int], found: list[str]) -> None:
    assert [finding.id for finding in judge(LIMITER, 2000, first, results)] == found
