# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A disk without room, as far as one process can have one: the system refuses what a file would grow by."""

from __future__ import annotations

import contextlib
import resource
import typing as t


@contextlib.contextmanager
def full_disk() -> t.Iterator[None]:
    """No file of this process can hold a byte more; empty ones can still be made."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
