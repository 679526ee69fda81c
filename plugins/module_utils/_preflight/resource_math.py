# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sums of Kubernetes quantities by resource name, and how a person writes them."""

from __future__ import annotations

import typing as t
from decimal import Decimal

from .._objects.quantity import BINARY, amount

Amounts = t.Mapping[str, Decimal]
"""An amount for each resource name: `{"cpu": Decimal("0.5"), "memory": Decimal(2**30)}`."""

ZERO = Decimal(0)


def amounts(quantities: t.Mapping[str, t.Any] | None) -> dict[str, Decimal]:
    """The numbers of a resource list such as `requests`."""
    return {name: amount(value) for name, value in (quantities or {}).items()}


def plus(*lists: Amounts) -> dict[str, Decimal]:
    """The sum for each resource."""
    return {name: sum((each.get(name, ZERO) for each in lists), ZERO) for each in lists for name in each}


def minus(whole: Amounts, part: Amounts) -> dict[str, Decimal]:
    """What is left of `whole`; resources that only `part` has are left out."""
    return {name: value - part.get(name, ZERO) for name, value in whole.items()}


def largest(*lists: Amounts) -> dict[str, Decimal]:
    """The largest for each resource."""
    return {name: max(other.get(name, ZERO) for other in lists) for each in lists for name in each}


def times(one: Amounts, count: int) -> dict[str, Decimal]:
    return {name: value * count for name, value in one.items()}


def displayed(resource: str, value: Decimal) -> str:
    """The amount as a person writes it: `500m` of CPU, `1.5Gi` of memory, `12` pods."""
    if resource.endswith("cpu"):
        return _number(value) if value == value.to_integral_value() else f"{_number(value * 1000)}m"
    if resource.endswith(("memory", "storage")):
        fitting = [(factor, suffix) for suffix, factor in BINARY.items() if abs(value) >= factor]
        factor, suffix = fitting[-1] if fitting else (Decimal(1), "")
        return f"{_number(value / factor)}{suffix}"
    return _number(value)


def list_shown(values: Amounts) -> str:
    """`cpu 500m, memory 1Gi`."""
    return ", ".join(f"{name} {displayed(name, value)}" for name, value in sorted(values.items())) or "nothing"


def _number(value: Decimal) -> str:
    text = f"{value:.2f}"
    return text.rstrip("0").rstrip(".")
