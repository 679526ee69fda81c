# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be wrong with the host that runs the play."""

from __future__ import annotations

import contextlib
import pathlib
import subprocess
import typing as t

ROOM = 64 << 10


@contextlib.contextmanager
def full_folder(path: pathlib.Path) -> t.Iterator[pathlib.Path]:
    """A folder on a disk of its own on which nothing has room any more, and which looks empty."""
    path.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", str(path)], check=True)
    try:
        with contextlib.suppress(OSError), (path / ".full").open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        yield path
    finally:
        subprocess.run(["umount", str(path)], check=True)


def held(path: pathlib.Path) -> list[str]:
    """The names of what lies in a full folder."""
    return sorted(each.name for each in path.iterdir() if each.name != ".full")
