# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells how a release gets on: one line for each change, at most one a second, and each finding once."""

from __future__ import annotations

import dataclasses
import typing as t

from . import pod_phases
from .facts import Facts, HealthEvaluation

PACE = 1.0
"""Seconds between two lines about the pods; what changes sooner is told together."""
LONGEST = 1000
"""Entries that a timeline has at most."""

Tell = t.Callable[[str], None]


def silent(line: str) -> None:
    """Tells nothing."""


@dataclasses.dataclass(frozen=True)
class Moment:
    """One entry of a timeline: after how many seconds, pods by phase, and what was told."""

    seconds: float
    pods: dict[str, int]
    message: str = ""

    def as_dict(self) -> dict[str, t.Any]:
        return dataclasses.asdict(self)


class Teller:
    """Keeps the timeline of one wait and passes each of its lines to `tell`.

    Seconds are those since the wait began; `limit` is its time limit, 0 where there is none.
    """

    def __init__(self, tell: Tell, limit: float = 0.0) -> None:
        self._tell = tell
        self._limit = limit
        self._displayed = ""
        self._shown_at = -PACE
        self._known: set[tuple[str, str]] = set()
        self.timeline: list[Moment] = []

    def see(self, facts: Facts, evaluation: HealthEvaluation, seconds: float, is_last: bool = False) -> float | None:
        """Tell what is new; the moment at which to come again because something has to wait for its turn, or None."""
        pods = pod_phases.counted(facts.objects)
        for finding in evaluation.findings:
            if (finding.id, finding.object) not in self._known:
                self._known.add((finding.id, finding.object))
                self._add(seconds, pods, finding.sentence(), finding.sentence())
        state = state_of(pods, evaluation.missing)
        if not state or state == self._displayed or not (is_last or pod_phases.are_current(facts.objects)):
            return None
        if seconds - self._shown_at < PACE and not is_last:
            return self._shown_at + PACE
        self._displayed, self._shown_at = state, seconds
        left = f" ({self._limit - seconds:.0f} s left)" if self._limit and not is_last else ""
        self._add(seconds, pods, state, f"{state}{left}")
        return None

    def say(self, seconds: float, text: str, reason: str) -> None:
        """Tell something that is neither a finding nor a state of the pods, until one of those is told again."""
        if text != self._displayed:
            self._displayed, self._shown_at = text, seconds
            reported = f"{text}: {reason}"
            self._add(seconds, self.timeline[-1].pods if self.timeline else {}, reported, reported)

    def _add(self, seconds: float, pods: dict[str, int], reported: str, line: str) -> None:
        if len(self.timeline) < LONGEST:
            self.timeline.append(Moment(round(seconds, 1), pods, reported))
        self._tell(f"{seconds:4.0f} s  {line}")


def state_of(pods: t.Mapping[str, int], missing: t.Sequence[str]) -> str:
    """`pods: 2 ready, 1 starting`; once all of them are ready, with the first thing that is still waited for."""
    counts = ", ".join(f"{count} {phase}" for phase, count in pods.items())
    awaited = f"waiting for {missing[0].rstrip('.')}" if missing and not set(pods) - {pod_phases.READY} else ""
    return "; ".join(part for part in (f"pods: {counts}" if counts else "", awaited) if part)
