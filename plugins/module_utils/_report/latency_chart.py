# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the answers of a load took: a histogram over a logarithmic scale, with the percentiles and their limits."""

from __future__ import annotations

import itertools
import math
import typing as t

from .html import Html, tag
from .plot import SIDE, Flag, Label, place, plot, readable, ticks

RANKS = {"p50": "half", "p95": "95 %", "p99": "99 %"}
BUCKET = 10**0.1
"""The ratio of a bucket's upper bound to its lower one."""
DENSITIES = ((1, 2, 5), (1, 3), (1,))
LEAST_SEEN = 0.015
"""The share of the height that a bucket of a few requests has at least: the slowest are few, and matter most."""
Values = t.Mapping[str, t.Any]


class Scale(t.NamedTuple):
    """A logarithmic scale from low to high, in seconds."""

    low: float
    high: float

    def share(self, seconds: float) -> float:
        """Where a time lies, from 0 to 1."""
        if seconds <= self.low:
            return 0.0
        return min(1.0, math.log(seconds / self.low) / math.log(self.high / self.low))

    def labels(self) -> list[Label]:
        """Round times, as many as can be read on a phone."""
        decades = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        choices = [[(step, decade) for decade in decades for step in steps] for steps in DENSITIES]
        choices += [[(1, decade) for decade in decades if decade % each == 0] for each in (2, 3, 5)]
        for choice in choices:
            times = [float(f"{step}e{decade}") for step, decade in choice]
            seen = [Label(self.share(time), spoken(time)) for time in times if self.low <= time <= self.high]
            if readable(seen):
                break
        return seen


def scale_of(times: t.Iterable[float]) -> Scale:
    """A scale that shows all of the times with some room around them, over a decade at least."""
    known = [time for time in times if time > 0] or [1.0]
    low, high = min(known) / BUCKET, max(known) * BUCKET
    room = math.sqrt(max(1.0, 10 * low / high))
    return Scale(low / room, high * room)


def latencies(name: str, load: Values) -> Html | None:
    """The picture of a load's latencies; None when no answer counts."""
    buckets = load.get("histogram") or []
    most = max((bucket["count"] for bucket in buckets), default=0)
    if not most:
        return None
    limits = limits_of(load)
    measured = {rank: seconds for rank in RANKS if (seconds := load["latency"].get(rank))}
    edges = [bound for bucket in buckets for bound in (bucket["le"] / BUCKET, bucket["le"])]
    scale = scale_of([*edges, *measured.values(), *limits.values()])
    bars = (_bar(scale, bucket["le"], bucket["count"] / most) for bucket in buckets if bucket["count"])
    flags = itertools.chain(
        (Flag(scale.share(at), f"{rank} {spoken(at)}", "measured") for rank, at in measured.items()),
        (Flag(scale.share(at), f"{rank} limit {spoken(at)}", "limit") for rank, at in limits.items()),
    )
    up = [Label(count / most, f"{count:,}") for count in ticks(most)]
    return plot(name, "How long answers took", described(load), bars, up, scale.labels(), list(flags))


def limits_of(load: Values) -> dict[str, float]:
    """The limits of percentiles that the load was judged by, in seconds."""
    return {gate["gate"]: gate["limit"] for gate in load.get("gates") or [] if gate["gate"] in RANKS and gate["limit"]}


def described(load: Values) -> str:
    """The picture in words."""
    requests = sum(bucket["count"] for bucket in load["histogram"])
    within = [f"{RANKS[rank]} within {spoken(load['latency'][rank])}" for rank in RANKS if rank in load["latency"]]
    reported = [f"Of {requests:,} requests {', '.join(within)}."]
    if "max" in load["latency"]:
        reported.append(f"The longest took {spoken(load['latency']['max'])}.")
    limits = ", ".join(f"{rank} {spoken(limit)}" for rank, limit in limits_of(load).items())
    return " ".join([*reported, f"Limits: {limits}."] if limits else reported)


def spoken(seconds: float) -> str:
    """`0.0042` as `4.2 ms`: three digits in the unit that fits."""
    if seconds >= 1:
        return f"{digits(seconds)} s"
    return f"{digits(seconds * 1000)} ms" if seconds >= 0.001 else f"{digits(seconds * 1e6)} \u00b5s"


def digits(value: float) -> str:
    """Three digits of a value, or all of those before the point."""
    return f"{value:,.0f}" if value >= 99.95 else f"{value:.3g}"


def _bar(scale: Scale, bound: float, height: float) -> Html:
    left, right = (SIDE * scale.share(edge) for edge in (bound / BUCKET, bound))
    tall = SIDE * max(height, LEAST_SEEN)
    return tag("rect", x=place(left), y=place(SIDE - tall), width=place(right - left), height=place(tall), class_="bar")
