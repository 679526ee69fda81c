# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The frame of every picture: scales at its side and below it, flags above it, a title and words for a screen reader.

Shapes are drawn into a square of 1000 units that is stretched to its place, so that the labels beside it, which are
text of the page, keep their size on a phone.
"""

from __future__ import annotations

import itertools
import math
import typing as t

from .html import Html, tag

SIDE = 1000
TICKS = 6
EDGE = 0.07
"""A label so near to an end of its scale leans away from it."""
CHARACTER = 0.026
"""The share of a phone's picture that a character of a label takes."""
TURN = 0.55
"""A flag that stands further right has its text on its left."""
ROW_REM = 1.3
"""The height of one flag's row. Each flag has its own, so that none can cover another however narrow the page is."""


class Label(t.NamedTuple):
    """A text at a share of a scale: 0 is its begin, 1 its end."""

    share: float
    text: str


class Flag(t.NamedTuple):
    """A line across the picture with a text above it; `kind` is its look."""

    share: float
    text: str
    kind: str


class PlotStep(t.NamedTuple):
    """A piece of an area: from left to right, between top and bottom, in shares of the picture's width and height."""

    left: float
    right: float
    top: float
    bottom: float = 0.0


def plot(
    name: str,
    title: str,
    reported: str,
    shapes: t.Iterable[Html],
    up: t.Sequence[Label],
    along: t.Sequence[Label],
    flags: t.Sequence[Flag] = (),
) -> Html:
    """A picture with its labels. `name` is its own on the page; `told` says in words what it shows."""
    picture = tag(
        "svg",
        tag("title", title, id=f"{name}-title"),
        tag("desc", reported, id=f"{name}-desc"),
        *(tag("line", x1=0, x2=SIDE, y1=(y := place(SIDE - SIDE * at)), y2=y, class_="grid") for at, _text in up),
        *shapes,
        *(
            tag("line", x1=(x := place(SIDE * flag.share)), x2=x, y1=0, y2=SIDE, class_=f"pole {flag.kind}")
            for flag in flags
        ),
        viewBox=f"0 0 {SIDE} {SIDE}",
        preserveAspectRatio="none",
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
    )
    side = (tag("span", text, style=f"bottom:{place(100 * at)}%") for at, text in up)
    below = (tag("span", text, style=f"left:{place(100 * at)}%", class_=_leaning(at)) for at, text in along)
    widest = max((len(text) for _at, text in up), default=1)
    return tag(
        "div",
        _flags(flags),
        tag("div", *side, class_="up", style=f"width:{widest + 0.5}ch", aria_hidden="true"),
        picture,
        tag("div", *below, class_="along", aria_hidden="true"),
        class_="plot",
    )


def area(steps: t.Sequence[PlotStep]) -> str:
    """The path around steps that follow one another: along the top, and back along the bottom."""
    rows = [
        tuple(place(number) for number in (SIDE * left, SIDE * right, SIDE - SIDE * top, SIDE - SIDE * bottom))
        for left, right, top, bottom in steps
    ]
    forth = " ".join(f"L{left} {top} L{right} {top}" for left, right, top, _bottom in rows)
    back = " ".join(f"L{right} {bottom} L{left} {bottom}" for left, right, _top, bottom in reversed(rows))
    return f"M{forth[1:]} {back} Z"


def outline(steps: t.Sequence[PlotStep]) -> str:
    """The path along the top of steps only."""
    rows = [
        tuple(place(number) for number in (SIDE * step.left, SIDE * step.right, SIDE - SIDE * step.top))
        for step in steps
    ]
    return "M" + " ".join(f"L{left} {top} L{right} {top}" for left, right, top in rows)[1:]


def legend(entries: t.Iterable[tuple[str, str]]) -> Html:
    """What each look means: pairs of its class and its meaning."""
    items = (tag("li", tag("span", class_=f"swatch {kind}", aria_hidden="true"), text) for kind, text in entries)
    return tag("ul", *items, class_="legend")


def ticks(most: float) -> list[int]:
    """Whole numbers to write at the side, from 0; a few round ones."""
    decade = 10 ** max(0, math.floor(math.log10(most)) - 1) if most >= 1 else 1
    step = next(step * decade for step in (1, 2, 5, 10, 20, 50) if most / (step * decade) < TICKS)
    return list(range(0, math.floor(most) + 1, step))


def place(number: float) -> str:
    """A coordinate without digits that nobody sees."""
    return f"{number:.2f}".rstrip("0").rstrip(".")


def readable(labels: t.Sequence[Label]) -> bool:
    """Whether no label below a picture covers the next one on a phone."""
    spans = [_span(label) for label in labels]
    return all(before[1] + CHARACTER <= after[0] for before, after in itertools.pairwise(spans))


def _span(label: Label) -> tuple[float, float]:
    width = CHARACTER * len(label.text)
    left = {"begin": 0.0, "end": 1.0}.get(_leaning(label.share) or "", 0.5) * width
    return label.share - left, label.share - left + width


def _leaning(share: float) -> str | None:
    return "begin" if share < EDGE else "end" if share > 1 - EDGE else None


def _flags(flags: t.Sequence[Flag]) -> Html | None:
    """The outermost flags are the highest, so that a text lies beside the poles of the others and not across them."""
    if not flags:
        return None
    ordered = sorted((flag for flag in flags if flag.share <= TURN), key=lambda flag: flag.share)
    ordered += sorted((flag for flag in flags if flag.share > TURN), key=lambda flag: -flag.share)
    displayed = (
        tag(
            "div",
            tag("span", text),
            class_=f"flag {kind}{' turned' if at > TURN else ''}",
            style=f"left:{place(100 * at)}%;top:{place(ROW_REM * row)}rem",
        )
        for row, (at, text, kind) in enumerate(ordered)
    )
    return tag(
        "div", *displayed, class_="flags", style=f"height:{place(ROW_REM * len(ordered))}rem", aria_hidden="true"
    )
