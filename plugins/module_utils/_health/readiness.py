# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When an object of a release is ready, by its own words: see `kinds`. Pure."""

from __future__ import annotations

from .kinds.registry import state_of
from .kinds.state import Live, condition

__all__ = ["condition", "missing"]


def missing(live: Live) -> str:
    """What keeps this object from being ready, or an empty string."""
    return state_of(live).missing
