# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a release in a process whose clock is wrong: only the time of day, as on a host without time service."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
import time
import typing as t

Values = dict[str, t.Any]


class Clocked:
    """A release in a process of its own whose clock is so many seconds ahead, or behind when that is negative.

    `terms` are those of its lock that differ from the fault suite's.
    """

    def __init__(self, parameters: Values, ahead: int, **terms: float) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._given = json.dumps({"ahead": ahead, "parameters": parameters, "terms": terms})

    def result(self, seconds: float = 240) -> Values:
        """What it returned. Fails when it does not end, or ends without a result."""
        try:
            reported, _none = self._process.communicate(self._given, timeout=seconds)
        finally:
            self._process.kill()
        assert reported, f"the release died ({self._process.returncode})"
        return t.cast("Values", json.loads(reported.splitlines()[-1]))


def be_wrong(seconds: float) -> None:
    """From now on every way in which Python tells the time of day is wrong by so many seconds."""
    right = time.time

    class Moment(dt.datetime):
        """A moment whose `now` is wrong."""

        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> t.Self:
            return cls.fromtimestamp(time.time(), tz)

        @classmethod
        def utcnow(cls) -> t.Self:
            return cls.now(dt.UTC).replace(tzinfo=None)

    time.time = lambda: right() + seconds
    dt.datetime = Moment  # type: ignore[misc]


def main() -> None:
    given = json.load(sys.stdin)
    be_wrong(given["ahead"])
    from tests.faults import running  # what it imports must find the wrong clock

    print(json.dumps(running.run_here(given["parameters"], running.TERMS._replace(**given["terms"]))))


if __name__ == "__main__":
    main()
