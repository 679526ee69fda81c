# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubernetes quantities (`500m`, `1Gi`) as exact numbers."""

from __future__ import annotations

import re
from decimal import Decimal

BINARY = {suffix: Decimal(1024) ** power for power, suffix in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), 1)}
DECIMAL = {suffix: Decimal(1000) ** power for power, suffix in enumerate(("n", "u", "m", "", *"kMGTPE"), -3)}
SUFFIXES = {**BINARY, **DECIMAL}
QUANTITY = re.compile(
    r"(?P<sign>[+-]?)(?P<digits>\d+\.?\d*|\.\d+)(?P<exponent>[eE][+-]?\d+)?(?P<suffix>[A-Za-z]*)", re.ASCII
)


def amount(text: str | int | float) -> Decimal:
    """The number that a quantity means; raises ValueError with the text."""
    match = QUANTITY.fullmatch(str(text).strip())
    if match is None or match["suffix"] not in SUFFIXES:
        raise ValueError(f"{text!r} is no Kubernetes quantity")
    number = Decimal(f"{match['sign']}{match['digits']}{match['exponent'] or ''}")
    return number * SUFFIXES[match["suffix"]]


def is_plain(text: str) -> bool:
    """Whether a text is a quantity as people write one: without sign, exponent, blanks, n and u, or a bare point."""
    match = QUANTITY.fullmatch(text)
    if match is None or match["suffix"] not in SUFFIXES:
        return False
    digits = match["digits"]
    is_odd = match["sign"] or match["exponent"] or digits.startswith(".") or digits.endswith(".")
    return not is_odd and match["suffix"] not in ("n", "u")
