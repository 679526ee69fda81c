# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pods of a rollout over time, as a picture that a screen reader can tell too."""

from __future__ import annotations

import math
import typing as t

from .._health.pod_phases import FAILING, OLD, PENDING, READY, STARTING, TERMINATING
from .._health.progress import Moment
from .html import Html, joined, tag
from .plot import TICKS, Label, PlotStep, area, legend, plot, ticks

STACK = (READY, OLD, TERMINATING, STARTING, PENDING, FAILING)
"""From the ground up: those that serve carry the others."""
MEANINGS = {
    READY: "ready",
    OLD: "ready, of the former revision",
    TERMINATING: "ending",
    STARTING: "starting",
    PENDING: "waiting for a node",
    FAILING: "failing",
}
UNITS = ((86400.0, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s"))
STEPS = (1, 2, 5, 10, 15, 20, 30)
AFTER = 0.06
"""The share of the time before that the last state is shown for."""


def chart(moments: t.Sequence[Moment]) -> Html | None:
    """The picture with its labels and legend; None where there is nothing to see."""
    most = max((sum(moment.pods.values()) for moment in moments), default=0)
    if len(moments) < 2 or not most or moments[-1].seconds <= moments[0].seconds:
        return None
    end = moments[-1].seconds + max(1.0, (moments[-1].seconds - moments[0].seconds) * AFTER)
    shapes = (tag("path", d=band(moments, phase, end, most), class_=f"band {phase}") for phase in _seen(moments))
    up = [Label(count / most, str(count)) for count in ticks(most)]
    along = [Label(time / end, worded(time)) for time in time_ticks(end)]
    picture = plot("chart", "Pods by phase over time", described(moments), shapes, up, along)
    return joined((picture, legend((phase, MEANINGS[phase]) for phase in _seen(moments))))


def band(moments: t.Sequence[Moment], phase: str, end: float, most: int) -> str:
    """The path around the pods of one phase, which stand on those of the phases below."""
    below = STACK[: STACK.index(phase)]
    steps = []
    for moment, following in zip(moments, [*(each.seconds for each in moments[1:]), end], strict=True):
        bottom = sum(moment.pods.get(each, 0) for each in below)
        left, right = (min(second / end, 1.0) for second in (moment.seconds, following))
        steps.append(PlotStep(left, right, (bottom + moment.pods.get(phase, 0)) / most, bottom / most))
    return area(steps)


def time_ticks(end: float) -> list[float]:
    """Times to write below, in seconds: round ones of the largest unit that there are several of."""
    unit = next((size for size, _name in UNITS if end / size >= 3), 1.0)
    step = next((step for step in STEPS if end / unit / step < TICKS), math.ceil(end / unit / TICKS))
    return [number * step * unit for number in range(int(end / unit / step) + 1)]


def worded(seconds: float) -> str:
    """`95 s` as `1 min 35 s`: two units at most, the larger ones first."""
    rest = round(seconds, 1)
    parts: list[str] = []
    for size, name in UNITS:
        number = rest if size == 1.0 else rest // size
        if number and len(parts) < 2:
            parts.append(f"{number:.1f} {name}" if number % 1 and not parts else f"{number:.0f} {name}")
        rest = round(rest % size, 1)
    return " ".join(parts) or "0 s"


def described(moments: t.Sequence[Moment]) -> str:
    """The picture in words: how it began, where it changed most, how it ended."""
    first, last = moments[0], moments[-1]
    ready = next((moment for moment in moments if moment.pods.get(READY, 0) == last.pods.get(READY, 0)), last)
    words = f"At {worded(first.seconds)}: {listed(first)}. At {worded(last.seconds)}: {listed(last)}."
    if last.pods.get(READY):
        words += f" {last.pods[READY]} pods were ready for the first time at {worded(ready.seconds)}."
    return words


def listed(moment: Moment) -> str:
    """`2 ready, 1 starting`."""
    return ", ".join(f"{number} {phase}" for phase, number in moment.pods.items() if number) or "no pods"


def _seen(moments: t.Sequence[Moment]) -> list[str]:
    return [phase for phase in STACK if any(moment.pods.get(phase) for moment in moments)]
