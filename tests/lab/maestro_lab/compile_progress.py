# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""How far a compilation is: from the source that is to be compiled and the packages that `go build -v` names."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from .failure import LabError
from .golang import FLAGS, go
from .progress import at_intervals, say, seconds

CPU_SECONDS_PER_MEGABYTE = 4.3
"""Measured: processor seconds to compile a megabyte of Go source, from one package to all of Kubernetes."""

LINK_SECONDS = 5.0
WORTH_SAYING = 1.0
IN_CACHE = "not installed but available in build cache"
NAME_AND_FILES = "{{.ImportPath}}|{{.Dir}}{{range .GoFiles}}|{{.}}{{end}}"
LISTED = f'{{{{if and .Stale (ne .StaleReason "{IN_CACHE}")}}}}{NAME_AND_FILES}{{{{end}}}}'


@contextmanager
def compile_progress(module: Path, packages: Sequence[str], names: str, log: Path) -> Iterator[None]:
    """Say what is built and about how long that takes, then every 15 seconds how much of it is done."""
    sizes = to_compile(module, packages)
    total = sum(sizes.values()) / 1e6
    said = total >= WORTH_SAYING
    if said:
        expected = total * CPU_SECONDS_PER_MEGABYTE / (os.cpu_count() or 1) + LINK_SECONDS
        say(f"  building {names}: {total:.0f} MB of Go source, about {seconds(expected)} (log: {log})")
    began = time.monotonic()

    def report() -> None:
        elapsed = time.monotonic() - began
        say(f"    building: {seconds(elapsed)}, {described(compiled(log, sizes), elapsed)}")

    with at_intervals(report):
        yield
    if said:
        say(f"  built {names}: {seconds(time.monotonic() - began)}")


def to_compile(module: Path, packages: Sequence[str]) -> Mapping[str, int]:
    """The bytes of Go source of each package that is not in Go's build cache yet; nothing when Go cannot tell."""
    try:
        listed = go(module, "list", *FLAGS, "-deps", "-f", LISTED, *packages)
    except LabError:  # the build will say what is wrong
        return {}
    return {name: _bytes(folder, files) for name, folder, files in map(_split, listed.splitlines()) if name}


def compiled(log: Path, sizes: Mapping[str, int]) -> float:
    """The part of the source that is compiled, between 0 and 1."""
    names = set(log.read_text(errors="replace").splitlines()) if log.exists() else set()
    total = sum(sizes.values())
    return sum(size for name, size in sizes.items() if name in names) / total if total else 1.0


def described(part: float, elapsed: float) -> str:
    """What is compiled and how long the rest takes at the pace so far."""
    if part >= 0.995:
        return "all compiled, linking"
    if part < 0.02:
        return "begun"
    return f"{part:.0%} compiled, about {seconds(elapsed * (1 - part) / part)} left"


def _split(line: str) -> tuple[str, Path, list[str]]:
    name, folder, *files = line.split("|") if line else ("", "")
    return name, Path(folder), [file for file in files if file]


def _bytes(folder: Path, files: Sequence[str]) -> int:
    try:
        return sum((folder / file).stat().st_size for file in files)
    except OSError:
        return 0
