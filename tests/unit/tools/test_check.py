# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""How the checks are run: counted truthfully, ended by the first failure, with the lab left as it was."""

from __future__ import annotations

import pathlib
import sys
import typing as t

import check
import pytest
from checks import CHECKS, Check, Command

REPORT = '<testsuites><testsuite name="maestro" tests="7" failures="1" errors="1" skipped="2"/></testsuites>'
WELL = (sys.executable, "-c", "print('fine')")
BADLY = (sys.executable, "-c", "print('broken'); raise SystemExit(4)")


@pytest.fixture(autouse=True)
def folders(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    for name in ("LOGS", "JUNIT"):
        monkeypatch.setattr(check, name, tmp_path / name)
    monkeypatch.setattr(check, "ROOT", tmp_path)
    return tmp_path


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The verbs that were run on a lab that is only pretended; put "up" in it and it runs already."""
    verbs: list[str] = []

    class Pretended:
        state = pathlib.Path("/nowhere")

        def __init__(self, name: str) -> None:
            self.name = name

        def is_up(self) -> bool:
            return verbs[-1:] == ["up"]

        def run(self, verb: str) -> int:
            verbs.append(verb)
            return 0

    monkeypatch.setattr(check, "Lab", Pretended)
    return verbs


def given(monkeypatch: pytest.MonkeyPatch, *checks: Check) -> None:
    monkeypatch.setattr(check, "CHECKS", {one.name: one for one in checks})


def one(name: str, *commands: tuple[str, ...], **more: t.Any) -> Check:
    return Check(name, "a purpose", tuple(Command(f"c{number}", argv) for number, argv in enumerate(commands)), **more)


def test_tests_are_counted_from_their_report(folders: pathlib.Path) -> None:
    report = folders / "report.xml"
    report.write_text(REPORT, encoding="utf-8")
    assert check.counted(1, report) == check.Outcome(1, passed=3, failed=2, skipped=2)


def test_a_command_without_a_report_counts_as_one(folders: pathlib.Path) -> None:
    assert check.counted(0, folders / "none.xml") == check.Outcome(0, 1, 0, 0)
    assert check.counted(9, folders / "none.xml") == check.Outcome(9, 0, 1, 0)


def test_the_first_failure_ends_the_run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    given(monkeypatch, one("first", WELL), one("second", BADLY), one("third", WELL))
    assert check.main(["first", "second", "third"]) == 1
    printed = capsys.readouterr().out
    assert "third" not in printed
    assert printed.splitlines()[-1] == "checks: 1 passed, 1 failed, 0 skipped"


def test_a_failure_names_its_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folders: pathlib.Path
) -> None:
    given(monkeypatch, one("only", WELL, BADLY, parallel=2))
    assert check.main(["only"]) == 1
    assert "LOGS/only-c1.log" in capsys.readouterr().out
    assert (folders / "LOGS" / "only-c1.log").read_text(encoding="utf-8") == "broken\n"


def test_a_lab_that_was_down_is_stopped_again(monkeypatch: pytest.MonkeyPatch, lab: list[str]) -> None:
    given(monkeypatch, one("with", BADLY, lab=True))
    assert check.main(["with"]) == 1
    assert lab == ["up", "down"]


def test_a_lab_that_ran_goes_on(monkeypatch: pytest.MonkeyPatch, lab: list[str]) -> None:
    lab.append("up")
    given(monkeypatch, one("with", WELL, lab=True))
    assert check.main(["with"]) == 0
    assert lab == ["up"]


def test_an_unknown_check_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert check.main(["lint", "lnit"]) == 2
    assert "unknown: lnit" in capsys.readouterr().err


def test_make_test_is_all_checks_but_the_benchmark_and_the_whole_of_the_faults() -> None:
    makefile = (pathlib.Path(__file__).resolve().parents[3] / "Makefile").read_text(encoding="utf-8")
    assert f"tools/check.py {' '.join(name for name in CHECKS if name not in ('bench', 'faults'))}\n" in makefile
