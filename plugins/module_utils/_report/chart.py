# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pods of a rollout over time, as a picture that a screen reader can tell too.

Shapes are drawn into a square of 1000 units that is stretched to its place, so that the labels beside it, which are
text of the page, keep their size on a phone.
"""

from __future__ import annotations

import math
import typing as t

from .._health.phases import FAILING, OLD, PENDING, READY, STARTING, TERMINATING
from .markup import Html, joined, tag
from .timeline import Moment

SIDE = 1000
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
TICKS = 6
AFTER = 0.06
"""The share of the time before that the last state is shown for."""


def chart(moments: t.Sequence[Moment]) -> Html | None:
    """The picture with its labels and legend; None where there is nothing to see."""
    most = max((sum(moment.pods.values()) for moment in moments), default=0)
    if len(moments) < 2 or not most or moments[-1].seconds <= moments[0].seconds:
        return None
    end = moments[-1].seconds + max(1.0, (moments[-1].seconds - moments[0].seconds) * AFTER)
    counts, times = ticks(most), time_ticks(end)
    picture = tag(
        "svg",
        tag("title", "Pods by phase over time", id="chart-title"),
        tag("desc", described(moments), id="chart-desc"),
        *(
            tag("line", x1=0, x2=SIDE, y1=(y := _place(SIDE - count * SIDE / most)), y2=y, class_="grid")
            for count in counts
        ),
        *(tag("path", d=band(moments, phase, end, most), class_=f"band {phase}") for phase in _seen(moments)),
        viewBox=f"0 0 {SIDE} {SIDE}",
        preserveAspectRatio="none",
        role="img",
        aria_labelledby="chart-title chart-desc",
    )
    up = (tag("span", str(count), style=f"bottom:{_place(100 * count / most)}%") for count in counts)
    along = (tag("span", worded(time), style=f"left:{_place(100 * time / end)}%") for time in times)
    return joined(
        (
            tag(
                "div",
                tag("div", *up, class_="up", aria_hidden="true"),
                picture,
                tag("div", *along, class_="along", aria_hidden="true"),
                class_="plot",
            ),
            tag("ul", *(_legend(phase) for phase in _seen(moments)), class_="legend"),
        )
    )


def band(moments: t.Sequence[Moment], phase: str, end: float, most: int) -> str:
    """The path around the pods of one phase: along its top in steps, and back along its bottom."""
    below = STACK[: STACK.index(phase)]
    rows = []
    for moment, following in zip(moments, [*(each.seconds for each in moments[1:]), end], strict=True):
        bottom = sum(moment.pods.get(each, 0) for each in below)
        top = bottom + moment.pods.get(phase, 0)
        left, right = (_place(SIDE * min(second / end, 1.0)) for second in (moment.seconds, following))
        rows.append((left, right, *(_place(SIDE - SIDE * level / most) for level in (top, bottom))))
    forth = " ".join(f"L{left} {top} L{right} {top}" for left, right, top, _bottom in rows)
    back = " ".join(f"L{right} {bottom} L{left} {bottom}" for left, right, _top, bottom in reversed(rows))
    return f"M{forth[1:]} {back} Z"


def ticks(most: int) -> list[int]:
    """Numbers of pods to write at the side, from 0; a few round ones."""
    step = next((step for step in (1, 2, 5, 10, 20, 50, 100) if most / step < TICKS), math.ceil(most / TICKS))
    return list(range(0, most + 1, step))


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


def _legend(phase: str) -> Html:
    return tag("li", tag("span", class_=f"swatch {phase}", aria_hidden="true"), MEANINGS[phase])


def _place(number: float) -> str:
    """A coordinate without digits that nobody sees."""
    return f"{number:.2f}".rstrip("0").rstrip(".")
