# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Bounded waits on a condition that can be looked at but not be waited for."""

from __future__ import annotations

import time
from collections.abc import Callable

from .failure import LabError

INTERVAL = 0.03


def until(condition: Callable[[], bool], failed: Callable[[], str] | str, timeout: float) -> None:
    """Return as soon as the condition holds; after `timeout` seconds raise a LabError with what `failed` says."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise LabError(failed if isinstance(failed, str) else failed())
        time.sleep(INTERVAL)
