# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a load is drawn from: latencies in buckets, and what happened in each slot of time. Pure.

Bounded whatever the length of the load: 91 buckets and 120 slots at most.
"""

from __future__ import annotations

import bisect
import collections
import typing as t

from . import statistics
from .recorder import ANSWERED, APART, KINDS, NEVER_SENT, OK, Recording

BOUNDS = tuple(float(f"{10 ** (step / 10):.3g}") for step in range(-50, 41))
"""Upper bounds of the buckets in seconds, ten to a decade, from 10 microseconds to 10,000 seconds."""
MOST_SLOTS = 120
WIDTHS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400)
"""Lengths of a slot in seconds."""
FEW = 10
"""Requests to a slot, below which a slot of less than a second would show nothing but chance."""
ROUNDING = 1e-6
"""The share of a slot by which a moment may miss its begin and still count in it."""
Entry = dict[str, t.Any]


def histogram(values: t.Sequence[float]) -> list[Entry]:
    """How many of the values (rising, seconds) lie at or below each bound and above the former one.

    From the first bucket that holds a value to the last; the first of all takes what is below, the last what is above.
    """
    ends = [bisect.bisect_right(values, bound) for bound in BOUNDS[:-1]] + [len(values)]
    counts = [end - start for start, end in zip([0, *ends[:-1]], ends, strict=True)]
    held = [number for number, count in enumerate(counts) if count]
    if not held:
        return []
    return [{"le": BOUNDS[number], "count": counts[number]} for number in range(held[0], held[-1] + 1)]


def series(recording: Recording) -> Entry:
    """What happened in each slot of time, from when the first request was due to when the last one ended; as columns.

    `seconds` is how long a slot is; `planned`, `sent` and `answered` are requests of which that happened in it,
    `failed` those that ended badly in it by their kind, `p95` is of those planned in it. Empty without any request.
    """
    if not len(recording):
        return {}
    start = min(recording.due)
    end = max(recording.ended)
    width = _width(end - start, len(recording))

    def at(moment: float) -> int:
        return int((moment - start) / width + ROUNDING)

    slots = [_Slot() for _number in range(at(end) + 1)]
    for kind, due, begun, ended, latency in zip(
        recording.kinds, recording.due, recording.begun, recording.ended, recording.latency, strict=True
    ):
        planned = slots[at(due)]
        planned.planned += 1
        if kind not in APART:
            planned.latencies.append(latency)
        if kind not in NEVER_SENT:
            slots[at(min(begun, ended))].sent += 1
        last = slots[at(ended)]
        last.answered += kind in ANSWERED
        if kind != OK:
            last.failed[KINDS[kind]] += 1
    kinds = [kind for kind in KINDS if any(kind in slot.failed for slot in slots)]
    return {
        "seconds": width,
        "planned": [slot.planned for slot in slots],
        "sent": [slot.sent for slot in slots],
        "answered": [slot.answered for slot in slots],
        "failed": {kind: [slot.failed[kind] for slot in slots] for kind in kinds},
        "p95": [round(statistics.percentile(sorted(slot.latencies), 95), 6) for slot in slots],
    }


class _Slot:
    """What happened in a slot of time."""

    def __init__(self) -> None:
        self.planned = self.sent = self.answered = 0
        self.failed: collections.Counter[str] = collections.Counter()
        self.latencies: list[float] = []


def _width(span: float, requests: int) -> float:
    """The shortest slot of which there are not too many, and which is not too empty."""
    fitting = (
        width for width in WIDTHS if span / width < MOST_SLOTS and (width >= 1 or requests * width >= FEW * span)
    )
    return next(fitting, span / MOST_SLOTS * 1.01)
