# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubernetes quantities ("500m", "1Gi") as an inventory writes them."""

from __future__ import annotations

import typing as t
from decimal import Decimal

from .._objects.quantity import amount, is_plain

MEBIBYTE = 1024**2


def parse(text: str) -> Decimal:
    """The quantity in its base unit: cores or bytes. Raises ValueError for what Kubernetes would refuse.

    Signs and exponents, which Kubernetes also takes, are refused: nobody means them in an inventory.
    """
    if not valid(text):
        raise ValueError(f"{text!r} is not a Kubernetes quantity such as 500m, 2, 512Mi or 4Gi")
    return amount(text)


def mebibytes(text: str) -> int:
    """The quantity in whole MiB, rounded down. Raises ValueError."""
    return int(parse(text) / MEBIBYTE)


def problem(name: str, text: str) -> t.Iterator[str]:
    """A sentence about the variable `name` when its value is no quantity."""
    try:
        parse(text)
    except ValueError as error:
        yield f"{name}: {error}."


def exceeds(low: str, high: str) -> bool:
    """Whether the first quantity is more than the second; False when either is no quantity."""
    return valid(low) and valid(high) and parse(low) > parse(high)


def valid(text: str) -> bool:
    """Whether it is a quantity as people write one."""
    return is_plain(text)
