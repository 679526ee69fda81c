# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every type of finding, declared once in one file for each area, and the order in which findings are reported.

`registry.IMAGE_NOT_FOUND.found(...)` makes a finding. A constant is named like its id, and an id has a page
docs/findings/<id>.md, whose head `tools/finding_pages.py` writes.
"""

from __future__ import annotations

import typing as t

from ..finding import SEVERITIES, Finding, FindingType
from .cluster import *
from .connection import *
from .objects import *
from .posture import *
from .release import *
from .smoke import *
from .workload import *

BY_ID: dict[str, FindingType] = {
    value.id: value for value in list(globals().values()) if isinstance(value, FindingType)
}
LAST = 1 + max(finding_type.rank for finding_type in BY_ID.values())


def by_severity(findings: t.Iterable[Finding]) -> list[Finding]:
    """Errors first, and of one severity causes before symptoms; whatever order they came in."""
    return sorted(findings, key=_order)


def rank_of(finding_id: str) -> int:
    """The cause rank of a type of finding; behind all others for an id that is not declared here."""
    return BY_ID[finding_id].rank if finding_id in BY_ID else LAST


def _order(finding: Finding) -> tuple[int, int, str, str, str, str]:
    severity = SEVERITIES.index(finding.severity)
    return severity, rank_of(finding.id), finding.id, finding.object, finding.container, finding.message
