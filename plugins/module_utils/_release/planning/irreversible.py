# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What does not come back when a release is restored, said before it is. Pure."""

from __future__ import annotations

import typing as t

from ..._findings import registry
from ..._findings.finding import Finding
from ..._objects.manifest import Key, Manifest, is_secret, key_of
from ..objects.content_hash import is_named_by_content
from .plan import CREATE, KEEP, REPLACE, Plan, Step


def not_undone(previous: t.Iterable[Manifest], plan: Plan) -> list[Finding]:
    """A note for each object of the release `former`, or left by others, that will not be as it was then."""
    recorded = {key_of(manifest): manifest for manifest in previous}
    notes = ((step.key, _why_not(step, recorded.get(step.key))) for step in plan.steps)
    return [_note(key, *why) for key, why in notes if why]


def _why_not(step: Step, recorded: Manifest | None) -> tuple[str, str] | None:
    """What stays otherwise and what to do if it matters; None when the object will be as it was."""
    if recorded is None:
        if step.action != KEEP:
            return None
        return "it is of another release and stays, because it holds data or keys", "Delete it if nothing needs it."
    if recorded["kind"] == "ExternalSecret":
        return (
            "its values come from their source: one that was changed there since does not come back",
            "Set the former value at the source if the restored release needs it.",
        )
    if recorded["kind"] == "PersistentVolumeClaim":
        return _of_claim(step, recorded)
    if is_secret(recorded) and not is_named_by_content(recorded):
        return "it keeps the values that it has now: no record holds the former ones", "Write them again if needed."
    if recorded["kind"] == "StorageClass" and step.action == REPLACE:
        return "volumes made meanwhile keep the parameters that they were made with", "Move their data if that matters."
    return None


def _of_claim(step: Step, recorded: Manifest) -> tuple[str, str] | None:
    if step.action == CREATE:
        return "it was deleted: it is made anew and empty", "Restore its data from a backup."
    then, now = _size(recorded), _size(step.live or {})
    if then == now:
        return None
    return f"it was grown from {then} to {now} and stays so: volumes cannot shrink", "Nothing, unless the cost matters."


def _size(claim: Manifest) -> str:
    spec = claim.get("spec") or {}
    return str(((spec.get("resources") or {}).get("requests") or {}).get("storage", ""))


def _note(key: Key, message: str, next_step: str) -> Finding:
    return registry.IRREVERSIBLE_CHANGE.found(key, message, next_step=next_step)
