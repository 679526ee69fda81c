# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a load keeps of every request, and the figures made of it. Pure.

Latency counts from the moment at which a request was due, so a service that stalls cannot hide those that had to wait
meanwhile (no coordinated omission). A timeout counts with the time it took.
"""

from __future__ import annotations

import array
import collections
import math
import typing as t

from . import samples

KINDS = ("ok", "4xx", "429", "5xx", "unexpected", "connect", "tls", "reset", "cut", "malformed", "timeout", "unsent")
"""How a request ended. `unexpected`: another status than wanted below 400. `connect`, `tls`: no connection. `reset`: it
was reset; `cut`: it ended before the answer did. `unsent`: no connection was free until the request timed out."""
OK = KINDS.index("ok")
LIMITED = KINDS.index("429")
ANSWERED = tuple(KINDS.index(kind) for kind in ("ok", "4xx", "429", "5xx", "unexpected"))
SAID = tuple(KINDS.index(kind) for kind in ("4xx", "5xx", "unexpected"))
"""Failures that the service itself put in words: no slowness of the load explains them."""
UNSENT = KINDS.index("unsent")
PERCENTS = (50, 90, 95, 99, 99.9, 100)
_BUCKETS_A_DECADE = 9


def kind_of(status: int, wanted: t.Collection[int]) -> int:
    """The kind of an answer with this status."""
    if status in wanted:
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
        """All that did not end well, but for 429: that is the limiter's word, and told apart."""
        return len(self) - self.count(OK, LIMITED)

    @property
    def unlimited(self) -> int:
        """Requests that the limiter let through, or that never got so far."""
        return len(self) - self.count(LIMITED)

    @property
    def sent(self) -> int:
        return len(self) - self.count(UNSENT)

    def slower(self, limit: float) -> int:
        """Requests that took longer than `limit` seconds, those without any answer among them."""
        return sum(latency > limit and kind != LIMITED for latency, kind in zip(self.latency, self.kinds, strict=True))

    def ranked(self, values: t.Sequence[float]) -> list[float]:
        """Those values in rising order, without the requests that the limiter turned away."""
        return sorted(value for value, kind in zip(values, self.kinds, strict=True) if kind != LIMITED)

    def by_kind(self) -> dict[str, int]:
        return {kind: count for number, kind in enumerate(KINDS) if (count := self.kinds.count(number))}

    def completed(self, begin: float, end: float) -> int:
        """Good answers that came between two moments."""
        return sum(begin <= moment < end and kind == OK for moment, kind in zip(self.ended, self.kinds, strict=True))

    @property
    def ended(self) -> t.Iterator[float]:
        """When each request ended."""
        return (due + latency for due, latency in zip(self.due, self.latency, strict=True))


def percentiles(values: t.Sequence[float]) -> dict[str, float]:
    """Exact nearest-rank percentiles of all values (rising), in seconds: `p50`, ..., `max`."""
    return {
        "max" if percent == 100 else f"p{percent:g}": round(samples.percentile(values, percent), 6)
        for percent in PERCENTS
    }


def histogram(values: t.Sequence[float]) -> list[dict[str, t.Any]]:
    """How many of the values (rising, seconds) lie at or below each bound and above the former one.

    Nine bounds a decade (1, 2, ... 9 times a power of ten), from the first that holds a value to the last.
    """
    counts = collections.Counter(_bucket(value) for value in values)
    if not counts:
        return []
    return [{"le": _bound(number), "count": counts[number]} for number in range(min(counts), max(counts) + 1)]


def series(recording: Recording) -> list[dict[str, t.Any]]:
    """For each second of the load, by when requests were due: how many, how many failed or were limited, their p95."""
    found: dict[int, list[int]] = collections.defaultdict(list)
    for number, due in enumerate(recording.due):
        found[int(due)].append(number)
    return [_second(recording, second, found[second]) for second in sorted(found)]


def _second(recording: Recording, second: int, numbers: list[int]) -> dict[str, t.Any]:
    kinds = bytes(recording.kinds[number] for number in numbers)
    limited = kinds.count(LIMITED)
    ranked = sorted(recording.latency[number] for number in numbers if recording.kinds[number] != LIMITED)
    return {
        "second": second,
        "requests": len(kinds),
        "errors": len(kinds) - kinds.count(OK) - limited,
        "limited": limited,
        "p95": round(samples.percentile(ranked, 95), 6),
    }


def _bucket(value: float) -> int:
    if value <= 1e-6:
        return -6 * _BUCKETS_A_DECADE
    decade = math.floor(math.log10(value))
    number = decade * _BUCKETS_A_DECADE + max(0, min(8, math.ceil(value / 10.0**decade - 1e-9) - 1))
    return number if value <= _bound(number) else number + 1


def _bound(number: int) -> float:
    decade, step = divmod(number, _BUCKETS_A_DECADE)
    return float(f"{step + 1}e{decade}")
