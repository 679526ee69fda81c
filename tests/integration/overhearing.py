# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What another user of the machine could see while a play runs: command lines, and files for the time being."""

from __future__ import annotations

import contextlib
import pathlib
import threading
import typing as t

PAUSE = 0.1
"""Seconds between two looks. What comes and goes between them is not seen: this may miss a leak, but invents none."""


@contextlib.contextmanager
def overhearing(folder: pathlib.Path) -> t.Iterator[dict[str, bytes]]:
    """Collects, by where it was, every command line of the machine and every content of a file below `folder`."""
    last_heard: dict[str, bytes] = {}
    done = threading.Event()

    def listen() -> None:
        while not done.wait(PAUSE):
            _add(last_heard, "argv", pathlib.Path("/proc").glob("[0-9]*/cmdline"))
            _add(last_heard, "temporary file", (path for path in folder.rglob("*") if path.is_file()))

    listener = threading.Thread(target=listen)
    listener.start()
    try:
        yield last_heard
    finally:
        done.set()
        listener.join()


def _add(last_heard: dict[str, bytes], what: str, paths: t.Iterable[pathlib.Path]) -> None:
    """A process or a file that goes while it is looked at was seen as far as it was."""
    with contextlib.suppress(OSError):
        for path in paths:
            with contextlib.suppress(OSError):
                content = path.read_bytes()
                last_heard[f"{what} {path} {hash(content)}"] = content
