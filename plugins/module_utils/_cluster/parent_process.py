# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ends the work of a process whose parent is gone, or that is told to stop: nobody would read what comes of it.

ansible-playbook forks a worker for each task, in a session of its own: what kills the play, its group or its session
leaves the worker running. So it asks the system for a signal at its parent's death, watches the pipe that the parent
holds open and the parent's process id, and looks at the latter before each request and each line.
"""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
import time
import typing as t

PR_SET_PDEATHSIG = 1
NOTICE = signal.SIGUSR2
"""The signal by which a process learns that its parent has died; without a handler it ends the process."""
LOOK_EVERY = 0.5
"""Seconds between two looks at the parent, where the system sends no signal."""
LAST_WORDS = 15.0
"""Seconds in which a process that has to end may give its lock back; then it is ended."""


class Stopped(BaseException):
    """This process has to end. Not an Exception: nothing may take it for a failure that can be made good."""


class _Watch:
    """What is known of the parent; there is one for a process at most."""

    def __init__(self, parent: int, sentinel: t.Any) -> None:
        self.parent = parent
        self._sentinel = sentinel
        self._is_working = True
        self._has_raised = False
        self._told_by = 0
        self._speaking = threading.local()
        self._former: dict[int, t.Any] = {}

    def begin(self) -> None:
        if threading.current_thread() is threading.main_thread():
            for number in (NOTICE, signal.SIGTERM, signal.SIGINT):
                self._former[number] = signal.signal(number, self._take)
            _ask_for(NOTICE)
        threading.Thread(target=self._look, name="parent", daemon=True).start()

    def finish(self) -> None:
        """The work is done: from now on a process that has to end does so at once, and is told to as before."""
        self._is_working = False
        for number in (signal.SIGTERM, signal.SIGINT):
            if number in self._former:
                signal.signal(number, self._former[number])

    @property
    def must_stop(self) -> bool:
        return bool(self._told_by) or os.getppid() != self.parent

    def require(self) -> None:
        if self.must_stop and not getattr(self._speaking, "last_words", False):
            raise Stopped

    @contextlib.contextmanager
    def last_words(self) -> t.Iterator[None]:
        self._speaking.last_words = True
        try:
            yield
        finally:
            self._speaking.last_words = False

    def end(self) -> t.NoReturn:
        """End as a process does that was sent the signal."""
        former = self._former.get(self._told_by)
        if self._told_by != NOTICE and callable(former):
            signal.signal(self._told_by, former)
            os.kill(os.getpid(), self._told_by)
            time.sleep(1)
        os._exit(1)

    def _take(self, number: int, _frame: object) -> None:
        """Unwind the main thread, once, unless it is just saying its last words."""
        if number == NOTICE and os.getppid() == self.parent:  # the thread that forked has ended, not the process
            return
        self._told_by = self._told_by or number
        if not self._is_working:
            os._exit(1)
        if not (self._has_raised or getattr(self._speaking, "last_words", False)):
            self._has_raised = True
            raise Stopped

    def _look(self) -> None:
        """Wake the main thread when the parent is gone, and end the process when it does not come to an end."""
        while not self.must_stop:
            begun = time.monotonic()
            multiprocessing.connection.wait([self._sentinel], LOOK_EVERY)
            if not self.must_stop and time.monotonic() - begun < LOOK_EVERY:
                time.sleep(LOOK_EVERY)
        if not self._told_by and NOTICE in self._former:
            signal.pthread_kill(threading.main_thread().ident or 0, NOTICE)
        time.sleep(LAST_WORDS)
        os._exit(1)


_watch: _Watch | None = None


@contextlib.contextmanager
def watched() -> t.Iterator[None]:
    """While the block runs, Stopped is raised in it when the parent dies or this process is told to stop.

    After the block the process is ended in that case, also while it hangs on a pipe that nobody reads. Where this is
    no process that was forked to do a task, nothing is watched.
    """
    global _watch  # noqa: PLW0603 (a process has one parent)
    waiting = multiprocessing.parent_process()
    if waiting is None or waiting.pid is None or _watch is not None or not _is_forked():
        yield
        return
    _watch = _Watch(waiting.pid, waiting.sentinel)
    _watch.begin()
    try:
        yield
    finally:
        _watch.finish()


def require() -> None:
    """Go on only for a parent that lives. Raises Stopped."""
    if _watch is not None:
        _watch.require()


def must_stop() -> bool:
    """Whether this process has to end."""
    return _watch is not None and _watch.must_stop


def has_parent() -> bool:
    """Whether somebody is there who could still read a line."""
    return _watch is None or os.getppid() == _watch.parent


def parent() -> int:
    """The id of the process that waits for this one's result, 0 where it was not forked to do a task."""
    return _watch.parent if _watch is not None else 0


@contextlib.contextmanager
def last_words() -> t.Iterator[None]:
    """What is done in the block is done though the process has to end: to give a lock back."""
    if _watch is None:
        yield
        return
    with _watch.last_words():
        yield


def end() -> t.NoReturn:
    """End this process after Stopped was raised."""
    if _watch is not None:
        _watch.end()
    os._exit(1)


def _is_forked() -> bool:
    """Whether the process that waits for this one is its parent: another one may have started it on its behalf."""
    return getattr(multiprocessing.current_process(), "_start_method", "") == "fork"


def _ask_for(number: int) -> None:
    """Let the system send this signal when the parent dies, where it can."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)
