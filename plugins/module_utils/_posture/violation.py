# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rule of the posture yields."""

from __future__ import annotations

import typing as t


class Violation(t.NamedTuple):
    """One way in which a rule is broken by one object, `Kind namespace/name`."""

    object: str
    message: str
    container: str = ""
    evidence: tuple[str, ...] = ()
