# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report as JUnit XML, for CI: one suite for a release, one case for each check."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET  # it only writes  # nosec B405

from .._findings.finding import FAILED, INCONCLUSIVE, Finding
from .._text.printable import lines_of, printable
from .model import SKIPPED, CheckResult, Report

FORBIDDEN = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 has no way to write."""
OUTCOMES = {FAILED: "failure", INCONCLUSIVE: "error", SKIPPED: "skipped"}


def render_junit(report: Report) -> str:
    """The document, ending with a line break."""
    outcomes = [check.verdict for check in report.checks]
    counts = {
        "tests": str(len(outcomes)),
        "failures": str(outcomes.count(FAILED)),
        "errors": str(outcomes.count(INCONCLUSIVE)),
        "time": f"{report.seconds:.3f}",
    }
    root = ET.Element("testsuites", {"name": "intelgraph.maestro", **counts})
    suite = ET.SubElement(
        root,
        "testsuite",
        {
            "name": _clean(report.subject()),
            **counts,
            "skipped": str(outcomes.count(SKIPPED)),
            "timestamp": report.made[:19],
            "hostname": _clean(report.host),
            "id": "0",
            "package": "intelgraph.maestro",
        },
    )
    properties = ET.SubElement(suite, "properties")
    for name, value in (("release", report.release), ("namespace", report.namespace), ("number", str(report.number))):
        ET.SubElement(properties, "property", {"name": name, "value": _clean(value)})
    for check in report.checks:
        _add(suite, check, report)
    ET.SubElement(suite, "system-out").text = _clean(report.sentence())
    ET.SubElement(suite, "system-err").text = _clean("\n".join(_warnings(report)))
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _add(suite: ET.Element, check: CheckResult, report: Report) -> None:
    case = ET.SubElement(
        suite,
        "testcase",
        {
            "classname": _clean(f"intelgraph.maestro.{report.host}"),
            "name": _clean(check.title),
            "time": f"{check.seconds:.3f}",
        },
    )
    if check.verdict not in OUTCOMES:
        return
    outcome = ET.SubElement(case, OUTCOMES[check.verdict], {"message": _clean(check.headline)})
    if check.verdict != SKIPPED:
        reported = check.of("error") or check.of("warning")
        outcome.set("type", reported[0].id if reported else check.verdict)
        outcome.text = _clean("\n\n".join(map(in_full, reported)) or check.msg)


def _warnings(report: Report) -> list[str]:
    return [finding.sentence() for check in report.checks for finding in check.of("warning")]


def in_full(finding: Finding) -> str:
    """A finding with its evidence, for plain text."""
    lines = [finding.sentence(), *(f"  {line}" for entry in finding.evidence for line in lines_of(entry))]
    return "\n".join(lines)


def _clean(text: str) -> str:
    return FORBIDDEN.sub("\ufffd", printable(text))
