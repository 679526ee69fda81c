# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many pods stood in which phase, moment by moment: as a wait saw it, or as the pods' own times tell it."""

from __future__ import annotations

import datetime as dt
import typing as t

from .._health.pod_phases import FAILING, PENDING, PHASES, READY, STARTING
from .._health.progress import Moment

Values = t.Mapping[str, t.Any]


def moments_of(results: t.Iterable[Values]) -> tuple[Moment, ...]:
    """The longest timeline that a wait left in a result; without any, what the pods in a result tell."""
    known = list(results)
    waited = max((result.get("timeline") or () for result in known), key=len, default=())
    if len(waited) > 1:
        return tuple(
            Moment(
                float(each["seconds"]),
                {phase: int(number) for phase, number in (each.get("pods") or {}).items() if number},
                str(each.get("message") or ""),
            )
            for each in waited
        )
    return next((of_pods(result["pods"]) for result in known if isinstance(result.get("pods"), list)), ())


def of_pods(pods: t.Iterable[Values]) -> tuple[Moment, ...]:
    """From the times of pods (ISO 8601, empty for what has not come): `created`, `scheduled`, `ready`; `failing` is
    true for one that is not well now. Only pods that are still there are known, and each one's last way to ready.
    """
    changes: list[tuple[float, str, str]] = []
    for pod in pods:
        steps = [(pod.get("created"), PENDING), (pod.get("scheduled"), STARTING), (pod.get("ready"), READY)]
        known = [(_seconds(str(when)), phase) for when, phase in steps if when]
        if pod.get("failing") and known:
            known[-1] = (known[-1][0], FAILING)
        before = ""
        for when, phase in known:
            changes.append((when, before, phase))
            before = phase
    if not changes:
        return ()
    start = min(when for when, _before, _after in changes)
    counts: dict[str, int] = {}
    moments: dict[float, Moment] = {}
    for when, before, after in sorted(changes):
        counts[after] = counts.get(after, 0) + 1
        if before:
            counts[before] -= 1
        moments[when] = Moment(when - start, {phase: counts[phase] for phase in PHASES if counts.get(phase)})
    return tuple(moments.values())


def _seconds(text: str) -> float:
    return dt.datetime.fromisoformat(text).timestamp()
