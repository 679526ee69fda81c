# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Where the time goes: the table of a run's parts, and its slowest tests."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import pytest
import timing

REPORT = """<testsuites><testsuite>
<testcase classname="a" name="quick" time="0.1"/><testcase classname="a" name="slow" time="9.5"/>
<testcase classname="b" name="none"/></testsuite></testsuites>"""


def test_the_slowest_tests_of_all_reports_come_first(tmp_path: pathlib.Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text(REPORT, encoding="utf-8")
    assert timing.slowest([report, tmp_path / "none.xml"], 2) == [(9.5, "a::slow"), (0.1, "a::quick")]
    assert timing.slowest_table([report]).splitlines()[0] == "The 3 slowest tests"
    assert timing.slowest_table([]) == ""


def test_a_part_counts_the_processors_that_its_processes_used() -> None:
    clock = timing.Clock()
    with clock.part("busy"):
        subprocess.run([sys.executable, "-c", "sum(range(3_000_000))"], check=True)
    assert 0 < clock.parts["busy"].processor_seconds <= clock.parts["busy"].seconds * 2


def test_a_part_that_fails_is_measured_too() -> None:
    clock = timing.Clock()
    with pytest.raises(SystemExit), clock.part("broken"):
        raise SystemExit(1)
    assert "broken" in clock.parts


def test_the_table_adds_up() -> None:
    clock = timing.Clock({"lint": timing.Took(30, 40, 0.75), "unit": timing.Took(60, 100, 1)})
    lint, unit, total = clock.table().splitlines()[1:]
    assert lint.split() == ["lint", "30.0", "s", "40.0", "s", "75%"]
    assert unit.split() == ["unit", "60.0", "s", "100.0", "s", "100%"]
    assert total.split() == ["in", "all", "90.0", "s", "140.0", "s"]


def test_ticks_are_split_into_busy_and_idle(tmp_path: pathlib.Path) -> None:
    stat = tmp_path / "stat"
    stat.write_text("cpu  10 1 5 80 4 0 0 0 0 0\n", encoding="utf-8")
    assert timing.machine_ticks(stat) == (16, 100)
    assert timing.machine_ticks(tmp_path / "none") == (0, 0)
