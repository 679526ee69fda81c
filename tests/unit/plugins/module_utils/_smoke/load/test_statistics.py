# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The arithmetic of samples, beside what is known of it."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.load.statistics import (
    ABOVE,
    BELOW,
    OPEN,
    at_least,
    at_most,
    bounds,
    compare,
    percentile,
    requests_needed,
)

LIMIT = 0.001


def test_the_nearest_rank_is_one_of_the_values() -> None:
    values = [15.0, 20.0, 35.0, 40.0, 50.0]
    assert [percentile(values, percent) for percent in (5, 30, 40, 50, 100)] == [15, 20, 20, 35, 50]
    assert percentile([], 95) == 0.0


@pytest.mark.parametrize(
    ("requests", "allowed"), [(2994, -1), (2995, 0), (10_000, 4), (30_000, 20), (60_000, 47), (120_000, 101)]
)
def test_a_ratio_below_one_in_a_thousand_is_proven_by_so_many_errors_at_most(requests: int, allowed: int) -> None:
    assert compare(allowed + 1, requests, LIMIT) == OPEN
    if allowed >= 0:
        assert compare(allowed, requests, LIMIT) == BELOW


@pytest.mark.parametrize(("requests", "errors"), [(3_000, 7), (30_000, 40), (60_000, 74)])
def test_a_ratio_above_one_in_a_thousand_is_proven_by_so_many_errors(requests: int, errors: int) -> None:
    assert (compare(errors - 1, requests, LIMIT), compare(errors, requests, LIMIT)) == (OPEN, ABOVE)


def test_limits_at_the_ends() -> None:
    assert compare(0, 10, 0.0) == BELOW
    assert compare(1, 10, 0.0) == ABOVE
    assert compare(10, 10, 1.0) == BELOW


@pytest.mark.parametrize(("limit", "risk"), [(0.001, 0.05), (0.05, 0.05), (0.01, 0.01)])
def test_the_rule_of_three_says_how_many_are_needed(limit: float, risk: float) -> None:
    needed = requests_needed(limit, risk)
    assert compare(0, needed, limit, risk) == BELOW
    assert compare(0, needed - 1, limit, risk) == OPEN


@given(st.integers(1, 400), st.data())
@settings(max_examples=80, deadline=None)
def test_tails_are_those_of_the_binomial_distribution(of: int, draw: st.DataObject) -> None:
    count = draw.draw(st.integers(0, of))
    ratio = draw.draw(st.floats(0.001, 0.999))
    exact = [math.comb(of, k) * ratio**k * (1 - ratio) ** (of - k) for k in range(of + 1)]
    assert at_most(count, of, ratio) == pytest.approx(sum(exact[: count + 1]), abs=1e-9)
    assert at_least(count, of, ratio) == pytest.approx(sum(exact[count:]), abs=1e-9)


def test_bounds_are_those_of_clopper_and_pearson() -> None:
    """10 of 100 at 2.5 % each side: 4.90 % to 17.62 %, as tables have it."""
    assert bounds(10, 100, 0.025) == pytest.approx((0.0490, 0.1762), abs=5e-5)
    assert bounds(0, 100)[0] == 0.0
    assert bounds(100, 100)[1] == 1.0
    assert bounds(0, 0) == (0.0, 1.0)


def test_large_samples_are_counted_in_no_time_and_without_overflow() -> None:
    assert compare(300_000, 600_000, 0.49) == ABOVE
    assert compare(0, 600_000, 0.5) == BELOW
