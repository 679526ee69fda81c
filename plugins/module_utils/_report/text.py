# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report for the screen: a table of the checks, then what is wrong."""

from __future__ import annotations

from .junit import in_full
from .model import Report

EVIDENCE = 6
"""Lines of evidence that the screen shows of one finding."""
HEADINGS = ("check", "verdict", "findings", "seconds")


def render_text(report: Report) -> list[str]:
    """Lines; the first says what the report is about."""
    rows = [
        (check.title, check.verdict, check.counts() or "-", f"{check.seconds:.1f}" if check.seconds else "-")
        for check in report.checks
    ]
    widths = [max(len(row[column]) for row in (HEADINGS, *rows)) for column in range(len(HEADINGS))]
    lines = [f"{report.subject()}: {report.verdict}", ""]
    lines += [_row(row, widths) for row in (HEADINGS, *rows)]
    for check in report.checks:
        for finding in (*check.of("error"), *check.of("warning")):
            lines += ["", *_shortened(in_full(finding).split("\n"))]
    return lines


def _shortened(lines: list[str]) -> list[str]:
    """A finding with the first lines of its evidence; all of them are in the files."""
    rest = len(lines) - 1 - EVIDENCE
    return lines if rest <= 1 else [*lines[: 1 + EVIDENCE], f"  ... and {rest} more lines"]


def _row(cells: tuple[str, ...], widths: list[int]) -> str:
    *words, number = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return "  ".join(["", *words, number.strip().rjust(widths[-1])]).rstrip()
