# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a server may be away: all requests that meet the same outage share one deadline."""

from __future__ import annotations

import threading
import time


class RetryDeadline:
    """The time since which a server has given no useful answer, and until when that is worth waiting for.

    Without it every request after the one that has waited in vain would wait as long again: to record how a release
    ended, to keep its evidence, to undo it, to give its lock back.
    """

    def __init__(self) -> None:
        self._since: float | None = None
        self._last = 0.0
        self._is_given_up = False
        self._lock = threading.Lock()

    def noticed(self, begun: float, retry_seconds: float) -> None:
        """A request that was sent at `begun` (monotonic seconds) met it. After long silence it is another one."""
        with self._lock:
            now = time.monotonic()
            if self._since is None or now - self._last > retry_seconds:
                self._since, self._is_given_up = begun, False
            self._last = now

    def give_up(self) -> None:
        """A request has waited in vain: the others are tried once, until the server answers again."""
        with self._lock:
            self._is_given_up = True

    def over(self) -> None:
        """The server has answered."""
        with self._lock:
            self._since, self._is_given_up = None, False

    def deadline(self, begun: float, retry_seconds: float) -> float:
        """Until when a request begun then is tried again: `patience` seconds from its beginning or the outage's."""
        with self._lock:
            since = begun - retry_seconds if self._is_given_up else self._since
        return (begun if since is None else min(begun, since)) + retry_seconds
