# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a service keeps up with the rate at which it is asked. Pure.

Answers counted in a span of time depend on what was under way at its ends: a pause of 100 ms at the end of 10 s costs
1 %, though nothing was lost. A queue tells more surely. Where fewer requests are answered than come, each one waits
longer than the one before, so that latency by when requests were due rises all the time, by rate / capacity - 1.
"""

from __future__ import annotations

import itertools
import typing as t

from .recorder import APART, OK, Recording

BLOCKS, LEAST_BLOCKS, BLOCK_SIZE = 10, 4, 20
"""Into how many spans of time a load is parted; of fewer requests each nothing is said about their trend."""
TRIMMED = 0.1
"""The slowest share of a block that is left out: a gate of latency judges those."""


class Pace(t.NamedTuple):
    """Good answers a second that the service keeps up: by the usual rise of its latency, and by the least of it.

    A pause, or a level that changes once, leaves most pairs of blocks, or a part of them, without a rise.
    """

    likely: float
    at_most: float

    def better(self, other: Pace) -> Pace:
        """The best of both: what was shown once can be done."""
        return Pace(max(self.likely, other.likely), max(self.at_most, other.at_most))


def pace_of(recording: Recording, first: int, rate: float) -> Pace:
    """The pace of the requests that were recorded from number `first` on, as one stretch at this rate."""
    kinds = recording.kinds[first:]
    entries = zip(recording.due[first:], recording.latency[first:], kinds, strict=True)
    latencies = [latency for _due, latency, kind in sorted(entries) if kind not in APART]
    if not latencies:
        return Pace(0.0, 0.0)
    good = rate * kinds.count(OK) / len(latencies)
    rises = _rises(latencies, rate)
    usual, least = (rises[len(rises) // 2], rises[len(rises) // 4]) if rises else (0.0, 0.0)
    return Pace(good / (1 + max(0.0, usual)), good / (1 + max(0.0, least)))


def _rises(latencies: t.Sequence[float], rate: float) -> list[float]:
    """By how much latency rises a second, between each two blocks, in rising order; none of too few requests."""
    blocks = min(BLOCKS, len(latencies) // BLOCK_SIZE)
    if blocks < LEAST_BLOCKS:
        return []
    size = len(latencies) // blocks
    levels = [_level(latencies[number * size : (number + 1) * size]) for number in range(blocks)]
    pairs = itertools.combinations(enumerate(levels), 2)
    return sorted((later - sooner) / ((there - here) * size / rate) for (here, sooner), (there, later) in pairs)


def _level(latencies: t.Sequence[float]) -> float:
    kept = sorted(latencies)[: max(1, round(len(latencies) * (1 - TRIMMED)))]
    return sum(kept) / len(kept)
