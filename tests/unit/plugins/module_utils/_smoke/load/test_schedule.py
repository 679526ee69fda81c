# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A load before it starts."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.http.request import NotAllowed, parse_url
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.load.schedule import (
    LoadPlan,
    Request,
    mixed,
    refuse_excess,
)


def request(name: str, weight: int) -> Request:
    return Request(name, "GET", b"", weight=weight)


def plan(**given_values: float) -> LoadPlan:
    values = {"rate": 100.0, "seconds": 10.0, **given_values}
    return LoadPlan(parse_url("https://maestro.example.com"), (request("a", 1),), **values)  # type: ignore[arg-type]


def test_a_rate_above_the_limit_is_refused() -> None:
    refuse_excess(plan(), 100)
    with pytest.raises(NotAllowed, match="max_rate"):
        refuse_excess(plan(rate=101), 100)
    with pytest.raises(NotAllowed, match="600000"):
        refuse_excess(plan(rate=100, seconds=2000), 100, extensions=3)
    with pytest.raises(NotAllowed, match="above 0"):
        refuse_excess(plan(timeout=0), 100)


@given(st.lists(st.integers(1, 20), min_size=1, max_size=5))
@settings(max_examples=60, deadline=None)
def test_a_mix_holds_to_its_weights_and_is_spread(weights: list[int]) -> None:
    requests = [request(str(number), weight) for number, weight in enumerate(weights)]
    names = [each.name for each in itertools.islice(mixed(requests), 3 * sum(weights))]
    assert [names.count(str(number)) for number in range(len(weights))] == [3 * weight for weight in weights]
    half = names[: sum(weights)]
    assert all(abs(half.count(str(at)) - weight) <= 1 for at, weight in enumerate(weights))
