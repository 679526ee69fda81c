# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""All checks together: the verdict, the message, the declarations."""

from __future__ import annotations

import pathlib

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._findings.finding import SEVERITIES
from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight import catalogue
from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.catalogue import Check
from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.evaluate import evaluate, message
from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.facts import Unknown

from .builders import autoscaler, context, deployment, facts, node

PAGES = pathlib.Path(__file__).resolve().parents[5] / "docs" / "findings"
FORBIDDEN, FAILED = Unknown("list nodes", "you may not", True), Unknown("list nodes", "timed out")


def test_a_fit_cluster_passes_without_a_word() -> None:
    evaluation = evaluate(context(deployment(), autoscaler()))
    assert (evaluation.verdict, evaluation.findings) == ("passed", ())
    assert message(evaluation, "maestro", "https://x") == "https://x is fit for release maestro (nothing to report)."


def test_everything_is_said_at_once_errors_first() -> None:
    unfit = facts(version="v1.30.0", metrics="none", nodes=(node("node-1", kubelet="v1.20.0"),))
    evaluation = evaluate(context(deployment(), autoscaler(), facts=unfit))
    assert [finding.severity for finding in evaluation.findings] == ["error", "error", "error", "warning"]
    assert evaluation.verdict == "failed"
    lines = message(evaluation, "maestro", "https://x").splitlines()
    assert lines[0] == "https://x is not fit for release maestro (3 errors, 1 warning); nothing was changed:"
    assert len(lines) == 5
    assert all(
        line.startswith(f"- [{finding.id}]") for line, finding in zip(lines[1:], evaluation.findings, strict=True)
    )


def test_what_may_not_be_read_does_not_stop_a_release() -> None:
    evaluation = evaluate(context(deployment(), facts=facts(nodes=FORBIDDEN)))
    assert evaluation.verdict == "passed"
    assert [finding.severity for finding in evaluation.findings] == ["note"]
    assert message(evaluation, "maestro", "https://x").endswith("(1 note).")


def test_what_the_server_failed_to_give_does() -> None:
    evaluation = evaluate(context(deployment(), facts=facts(nodes=FAILED)))
    assert evaluation.verdict == "inconclusive"
    text = message(evaluation, "maestro", "https://x")
    assert "cannot be judged" in text
    assert "timed out" in text


@pytest.mark.parametrize("check", catalogue.ALL, ids=lambda check: check.id)
def test_a_finding_is_declared_whole_and_has_a_page(check: Check) -> None:
    assert check.severity in SEVERITIES
    assert check.next_step.endswith(".")
    page = (PAGES / f"{check.id}.md").read_text(encoding="utf-8")
    assert f"# {check.id}\n" in page
    assert all(f"\n## {part}\n" in page for part in ("Meaning", "Evidence", "What to do"))


def test_no_two_findings_share_an_id() -> None:
    assert len({check.id for check in catalogue.ALL}) == len(catalogue.ALL) > 30
