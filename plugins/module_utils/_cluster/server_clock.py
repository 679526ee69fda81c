# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API server's clock, read off its answers: what it stamps on objects is judged by its own time, not by ours."""

from __future__ import annotations

import datetime as dt
import email.utils
import threading
import time


class ServerClock:
    """How far the server's clock is ahead of ours, narrowed down by every answer.

    An answer's Date header says the second in which it was written, somewhere between request and answer; so each
    bounds the difference from both sides. Two clocks that may agree are taken to agree.
    """

    def __init__(self) -> None:
        self._least, self._most = float("-inf"), float("inf")
        self._lock = threading.Lock()

    def heard(self, date: str | None, sent: float, received: float) -> None:
        """Take an answer's Date header, with our time of the request and of the answer (seconds since the epoch)."""
        stamp = _seconds(date)
        if stamp is None:
            return
        least, most = stamp - received, stamp + 1 - sent
        with self._lock:
            narrowed = max(self._least, least), min(self._most, most)
            is_one_clock = narrowed[0] <= narrowed[1]
            self._least, self._most = narrowed if is_one_clock else (least, most)

    @property
    def ahead(self) -> float:
        """Seconds by which the server's clock is ahead of ours: the least that fits all answers."""
        with self._lock:
            return min(max(0.0, self._least), self._most)

    @staticmethod
    def local() -> float:
        """Seconds since the epoch by our clock."""
        return time.time()

    def now(self) -> float:
        """Seconds since the epoch by the server's clock."""
        return self.local() + self.ahead

    def stamp(self, precision: str = "seconds") -> str:
        """The time now by the server's clock, UTC, ISO 8601, to this precision."""
        return dt.datetime.fromtimestamp(self.now(), dt.UTC).isoformat(timespec=precision)


def _seconds(date: str | None) -> float | None:
    try:
        return email.utils.parsedate_to_datetime(date or "").timestamp()
    except ValueError:
        return None
