# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules on a view of a snapshot make an evaluation."""

from __future__ import annotations

import typing as t

from ansible_collections.intelgraph.maestro.plugins.module_utils._findings import registry
from ansible_collections.intelgraph.maestro.plugins.module_utils._findings.evaluation import apply_rules, evaluation_of
from ansible_collections.intelgraph.maestro.plugins.module_utils._findings.finding import Finding

SYMPTOM = registry.PROGRESS_DEADLINE.found("Deployment n/d", "it does not progress")
CAUSE = registry.IMAGE_NOT_FOUND.found("Deployment n/d", "it has no image")
NOTE = registry.FACT_UNKNOWN.found("list nodes", "forbidden")


def symptoms(view: tuple[Finding, ...]) -> t.Iterator[Finding]:
    yield from view


def causes(view: tuple[Finding, ...]) -> t.Iterator[Finding]:
    if view:
        yield from (CAUSE, NOTE)


def test_every_rule_sees_the_view_and_causes_come_before_symptoms() -> None:
    evaluation = apply_rules((SYMPTOM, CAUSE), (symptoms, causes))
    assert (evaluation.verdict, evaluation.findings) == ("failed", (CAUSE, SYMPTOM, NOTE))
    assert evaluation.of("error") == [CAUSE, SYMPTOM]


def test_without_errors_a_snapshot_that_is_not_complete_leaves_it_open() -> None:
    assert apply_rules((), (symptoms, causes)).verdict == "passed"
    assert apply_rules((), (symptoms, causes), complete=False).verdict == "inconclusive"
    assert apply_rules((CAUSE,), (causes,), complete=False).verdict == "failed"


def test_a_finding_counts_once() -> None:
    assert evaluation_of([NOTE, NOTE]).findings == (NOTE,)
