# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The posture of a release as one verdict, one sentence, its findings and its rules."""

from __future__ import annotations

import dataclasses
import typing as t

from .._findings import registry
from .._findings.evaluation import Evaluation
from .._findings.finding import FAILED, INCONCLUSIVE, Finding, FindingValues, verdict
from .._health.facts import Live
from .._health.pod_phases import phase_of
from .evaluate import evaluate
from .pod_history import PodHistory, course_of
from .rules import RULES, PostureRule
from .snapshot import PostureSnapshot


class RuleValues(t.TypedDict):
    """One rule, and whether the release keeps it."""

    id: str
    demand: str
    verdict: str


class PostureValues(t.TypedDict):
    """A posture as plain values, as the module returns it."""

    number: int
    verdict: str
    msg: str
    findings: list[FindingValues]
    pods: list[PodHistory]
    rules: list[RuleValues]


@dataclasses.dataclass(frozen=True)
class Posture:
    """What is told of a release's posture; `number` is 0 where there is no release."""

    number: int
    verdict: str
    msg: str
    findings: tuple[Finding, ...]
    pods: tuple[Live, ...] = ()

    def as_dict(self) -> PostureValues:
        """Plain values, for a module's result."""
        return {
            "number": self.number,
            "verdict": self.verdict,
            "msg": self.msg,
            "findings": [finding.as_dict() for finding in self.findings],
            "pods": [course_of(pod) for pod in self.pods if phase_of(pod)],
            "rules": [{"id": rule.id, "demand": rule.demand, "verdict": self._of(rule)} for rule in RULES],
        }

    def _of(self, rule: PostureRule) -> str:
        if not self.number:
            return INCONCLUSIVE
        return verdict(finding for finding in self.findings if finding.id == rule.id)


def missing(name: str, namespace: str) -> Posture:
    """There is no release to judge."""
    message = f"Namespace {namespace} has no history of a release of this name, so there is nothing to judge"
    finding = registry.RELEASE_MISSING.found(f"Release {name}", message)
    return Posture(0, FAILED, finding.sentence(), (finding,))


def reported(snapshot: PostureSnapshot) -> Posture:
    """The posture of a release, as it is reported."""
    evaluation = evaluate(snapshot)
    sentence = _sentence(snapshot, evaluation)
    return Posture(snapshot.number, evaluation.verdict, sentence, evaluation.findings, snapshot.pods)


def _sentence(snapshot: PostureSnapshot, evaluation: Evaluation) -> str:
    about = f"Release {snapshot.number} of {snapshot.name}"
    broken = {finding.id for finding in evaluation.of("error")}
    chosen = {finding.id for finding in evaluation.of("warning")} & {rule.id for rule in RULES}
    if evaluation.verdict == FAILED:
        return f"{about} breaks {_count(len(broken), 'rule')}: {evaluation.findings[0].sentence()}"
    if evaluation.verdict == INCONCLUSIVE:
        return f"{about} cannot be judged: {evaluation.findings[0].sentence()}"
    if chosen:
        return f"{about} breaks no rule but those that it declares otherwise ({', '.join(sorted(chosen))})."
    return f"{about} keeps all {len(RULES)} rules."


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
