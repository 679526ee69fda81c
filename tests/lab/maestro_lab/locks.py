# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Locks between the lab's commands that leave no file and end with the process that holds them."""

from __future__ import annotations

import errno
import hashlib
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

from .failure import LabError
from .names import cache_directory
from .progress import say

INTERVAL = 0.05
PATIENCE = 1800.0


@contextmanager
def held(name: str, rival: str) -> Iterator[int]:
    """Hold the machine-wide lock `name`; while somebody else does, say once that it waits for `rival`.

    Gives the lock's file descriptor. A child process that inherits it holds the lock too, until it ends.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as claim:
        _acquire(claim, f"\0maestro-lab/{name}", rival)
        yield claim.fileno()


def cache_lock(deed: str) -> str:
    """The name of the lock on this deed in this cache: another cache's builds are none of its rivals."""
    return f"{deed}-{hashlib.sha256(str(cache_directory()).encode()).hexdigest()[:16]}"


def _acquire(claim: socket.socket, address: str, rival: str) -> None:
    deadline = time.monotonic() + PATIENCE
    told = False
    while True:
        try:
            claim.bind(address)
            return
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
        if time.monotonic() > deadline:
            raise LabError(f"Waited {PATIENCE:.0f} s for {rival} to end; it has not. See `ps` for other lab commands.")
        if not told:
            say(f"    waiting for {rival}")
            told = True
        time.sleep(INTERVAL)
