# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a snapshot to a verdict: rules look at a view of what was collected, their findings make the evaluation. Pure.

Health, preflight and posture share it: collect a snapshot, `evaluate` it by rules, report the evaluation.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .finding import Finding, verdict
from .registry import by_severity

View = t.TypeVar("View")
Rule = t.Callable[[View], t.Iterable[Finding]]
"""A pure function that yields what is wrong in a view of a snapshot; no API, and no clock but the snapshot's."""


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """What rules make of a snapshot: the verdict, and its findings, errors first and causes before symptoms."""

    verdict: str
    findings: tuple[Finding, ...] = ()

    def of(self, severity: str) -> list[Finding]:
        """The findings of one severity, in their order."""
        return [finding for finding in self.findings if finding.severity == severity]


def apply_rules(view: View, rules: t.Iterable[Rule[View]], complete: bool = True) -> Evaluation:
    """All that the rules find, each finding once. Not `complete` says that part of the snapshot could not be read."""
    return evaluation_of((finding for rule in rules for finding in rule(view)), complete)


def evaluation_of(findings: t.Iterable[Finding], complete: bool = True) -> Evaluation:
    """The evaluation that these findings make, each once."""
    ordered = by_severity(dict.fromkeys(findings))
    return Evaluation(verdict(ordered, complete), tuple(ordered))
