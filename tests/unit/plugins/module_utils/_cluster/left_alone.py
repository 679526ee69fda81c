# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A process that forks a worker as ansible-playbook does, for tests that kill it: `python left_alone.py FILE HOW`.

The worker, in a session of its own, appends a line to the file for each thing that it comes to. HOW is how it works:
`looking` asks before each step, `sleeping` is deep in one call, `hanging` writes into a pipe that nobody reads when its
work is done, and `looking-only` has a system that sends no signal.
"""

from __future__ import annotations

import multiprocessing
import os
import pathlib
import sys
import time

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster import parent_process


def work(file: str, how: str) -> None:
    os.setsid()

    def note(word: str) -> None:
        with pathlib.Path(file).open("a", encoding="utf-8") as out:
            out.write(f"{word}\n")

    reader, writer = os.pipe()
    if how == "looking-only":
        parent_process._ask_for = lambda _number: None
    try:
        with parent_process.watched():
            try:
                note("working")
                while how != "hanging":
                    parent_process.require()
                    time.sleep(60 if how == "sleeping" else 0.01)
            finally:
                with parent_process.last_words():
                    note("last words")
        note("hanging")
        os.write(writer, bytes(10_000_000))
    except parent_process.Stopped:
        note("stopped")
        parent_process.end()
    finally:
        os.close(reader)


if __name__ == "__main__":
    worker = multiprocessing.get_context("fork").Process(target=work, args=sys.argv[1:3])
    worker.start()
    print(worker.pid, flush=True)
    worker.join()
