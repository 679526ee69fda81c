# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""All checks together: the verdict, the message, the declarations."""

from __future__ import annotations

from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.evaluate import evaluate, message
from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.snapshot import Unknown

from .builders import autoscaler, deployment, node, snapshot, view

FORBIDDEN, FAILED = Unknown("list nodes", "you may not", True), Unknown("list nodes", "timed out")


def test_a_fit_cluster_passes_without_a_word() -> None:
    evaluation = evaluate(view(deployment(), autoscaler()))
    assert (evaluation.verdict, evaluation.findings) == ("passed", ())
    assert message(evaluation, "maestro", "https://x") == "https://x is fit for release maestro (nothing to report)."


def test_everything_is_said_at_once_errors_first() -> None:
    unfit = snapshot(version="v1.30.0", metrics="none", nodes=(node("node-1", kubelet="v1.20.0"),))
    evaluation = evaluate(view(deployment(), autoscaler(), snapshot=unfit))
    assert [finding.severity for finding in evaluation.findings] == ["error", "error", "error", "warning"]
    assert evaluation.verdict == "failed"
    lines = message(evaluation, "maestro", "https://x").splitlines()
    assert lines[0] == "https://x is not fit for release maestro (3 errors, 1 warning); nothing was changed:"
    assert len(lines) == 5
    assert all(
        line.startswith(f"- [{finding.id}]") for line, finding in zip(lines[1:], evaluation.findings, strict=True)
    )


def test_what_may_not_be_read_does_not_stop_a_release() -> None:
    evaluation = evaluate(view(deployment(), snapshot=snapshot(nodes=FORBIDDEN)))
    assert evaluation.verdict == "passed"
    assert [finding.severity for finding in evaluation.findings] == ["note"]
    assert message(evaluation, "maestro", "https://x").endswith("(1 note).")


def test_what_the_server_failed_to_give_does() -> None:
    evaluation = evaluate(view(deployment(), snapshot=snapshot(nodes=FAILED)))
    assert evaluation.verdict == "inconclusive"
    text = message(evaluation, "maestro", "https://x")
    assert "cannot be judged" in text
    assert "timed out" in text
