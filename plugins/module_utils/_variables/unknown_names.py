# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables that nobody reads: a misspelt name must not pass as a default. Pure.

All that begins with `maestro_` is the collection's. The prefix of a role is an ordinary word (`ingress_`), with which
an inventory may have variables of its own: of these only a near miss of one of ours is a mistake.
"""

from __future__ import annotations

import difflib
import typing as t

OURS = "maestro_"
STEM = 5
"""Letters of the shortest word that is taken for the stem of a longer one."""


def problems(prefix: str, given: t.Iterable[str], known: t.Collection[str]) -> list[str]:
    """A sentence for each given name that is meant for the collection and is not known, with the nearest right one."""
    found = []
    for name in _unknown(prefix, given, known):
        near = _near_miss(name, known)
        nearest = near or (_nearest(prefix, name, known) if prefix == OURS else "")
        if near or prefix == OURS:
            found.append(f"{name} is not a variable of this collection. {_advice(nearest)}")
    return found


def strangers(prefix: str, given: t.Iterable[str], known: t.Collection[str]) -> list[str]:
    """A sentence for each given name that only begins like a role's variables: somebody else's, or a mistake."""
    if prefix == OURS:
        return []
    return [
        f"{name} begins like a variable of the role {prefix.removesuffix('_')} and is none, so nobody here reads it."
        for name in _unknown(prefix, given, known)
        if not _near_miss(name, known)
    ]


def _unknown(prefix: str, given: t.Iterable[str], known: t.Collection[str]) -> list[str]:
    return sorted(name for name in given if name.startswith(prefix) and name not in known)


def _advice(nearest: str) -> str:
    return f"Did you mean {nearest}?" if nearest else "Remove it, or see docs/variables.md for the names."


def _nearest(prefix: str, name: str, known: t.Collection[str]) -> str:
    """The prefix makes all names alike: only what follows it is compared."""
    endings = [other.removeprefix(prefix) for other in known if other.startswith(prefix)]
    near = difflib.get_close_matches(name.removeprefix(prefix), endings, n=1, cutoff=0.6)
    return f"{prefix}{near[0]}" if near else ""


def _near_miss(name: str, known: t.Collection[str]) -> str:
    """The known name that this one is meant for: the same words or their stems, or one or two letters beside it."""
    letters = name.replace("_", "")
    return min(
        (
            other
            for other in known
            if _has_same_words(name, other) or _distance(letters, other.replace("_", "")) <= _slips(name)
        ),
        key=lambda other: (_distance(letters, other.replace("_", "")), other),
        default="",
    )


def _has_same_words(name: str, other: str) -> bool:
    """Whether both have the same words in any order; `percentage` is the same as `percent`."""
    pairs = list(zip(sorted(name.split("_")), sorted(other.split("_")), strict=False))
    return name.count("_") == other.count("_") and all(
        one == another or (min(len(one), len(another)) >= STEM and (one.startswith(another) or another.startswith(one)))
        for one, another in pairs
    )


def _slips(name: str) -> int:
    """How many letters may be wrong; the fewer the shorter the name is after its first word."""
    return 2 if len(name.partition("_")[2]) >= 5 else 1


def _distance(one: str, other: str) -> int:
    """How many letters have to be put in, left out, changed or swapped with their neighbour."""
    if abs(len(one) - len(other)) > 2:
        return 3
    before: list[int] = []
    row = list(range(len(other) + 1))
    for place, letter in enumerate(one, 1):
        earlier, before, row = before, row, [place]
        for column, another in enumerate(other, 1):
            row.append(min(before[column] + 1, row[-1] + 1, before[column - 1] + (letter != another)))
            if place > 1 and column > 1 and letter == other[column - 2] and one[place - 2] == another:
                row[-1] = min(row[-1], earlier[column - 2] + 1)
    return row[-1]
