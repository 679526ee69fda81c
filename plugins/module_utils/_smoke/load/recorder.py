# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a load keeps of every request. Pure.

Latency counts from the moment at which a request was due, so a service that stalls cannot hide those that had to wait
meanwhile (no coordinated omission). A timeout counts with the time it took.
"""

from __future__ import annotations

import array
import collections
import typing as t

from . import statistics

KINDS = (
    "ok",
    "4xx",
    "429",
    "5xx",
    "unexpected",
    "connect",
    "tls",
    "reset",
    "cut",
    "malformed",
    "timeout",
    "unsent",
    "unable",
)
"""How a request ended. `unexpected`: another status than wanted below 400. `connect`, `tls`: no
connection, before or during TLS. `reset`: it was reset; `cut`: it ended before the answer did. `timeout`: none of these
happened within the time. `unsent`: no connection was free until the request timed out.
`unable`: this machine had no file, port or route of its own for one."""
OK = KINDS.index("ok")
LIMITED = KINDS.index("429")
ANSWERED = tuple(KINDS.index(kind) for kind in ("ok", "4xx", "429", "5xx", "unexpected"))
WRONG = tuple(KINDS.index(kind) for kind in ("4xx", "5xx", "unexpected", "connect", "tls", "reset", "cut", "malformed"))
"""Failures that no slowness of the load explains: a wrong or broken answer, a refused or broken connection."""
UNSENT, UNABLE = KINDS.index("unsent"), KINDS.index("unable")
NEVER_SENT = (UNSENT, UNABLE)
APART = (LIMITED, UNABLE)
"""Ends that say nothing of the service: the limiter's word, and what this machine could not do."""
PERCENTS = (50, 90, 95, 99, 99.9, 100)


def kind_of(status: int, smoke_plan: t.Collection[int]) -> int:
    """The kind of an answer with this status."""
    if status in smoke_plan:
        return OK
    if status == 429:
        return LIMITED
    return KINDS.index("5xx" if status >= 500 else "4xx" if status >= 400 else "unexpected")


class Recording:
    """One entry a request, in the order in which they ended. Times in seconds; `due` and `ended` since the start."""

    def __init__(self) -> None:
        self.due = array.array("d")
        self.lateness = array.array("d")
        self.service = array.array("d")
        self.latency = array.array("d")
        self.kinds = bytearray()
        self.names: collections.Counter[str] = collections.Counter()
        self.said: dict[str, str] = {}
        self.pods: collections.Counter[str] = collections.Counter()

    def __len__(self) -> int:
        return len(self.kinds)

    def add(self, kind: int, due: float, lateness: float, service: float, latency: float) -> None:
        """Keep a request: how late it was seen to, how long from sending to its end, how long from when it was due."""
        self.kinds.append(kind)
        self.due.append(due)
        self.lateness.append(lateness)
        self.service.append(service)
        self.latency.append(latency)

    def count(self, *kinds: int) -> int:
        return sum(self.kinds.count(kind) for kind in kinds)

    @property
    def errors(self) -> int:
        """All that did not end well, but for what says nothing of the service."""
        return len(self) - self.count(OK, *APART)

    @property
    def evaluated(self) -> int:
        """Requests that say something of the service: neither turned away by the limiter, nor by this machine."""
        return len(self) - self.count(*APART)

    @property
    def unanswered(self) -> int:
        """Requests that say something of the service by getting no answer."""
        return self.evaluated - self.count(*(kind for kind in ANSWERED if kind not in APART))

    @property
    def sent(self) -> int:
        return len(self) - self.count(*NEVER_SENT)

    def slower(self, limit: float) -> int:
        """Requests that were not answered within `limit` seconds, those that ended sooner without one among them."""
        each = zip(self.latency, self.kinds, strict=True)
        return sum((value > limit or kind not in ANSWERED) and kind not in APART for value, kind in each)

    def busy(self, limit: float) -> int:
        """Requests that took longer than `limit` seconds from when they were sent."""
        each = zip(self.service, self.kinds, strict=True)
        return sum(value > limit and kind not in APART for value, kind in each)

    def ranked(self, values: t.Sequence[float]) -> list[float]:
        """Those values in rising order, of the requests that say something of the service."""
        return sorted(value for value, kind in zip(values, self.kinds, strict=True) if kind not in APART)

    def by_kind(self) -> dict[str, int]:
        return {kind: count for number, kind in enumerate(KINDS) if (count := self.kinds.count(number))}

    def completed(self, begin: float, end: float) -> int:
        """Good answers that came between two moments."""
        return sum(begin <= moment < end and kind == OK for moment, kind in zip(self.ended, self.kinds, strict=True))

    @property
    def begun(self) -> t.Iterator[float]:
        """When each request was sent; those that never came so far, when they were seen to."""
        for due, late, service, latency in zip(self.due, self.lateness, self.service, self.latency, strict=True):
            yield due + latency - service if service else due + late

    @property
    def ended(self) -> t.Iterator[float]:
        """When each request ended."""
        return (due + latency for due, latency in zip(self.due, self.latency, strict=True))


def percentiles(values: t.Sequence[float]) -> dict[str, float]:
    """Exact nearest-rank percentiles of all values (rising), in seconds: `p50`, ..., `max`."""
    return {
        "max" if percent == 100 else f"p{percent:g}": round(statistics.percentile(values, percent), 6)
        for percent in PERCENTS
    }
