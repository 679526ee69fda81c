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
QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)([A-Za-z]*)")


def amount(text: str | int | float) -> Decimal:
    """The number that a quantity means; raises ValueError with the text."""
    match = QUANTITY.fullmatch(str(text).strip())
    if match is None or match[2] not in SUFFIXES:
        raise ValueError(f"{text!r} is no Kubernetes quantity")
    return Decimal(match[1]) * SUFFIXES[match[2]]
