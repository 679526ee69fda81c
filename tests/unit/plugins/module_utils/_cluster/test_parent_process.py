# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A worker that was left alone ends, however its parent died and whatever it was doing."""

from __future__ import annotations

import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import time
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster import parent_process
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.process_identity import identity_of, is_gone
from tests.unit.plugins.module_utils._cluster import left_alone

PATIENCE = 20.0


class Play(t.NamedTuple):
    """A play at work, its worker, and the file in which that notes what it comes to."""

    process: subprocess.Popen[str]
    worker: int
    file: pathlib.Path

    def words(self) -> list[str]:
        return self.file.read_text(encoding="utf-8").split("\n")[:-1] if self.file.exists() else []

    def soon(self, word: str) -> bool:
        return eventually(lambda: word in self.words())


def eventually(holds: t.Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.01)
    return holds()


@contextlib.contextmanager
def playing(file: pathlib.Path, how: str) -> t.Iterator[Play]:
    command = [sys.executable, str(left_alone.__file__), str(file), how]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stdout
    play = Play(process, int(process.stdout.readline()), file)
    identity = identity_of(play.worker)
    try:
        yield play
        assert eventually(lambda: is_gone(identity)), "the worker goes on"
    finally:
        for pid in (process.pid, play.worker):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()


@pytest.mark.parametrize("how", ["looking", "sleeping", "looking-only"])
def test_a_worker_whose_parent_was_killed_says_its_last_words_and_ends(how: str, tmp_path: pathlib.Path) -> None:
    with playing(tmp_path / "words", how) as play:
        assert play.soon("working")
        play.process.kill()
        assert play.soon("stopped")
    assert play.words() == ["working", "last words", "stopped"]


def test_a_worker_whose_group_was_killed_ends_as_well(tmp_path: pathlib.Path) -> None:
    with playing(tmp_path / "words", "sleeping") as play:
        assert play.soon("working")
        os.killpg(play.process.pid, signal.SIGKILL)
        assert play.soon("stopped")


def test_a_worker_that_hangs_on_its_pipe_ends_with_its_parent(tmp_path: pathlib.Path) -> None:
    with playing(tmp_path / "words", "hanging") as play:
        assert play.soon("hanging")
        play.process.kill()
    assert play.words() == ["working", "last words", "hanging"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_that_is_told_to_stop_says_its_last_words_and_dies_of_the_signal(
    number: int, tmp_path: pathlib.Path
) -> None:
    with playing(tmp_path / "words", "sleeping") as play:
        assert play.soon("working")
        os.kill(play.worker, number)
        assert play.soon("stopped")


def test_outside_of_a_worker_nobody_is_watched() -> None:
    with parent_process.watched():
        parent_process.require()
        assert not parent_process.must_stop()
        assert parent_process.parent() == 0
        with parent_process.last_words():
            assert parent_process.has_parent()
