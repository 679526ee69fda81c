# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""What the lab says while it works: one line for each step, and a sign of life from long ones."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

INTERVAL = 15.0
_printing = threading.Lock()


def say(line: str) -> None:
    """Print one whole line to the error stream, so that standard output stays for results."""
    with _printing:
        print(line, file=sys.stderr, flush=True)


def seconds(elapsed: float) -> str:
    """How long, as a person says it: 0.42 s, 12.3 s, 3 min 05 s."""
    if elapsed < 10:
        return f"{elapsed:.2f} s"
    if elapsed < 60:
        return f"{elapsed:.1f} s"
    minutes, rest = divmod(round(elapsed), 60)
    return f"{minutes} min {rest:02d} s"


@contextmanager
def sign_of_life(what: str) -> Iterator[None]:
    """Say every 15 seconds that `what` still goes on, and for how long."""
    began = time.monotonic()
    with at_intervals(lambda: say(f"    {what}: {seconds(time.monotonic() - began)}")):
        yield


@contextmanager
def at_intervals(report: Callable[[], object]) -> Iterator[None]:
    """Call `report` every 15 seconds while the block runs."""
    done = threading.Event()

    def go_on() -> None:
        while not done.wait(INTERVAL):
            report()

    thread = threading.Thread(target=go_on, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
