# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Where the time of a run goes: by part, and the tests that took longest."""

from __future__ import annotations

import resource
import time
import xml.etree.ElementTree as ET  # it reads what pytest has just written  # nosec B405
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

SLOWEST = 20


@dataclass(frozen=True)
class Took:
    """What a part took: by the clock, on processors by its own processes, and how busy the whole machine was."""

    seconds: float
    processor_seconds: float
    busy: float


@dataclass
class Clock:
    """Measures parts that run one after another."""

    parts: dict[str, Took] = field(default_factory=dict)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Measure what runs inside the block as the part of this name."""
        began, processors, machine = time.monotonic(), own_processor_seconds(), machine_ticks()
        try:
            yield
        finally:
            busy, total = (after - before for before, after in zip(machine, machine_ticks(), strict=True))
            used = own_processor_seconds() - processors
            self.parts[name] = Took(time.monotonic() - began, used, busy / total if total else 0.0)

    def table(self) -> str:
        """Return one line for each part and the sum. A machine that is not busy waits."""
        head = f"  {'part':<28} {'clock':>9} {'processors':>11} {'machine busy':>13}"
        rows = [
            _row(name, took.seconds, took.processor_seconds, f"{took.busy:.0%}") for name, took in self.parts.items()
        ]
        every = self.parts.values()
        total = _row("in all", sum(one.seconds for one in every), sum(one.processor_seconds for one in every), "")
        return "\n".join([head, *rows, total])


def _row(name: str, seconds: float, processor_seconds: float, busy: str) -> str:
    return f"  {name:<28} {seconds:7.1f} s {processor_seconds:9.1f} s {busy:>13}".rstrip()


def own_processor_seconds() -> float:
    """Return what the processes that this one has started and seen end have used, their own children counted."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def machine_ticks(stat: Path = Path("/proc/stat")) -> tuple[int, int]:
    """Return (busy, all) of the time that the machine's processors have had; zeros where nobody counts it."""
    try:
        ticks = [int(word) for word in stat.read_text(encoding="utf-8").splitlines()[0].split()[1:9]]
    except (OSError, IndexError, ValueError):
        return 0, 0
    idle = ticks[3] + ticks[4]
    return sum(ticks) - idle, sum(ticks)


def slowest(reports: Iterable[Path], count: int = SLOWEST) -> list[tuple[float, str]]:
    """Return the tests that took longest in these JUnit reports, the slowest first."""
    took = [
        (float(case.get("time") or 0), f"{case.get('classname')}::{case.get('name')}")
        for report in reports
        if report.is_file()
        for case in ET.parse(report).getroot().iter("testcase")  # nosec B314
    ]
    return sorted(took, reverse=True)[:count]


def slowest_table(reports: Iterable[Path], count: int = SLOWEST) -> str:
    """Return the slowest tests as lines; nothing when no report has a test."""
    rows = [f"  {seconds:7.1f} s  {name}" for seconds, name in slowest(reports, count)]
    return "\n".join([f"The {len(rows)} slowest tests", *rows]) if rows else ""
