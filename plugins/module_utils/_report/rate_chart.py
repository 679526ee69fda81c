# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of a load's requests over time: how many were planned, sent and answered, and how many failed in which
way."""

from __future__ import annotations

import collections
import typing as t

from .html import Html, joined, tag
from .latency_chart import spoken
from .plot import Label, PlotStep, area, legend, outline, plot, ticks
from .rollout_chart import time_ticks, worded

KINDS = {
    "5xx": ("crimson", "5xx"),
    "timeout": ("navy", "no answer in time"),
    "reset": ("teal", "connection reset"),
    "cut": ("brown", "answer cut off"),
    "connect": ("slate", "no connection"),
    "tls": ("sky", "no TLS"),
    "malformed": ("pink", "no HTTP"),
    "4xx": ("violet", "4xx"),
    "unexpected": ("olive", "another status"),
    "429": ("amber", "429, limited"),
    "unsent": ("black", "never sent"),
    "unable": ("grey", "not sent, this machine could not"),
}
"""Each way of ending badly with its colour and its meaning; from the ground up."""
TRACES = {"planned": "planned", "sent": "sent", "answered": "answered"}
Values = t.Mapping[str, t.Any]
Slots = t.Sequence[Values]


def slots_of(series: Values) -> list[Values]:
    """The slots of a load's series, each with its begin, its length and what happened in it."""
    if not series:
        return []
    width, failed_ones = series["seconds"], series["failed"]
    return [
        {
            "second": round(number * width, 1),
            "seconds": width,
            **{trace: series[trace][number] for trace in (*TRACES, "p95")},
            "failed": {kind: counts[number] for kind, counts in failed_ones.items() if counts[number]},
        }
        for number in range(len(series["planned"]))
    ]


def rates(name: str, slots: Slots) -> Html | None:
    """Requests a second over time; None when there were none."""
    most = max((slot[trace] / slot["seconds"] for slot in slots for trace in TRACES), default=0.0)
    if not most:
        return None
    answered, sent, planned = (_steps(slots, trace, most) for trace in ("answered", "sent", "planned"))
    shapes = (
        tag("path", d=area(answered), class_="band answered"),
        tag("path", d=outline(sent), class_="trace sent"),
        tag("path", d=outline(planned), class_="trace planned"),
    )
    picture = plot(name, "Requests a second", described(slots), shapes, _up(most), _along(slots))
    return joined((picture, legend(TRACES.items())))


def failures(name: str, slots: Slots) -> Html | None:
    """Requests that ended badly over time, by their kind; None when all ended well."""
    counts = failed(slots)
    if not counts:
        return None
    most = max(sum(slot["failed"].values()) / slot["seconds"] for slot in slots)
    grounds = [0.0] * len(slots)
    shapes = []
    for kind in counts:
        steps = []
        for number, slot in enumerate(slots):
            ground = grounds[number]
            grounds[number] += slot["failed"].get(kind, 0) / slot["seconds"] / most
            steps.append(PlotStep(*_sides(slots, slot), grounds[number], ground))
        shapes.append(tag("path", d=area(steps), class_=f"band {KINDS[kind][0]}"))
    picture = plot(name, "Failed requests a second", described_failures(slots), shapes, _up(most), _along(slots))
    return joined(
        (picture, legend((KINDS[kind][0], f"{KINDS[kind][1]} ({count:,})") for kind, count in counts.items()))
    )


def failed(slots: Slots) -> dict[str, int]:
    """How many requests ended in each bad way, in the order of the picture."""
    counts: collections.Counter[str] = collections.Counter()
    for slot in slots:
        counts.update(slot["failed"])
    return {kind: counts[kind] for kind in KINDS if counts[kind]}


def described(slots: Slots) -> str:
    """The picture of the rates in words."""
    planned, sent, answered = (sum(slot[trace] for slot in slots) for trace in ("planned", "sent", "answered"))
    return (
        f"Within {worded(_end(slots))} {planned:,} requests were planned, {sent:,} sent and {answered:,} answered. "
        f"{_slowest(slots)}"
    )


def described_failures(slots: Slots) -> str:
    """The picture of the failures in words."""
    counts = failed(slots)
    worst = max(slots, key=lambda slot: sum(slot["failed"].values()))
    most, when = sum(worst["failed"].values()), f"in the {worded(worst['seconds'])} from {worded(worst['second'])} on"
    reported = ", ".join(f"{count:,} {KINDS[kind][1]}" for kind, count in counts.items())
    return f"{sum(counts.values()):,} requests failed: {reported}. Most of them, {most:,}, {when}."


def _slowest(slots: Slots) -> str:
    slow = max(slots, key=lambda slot: slot["p95"])
    return f"The slowest were those planned from {worded(slow['second'])} on: 95 % within {spoken(slow['p95'])}."


def _steps(slots: Slots, trace: str, most: float) -> list[PlotStep]:
    return [PlotStep(*_sides(slots, slot), slot[trace] / slot["seconds"] / most) for slot in slots]


def _sides(slots: Slots, slot: Values) -> tuple[float, float]:
    end = _end(slots)
    return slot["second"] / end, (slot["second"] + slot["seconds"]) / end


def _end(slots: Slots) -> float:
    return float(slots[-1]["second"] + slots[-1]["seconds"])


def _up(most: float) -> list[Label]:
    return [Label(count / most, f"{count:,}") for count in ticks(most)]


def _along(slots: Slots) -> list[Label]:
    end = _end(slots)
    return [Label(time / end, worded(time)) for time in time_ticks(end)]
