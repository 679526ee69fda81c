# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What CI reads of a report. Its form is judged against a schema in tests/integration/test_report.py."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from ansible_collections.intelgraph.maestro.plugins.module_utils._report.junit import render_junit

from .samples import failed, finding, passed, report


def suite(text: str) -> ET.Element:
    (only,) = ET.fromstring(text)
    return only


def test_one_case_for_each_check_with_its_outcome() -> None:
    found = suite(render_junit(report()))
    cases = {case.get("name"): [child.tag for child in case] for case in found.iter("testcase")}
    assert cases == {
        "Prerequisites": [],
        "Health": ["failure"],
        "Posture": [],
        "Drift": ["error"],
        "Smoke test": ["skipped"],
    }
    counts = {name: found.get(name) for name in ("tests", "failures", "errors", "skipped", "time", "timestamp")}
    assert counts == {
        "tests": "5",
        "failures": "1",
        "errors": "1",
        "skipped": "1",
        "time": "14.480",
        "timestamp": "2026-11-23T20:30:00",
    }


def test_a_failure_carries_sentence_and_evidence() -> None:
    (failure,) = suite(render_junit(report())).iter("failure")
    assert failure.get("message") == "Deployment maestro cannot start new pods: the image was not found. Push it."
    assert failure.get("type") == "image-not-found"
    assert "  rpc error: code = NotFound" in str(failure.text)
    assert "<script>alert('x')</script> key=(secret" in str(failure.text)


def test_warnings_are_told_too() -> None:
    assert "[posture-autoscaling]" in str(suite(render_junit(report())).findtext("system-err"))


def test_what_xml_cannot_hold_is_shown_escaped() -> None:
    reported = failed(msg="bell \x07, lone \ud800", findings=[finding(evidence=["\x00\x1b[31mred\x1b[0m ]]> &"])])
    text = render_junit(report({"health": reported}))
    (failure,) = suite(text).iter("failure")
    assert failure.get("message") == r"bell \x07, lone \ud800"
    assert r"\x00\x1b[31mred\x1b[0m ]]> &" in str(failure.text)
    text.encode("utf-8")


def test_a_failed_check_without_findings_says_its_sentence() -> None:
    (failure,) = suite(render_junit(report({"health": failed(findings=[])}))).iter("failure")
    assert (failure.get("type"), failure.text) == ("failed", failure.get("message"))
    assert list(suite(render_junit(report({"health": passed()}))).iter("failure")) == []
