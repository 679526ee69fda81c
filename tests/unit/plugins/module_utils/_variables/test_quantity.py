# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubernetes quantities."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.intelgraph.maestro.plugins.module_utils._variables import quantity


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2", 2),
        ("500m", Fraction(1, 2)),
        ("0.5", Fraction(1, 2)),
        ("1k", 1000),
        ("1Ki", 1024),
        ("1.5Gi", 3 * 2**29),
        ("4G", 4 * 10**9),
        ("2Ei", 2**61),
    ],
)
def test_a_quantity_is_exact(text: str, value: Fraction) -> None:
    assert quantity.parse(text) == value


@pytest.mark.parametrize("text", ["", "Gi", "1 Gi", "1GB", "1gi", "-1", "1e3", "1.", "\uff11"])
def test_what_is_no_quantity_is_refused_with_an_example(text: str) -> None:
    assert not quantity.valid(text)
    with pytest.raises(ValueError, match="500m, 2, 512Mi or 4Gi"):
        quantity.parse(text)
    assert next(quantity.problem("workload_limits_cpu", text)).startswith("workload_limits_cpu: ")


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_quantities_compare_as_their_numbers(low: int, high: int) -> None:
    assert quantity.exceeds(f"{low}Mi", f"{high}Mi") == (low > high)
    assert quantity.mebibytes(f"{low}Mi") == low


def test_what_is_no_quantity_exceeds_nothing() -> None:
    assert not quantity.exceeds("much", "1")
    assert not quantity.exceeds("1", "little")
    assert list(quantity.problem("workload_limits_cpu", "1")) == []
