# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings make a verdict, whatever order they come in."""

from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.intelgraph.maestro.plugins.module_utils._findings.finding import (
    SEVERITIES,
    Finding,
    verdict,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._findings.registry import by_severity

FINDINGS = st.lists(
    st.builds(Finding, st.sampled_from("ab"), st.sampled_from(SEVERITIES), st.sampled_from("xy"), st.just(""))
)


def finding(severity: str = "error") -> Finding:
    return Finding("not-ready", severity, "Deployment n/d", "0 of 3 pods are ready.", ("Pod p",), "See it.")


@pytest.mark.parametrize(
    ("severities", "complete", "expected"),
    [
        ([], True, "passed"),
        (["note", "warning"], True, "passed"),
        (["error"], True, "failed"),
        (["warning", "error"], False, "failed"),
        (["warning"], False, "inconclusive"),
        ([], False, "inconclusive"),
    ],
)
def test_the_verdict(severities: list[str], complete: bool, expected: str) -> None:
    assert verdict([finding(severity) for severity in severities], complete) == expected


@given(findings=FINDINGS, complete=st.booleans(), data=st.data())
def test_the_order_of_findings_decides_nothing(findings: list[Finding], complete: bool, data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(findings))
    assert verdict(shuffled, complete) == verdict(findings, complete)
    assert by_severity(shuffled) == by_severity(findings)


def test_errors_come_first() -> None:
    assert [item.severity for item in by_severity(map(finding, ("note", "error", "warning")))] == list(SEVERITIES)


def test_a_finding_in_one_sentence() -> None:
    assert finding().sentence() == "[not-ready] Deployment n/d: 0 of 3 pods are ready. See it."
    assert Finding("i", "note", "o", "m").sentence() == "[i] o: m."


def test_a_finding_as_plain_values() -> None:
    displayed = finding().as_dict()
    assert json.loads(json.dumps(displayed)) == displayed
    assert list(displayed) == [field.name for field in dataclasses.fields(Finding)]
    assert Finding.from_values(displayed) == finding()
