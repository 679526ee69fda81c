# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects by what they say of themselves: being deleted, failed, suspended, or nothing at all. Pure."""

from __future__ import annotations

import typing as t

from ..._findings import registry
from ..._findings.finding import FindingType
from ..._objects.group_kind import identity
from ..facts import Live
from ..kinds.conventions import FATAL
from ..kinds.registry import rule_of, state_of
from ..kinds.state import deleting
from ..readiness import condition
from .pending import FIRST_WORD
from .problem import Problem
from .view import View, born, displayed, moment

ELSEWHERE = frozenset({"Job", "PersistentVolumeClaim"})
"""Kinds whose failure has a finding of its own."""
NOTES: dict[str, FindingType | None] = {
    "DaemonSet": registry.PODS_OUTDATED,
    "Pod": None,
    "PodDisruptionBudget": registry.DISRUPTION_BUDGET_UNMET,
    "StatefulSet": registry.PODS_OUTDATED,
}
"""What a note of a kind is called; of every other one it says that the object is suspended."""


def problems(view: View) -> t.Iterator[Problem]:
    for key in view.wanted:
        live = view.live(*key)
        if live is not None:
            yield from _of_live(view, live)


def _of_live(view: View, live: Live) -> t.Iterator[Problem]:
    kind, subject = identity(live)[0], displayed(live)
    gone = deleting(live)
    if gone:
        if kind != "Namespace":
            since = moment(live["metadata"]["deletionTimestamp"])
            yield Problem(registry.OBJECT_TERMINATING, subject, gone, since, fatal_at=view.now)
        return
    state = state_of(live)
    if state.failed and kind not in ELSEWHERE:
        check = registry.POD_FAILED if kind == "Pod" else registry.RESOURCE_FAILED
        since = _failed_since(live)
        yield Problem(check, subject, state.failed, since, fatal_at=since or view.now)
    note = NOTES.get(kind, registry.RESOURCE_SUSPENDED)
    if state.note and note:
        yield Problem(note, subject, state.note)
    if state.unknown and not rule_of(kind).static:
        first_word = born(live) + FIRST_WORD
        yield Problem(registry.RESOURCE_NOT_JUDGED, subject, f"it was not judged: {state.unknown}", fatal_at=first_word)


def _failed_since(live: Live) -> float:
    """When its controller said so, as far as a condition tells."""
    found = (condition(live, kind) for kind in (*FATAL, "Succeeded", "NamesAccepted"))
    told = [entry for entry in found if entry.get("status") in ("True", "False") and entry.get("lastTransitionTime")]
    return max((moment(entry["lastTransitionTime"]) for entry in told), default=0.0)
