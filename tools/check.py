# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Run the checks of the project: check.py lint sanity unit integration molecule bench faults.

They run in the order given and the first that fails ends the run. A lab that a check needs is started when it is
down, and then stopped again. Everything printed is kept in artifacts/logs.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ET  # it reads what pytest has just written  # nosec B405
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from checkout import ARTIFACTS, ROOT, VENV, Lab, environment
from checks import CHECKS, Check, Command
from timing import Clock, slowest_table

LOGS = ARTIFACTS / "logs"
JUNIT = ARTIFACTS / "junit"


@dataclass(frozen=True)
class Outcome:
    """What one command came to; tests are counted from its JUnit report where it writes one."""

    exit_code: int
    passed: int
    failed: int
    skipped: int


def counted(exit_code: int, report: Path) -> Outcome:
    """Return the outcome of a command from its exit code and, if there is one, its JUnit report."""
    if not report.is_file():
        return Outcome(exit_code, int(exit_code == 0), int(exit_code != 0), 0)
    suites = ET.parse(report).getroot().iter("testsuite")  # nosec B314
    totals = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    for suite in suites:
        for key in totals:
            totals[key] += int(suite.get(key, 0))
    failed = totals["failures"] + totals["errors"]
    return Outcome(exit_code, totals["tests"] - failed - totals["skipped"], failed, totals["skipped"])


def started(command: Command, report: Path) -> subprocess.Popen[str]:
    """Start one command with its output on a pipe."""
    argv = [part.format(junit=report) for part in command.argv]
    return subprocess.Popen(
        argv,
        cwd=ROOT,
        env=environment(**dict(command.environment)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )


def name_of(check: Check, command: Command) -> str:
    """Return what the log and the report of a command are called."""
    return f"{check.name}-{command.name}" if len(check.commands) > 1 else check.name


def run(check: Check, command: Command, *, live: bool) -> Outcome:
    """Run one command into its log, shown as it comes or only when it fails; print its line."""
    name = name_of(check, command)
    log, report = LOGS / f"{name}.log", report_of(check, command)
    report.unlink(missing_ok=True)
    begun = time.monotonic()
    process = started(command, report)
    with log.open("w", encoding="utf-8") as file:
        for line in process.stdout or ():
            file.write(line)
            if live:
                print(line, end="", flush=True)
    outcome = counted(process.wait(), report)
    elapsed = time.monotonic() - begun
    if outcome.exit_code == 0:
        print(f"  ok      {name:<28} {elapsed:6.1f} s", flush=True)
        return outcome
    said = "" if live else log.read_text(encoding="utf-8")
    print(f"{said}  FAILED  {name:<28} {elapsed:6.1f} s   {log.relative_to(ROOT)}", flush=True)
    return outcome


def perform(check: Check) -> list[Outcome]:
    """Run the commands of one check: side by side where it allows that, else in order."""
    print(f"== {check.name}: {check.purpose}", flush=True)
    with ThreadPoolExecutor(max_workers=check.parallel) as pool:
        return list(pool.map(lambda command: run(check, command, live=check.parallel == 1), check.commands))


@contextmanager
def running(lab: Lab) -> Iterator[None]:
    """Have the lab up, and leave it as it was found."""
    if lab.is_up():
        yield
        return
    try:
        if lab.run("up") != 0:
            raise SystemExit(f"check: the lab {lab.name} did not start; see above and {lab.state / 'logs'}")
        yield
    finally:
        lab.run("down")


def report_of(check: Check, command: Command) -> Path:
    """Return where the JUnit report of a command lies, if it writes one."""
    return JUNIT / f"{name_of(check, command)}.xml"


def summary(clock: Clock, outcomes: list[Outcome], reports: list[Path]) -> str:
    """Return where the time went, the slowest tests, and the line that counts."""
    passed, failed, skipped = (sum(getattr(one, key) for one in outcomes) for key in ("passed", "failed", "skipped"))
    parts = ["", clock.table(), "", slowest_table(reports), ""]
    return "\n".join([*parts, f"checks: {passed} passed, {failed} failed, {skipped} skipped"])


def main(names: list[str]) -> int:
    """Run the named checks; return the exit code."""
    unknown = [name for name in names if name not in CHECKS]
    if unknown or not names:
        print(f"usage: check.py {' '.join(CHECKS)}   (unknown: {' '.join(unknown) or 'none given'})", file=sys.stderr)
        return 2
    LOGS.mkdir(parents=True, exist_ok=True)
    JUNIT.mkdir(exist_ok=True)
    lab = Lab(os.environ.get("MAESTRO_LAB") or "maestro")
    clock = Clock()
    outcomes: list[Outcome] = []
    reports: list[Path] = []
    for check in (CHECKS[name] for name in names):
        with clock.part(check.name), running(lab) if check.lab else nullcontext():
            outcomes += perform(check)
        reports += [report_of(check, command) for command in check.commands]
        if any(outcome.exit_code for outcome in outcomes):
            break
    print(summary(clock, outcomes, reports), flush=True)
    return int(any(outcome.exit_code for outcome in outcomes))


if __name__ == "__main__":
    if Path(sys.prefix) != VENV:
        raise SystemExit("check: start it as `make test`, or with .venv/bin/python")
    sys.exit(main(sys.argv[1:]))
