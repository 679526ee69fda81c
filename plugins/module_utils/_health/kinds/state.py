# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of one object by its own words, and the facts from which it is read. Pure."""

from __future__ import annotations

import datetime as dt
import typing as t

Live = t.Mapping[str, t.Any]
UNSEEN = "the controller has not seen the newest change yet"


class State(t.NamedTuple):
    """What one object says of itself.

    `waiting` is what is still missing. `failed` says that its controller has given up, or that nothing can come of it.
    `unknown` is why it cannot be judged, `note` is worth saying of an object that is ready. All empty: it is ready.
    """

    waiting: str = ""
    failed: str = ""
    unknown: str = ""
    note: str = ""

    @property
    def is_ready(self) -> bool:
        return not (self.waiting or self.failed)

    @property
    def missing(self) -> str:
        """What keeps the object from being ready, or an empty string."""
        return self.failed or self.waiting


READY = State()
Assess = t.Callable[[Live], State]


class Rule(t.NamedTuple):
    """How one kind is judged: `assess`, and the same in words for docs/kinds.md.

    `source` is where the kind's authors say so. A kind that is `static` is what it declares as soon as the API server
    has taken it: there is nothing to watch. One with `pods` makes pods.
    """

    assess: Assess
    ready: str
    failed: str = ""
    waited: str = ""
    source: str = ""
    static: bool = False


def status_of(live: Live) -> Live:
    return live.get("status") or {}


def spec_of(live: Live) -> Live:
    return live.get("spec") or {}


def count(holder: Live, field: str, default: int = 0) -> int:
    """A number of a spec or a status; the API server does not show what is zero."""
    value = holder.get(field)
    return int(value) if isinstance(value, (int, float)) else default


def condition(live: Live, kind: str) -> dict[str, t.Any]:
    """The condition of that type, or an empty dictionary."""
    conditions = status_of(live).get("conditions") or ()
    return next((entry for entry in conditions if isinstance(entry, dict) and entry.get("type") == kind), {})


def is_true(live: Live, kind: str) -> bool:
    return condition(live, kind).get("status") == "True"


def words_of(found: Live, otherwise: str) -> str:
    """What a condition says: its message, else its reason."""
    return str(found.get("message") or found.get("reason") or otherwise)


def generation_of(live: Live) -> int:
    return count(live["metadata"], "generation")


def older(observed: t.Any, live: Live) -> str:
    """That what was observed is older than the newest change, or an empty string.

    Some controllers write the number as text. What is no number (the hash of Argo Rollouts 0.x) tells nothing.
    """
    text = str(observed)
    if not text.removeprefix("-").isdecimal():
        return ""
    return "" if int(text) >= generation_of(live) else UNSEEN


def unobserved(live: Live) -> str:
    """As `older`, for a kind whose controller always tells of the generation that it has seen."""
    return older(status_of(live).get("observedGeneration", 0), live)


def moment(text: t.Any) -> float:
    """A timestamp of the API in seconds since the epoch; 0 for none."""
    return dt.datetime.fromisoformat(str(text)).timestamp() if text else 0.0


def deleting(live: Live) -> str:
    """That the object is being deleted, since when and held by what; an empty string while it is not."""
    metadata = live["metadata"]
    since = metadata.get("deletionTimestamp")
    if not since:
        return ""
    held = ", ".join(str(name) for name in metadata.get("finalizers") or ())
    return f"it is being deleted since {since}{f', held by its finalizers: {held}' if held else ''}"
