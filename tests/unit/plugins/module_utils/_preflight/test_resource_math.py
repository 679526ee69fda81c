# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Quantities: exact numbers, and figures that a person reads."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.intelgraph.maestro.plugins.module_utils._objects.quantity import amount
from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.resource_math import (
    displayed,
    largest,
    list_shown,
    minus,
    plus,
    times,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("500m", "0.5"),
        ("2", "2"),
        (2, "2"),
        ("1.5", "1.5"),
        ("1Gi", str(2**30)),
        ("1G", "1000000000"),
        ("129e6", "129000000"),
        ("12E", "12000000000000000000"),
        ("100n", "0.0000001"),
        ("250u", "0.00025"),
    ],
)
def test_a_quantity_is_an_exact_number(text: str | int, expected: str) -> None:
    assert amount(text) == Decimal(expected)


@pytest.mark.parametrize("text", ["", "1GiB", "one", "5 Gi", "m"])
def test_what_is_no_quantity_is_refused_by_its_text(text: str) -> None:
    with pytest.raises(ValueError, match="no Kubernetes quantity"):
        amount(text)


@pytest.mark.parametrize(
    ("resource", "text", "expected"),
    [
        ("cpu", "500m", "500m"),
        ("requests.cpu", "5500m", "5500m"),
        ("limits.cpu", "22", "22"),
        ("memory", "1536Mi", "1.5Gi"),
        ("requests.storage", "480Gi", "480Gi"),
        ("memory", "0", "0"),
        ("pods", "30", "30"),
    ],
)
def test_an_amount_is_shown_as_it_is_written(resource: str, text: str, expected: str) -> None:
    assert displayed(resource, amount(text)) == expected


@settings(deadline=None)
@given(st.integers(min_value=0, max_value=10**6), st.sampled_from(["", "m", "k", "Ki", "Mi", "Gi", "M"]))
def test_shown_cpu_means_the_same_amount(number: int, suffix: str) -> None:
    value = amount(f"{number}{suffix}")
    assert amount(displayed("cpu", value)) == value


def test_sums_keep_what_only_one_side_has() -> None:
    one, other = {"cpu": Decimal(1)}, {"cpu": Decimal(2), "memory": Decimal(3)}
    assert plus(one, other) == {"cpu": Decimal(3), "memory": Decimal(3)}
    assert minus(other, one) == {"cpu": Decimal(1), "memory": Decimal(3)}
    assert largest(one, other) == {"cpu": Decimal(2), "memory": Decimal(3)}
    assert times(one, 3) == {"cpu": Decimal(3)}
    assert plus() == {}


def test_a_list_is_shown_in_order() -> None:
    assert list_shown({"memory": amount("1Gi"), "cpu": amount("500m")}) == "cpu 500m, memory 1Gi"
    assert list_shown({}) == "nothing"
