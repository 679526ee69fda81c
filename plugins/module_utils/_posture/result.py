# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The posture of a release as one verdict, one sentence, its findings and its rules."""

from __future__ import annotations

import dataclasses
import typing as t

from .._findings import registry
from .._findings.finding import FAILED, INCONCLUSIVE, Finding, verdict
from .._health.facts import Live
from .._health.pod_phases import phase_of
from .collect import PostureSnapshot
from .evaluate import evaluate
from .pod_history import course_of
from .rules import RULES, Rule

UNREAD_STEP = "Allow the account to read it, then validate again."


@dataclasses.dataclass(frozen=True)
class Posture:
    """What is told of a release's posture; `number` is 0 where there is no release."""

    number: int
    verdict: str
    msg: str
    findings: tuple[Finding, ...]
    pods: tuple[Live, ...] = ()

    def as_dict(self) -> dict[str, t.Any]:
        """Plain values, for a module's result."""
        return {
            "number": self.number,
            "verdict": self.verdict,
            "msg": self.msg,
            "findings": [finding.as_dict() for finding in self.findings],
            "pods": [course_of(pod) for pod in self.pods if phase_of(pod)],
            "rules": [{"id": rule.id, "demand": rule.demand, "verdict": self._of(rule)} for rule in RULES],
        }

    def _of(self, rule: Rule) -> str:
        if not self.number:
            return INCONCLUSIVE
        return verdict(finding for finding in self.findings if finding.id == rule.id)


def missing(name: str, namespace: str) -> Posture:
    """There is no release to judge."""
    message = f"Namespace {namespace} has no history of a release of this name, so there is nothing to judge"
    finding = registry.RELEASE_MISSING.found(f"Release {name}", message)
    return Posture(0, FAILED, finding.sentence(), (finding,))


def reported(collect: PostureSnapshot) -> Posture:
    """The judgement of what was seen. What could not be read leaves it open, unless a rule is broken anyway."""
    findings = registry.by_severity([*evaluate(collect.seen), *_unread(collect)])
    outcome = verdict(findings, complete=not collect.unavailable)
    return Posture(
        collect.seen.number, outcome, _sentence(collect, outcome, findings), tuple(findings), collect.seen.pods
    )


def _unread(collect: PostureSnapshot) -> t.Iterator[Finding]:
    for asked, unavailable in collect.unavailable:
        message = f"It could not be read, so what depends on it was not judged: {unavailable.message}"
        yield registry.FACT_UNKNOWN.found(asked, message, severity="warning", next_step=UNREAD_STEP)
    access = collect.seen.access
    if access is not None and not access.is_known:
        message = (
            "What it may do is known in part only: the account that runs this may neither impersonate it nor read"
            f" every {' and '.join(access.unread)}"
        )
        about = f"ServiceAccount {access.namespace}/{access.account}"
        yield registry.FACT_UNKNOWN.found(about, message, next_step=UNREAD_STEP)


def _sentence(collect: PostureSnapshot, outcome: str, findings: t.Sequence[Finding]) -> str:
    about = f"Release {collect.seen.number} of {collect.seen.name}"
    broken = {finding.id for finding in findings if finding.severity == "error"}
    chosen = {finding.id for finding in findings if finding.severity == "warning"} & {r.id for r in RULES}
    if outcome == FAILED:
        return f"{about} breaks {_count(len(broken), 'rule')}: {findings[0].sentence()}"
    if outcome == INCONCLUSIVE:
        return f"{about} cannot be judged: {findings[0].sentence()}"
    if chosen:
        return f"{about} breaks no rule but those that it declares otherwise ({', '.join(sorted(chosen))})."
    return f"{about} keeps all {len(RULES)} rules."


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
