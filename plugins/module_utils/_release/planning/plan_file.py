# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan that is approved now and carried out later, exactly or not at all. Pure.

A frozen plan holds, for each object, what happens to it and digests of the values that this depends on: the fields of
its manifest, the same fields of the live object, and who manages those that the release does not own. Status,
replicas of an autoscaler and other fields that nobody declares may change meanwhile. Digests are salted; those of
secret values are slow to compute as well, because a short value could be guessed from a fast one.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import gzip
import hashlib
import hmac
import json
import typing as t
import zlib

from ..._cluster.errors import ClusterError
from ..._findings import registry
from ..._objects.manifest import Manifest, is_secret
from ..objects.ownership import comparable, is_named_list
from .managed_fields import displayed, holder_of, lost_fields
from .plan import PRUNE, Plan, Step
from .risks import risks

FORMAT = 1
ROUNDS = 20_000
DIGITS = 12
SavedPlan = dict[str, t.Any]


class PlanOutdated(ClusterError):
    """What was planned is not what would be done now; `str()` says what differs."""

    finding_type = registry.PLAN_OUTDATED


class PlanUnreadable(ClusterError):
    """What was given is no plan that this version of the collection wrote."""

    finding_type = registry.PLAN_UNREADABLE


@dataclasses.dataclass(frozen=True)
class PlanContext:
    """For which release of which cluster (its UID) a plan is made; `base` is the number of the last one there."""

    name: str
    namespace: str
    cluster: str
    base: int


def saved_plan(plan: Plan, context: PlanContext, salt: str, **notes: t.Any) -> SavedPlan:
    """The plan as plain values without any secret one. `notes` (who, when, why) are kept and never compared."""
    return {
        "format": FORMAT,
        **dataclasses.asdict(context),
        "salt": salt,
        "objects": {str(step.key): _frozen(step, salt.encode()) for step in plan.steps},
        "changes": [step.as_dict() for step in plan.changes],
        "risks": [finding.as_dict() for finding in risks(plan)],
        **notes,
    }


def require_same(approved: SavedPlan, plan: Plan, context: PlanContext) -> None:
    """Raises PlanOutdated with everything that is not as it was when `approved` was frozen."""
    now = saved_plan(plan, context, approved["salt"])
    found = [*_other_place(approved, now)] or [*_differences(approved, now)]
    if found:
        lines = "\n".join(f"- {line}" for line in found)
        raise PlanOutdated(f"The approved plan does not hold any more:\n{lines}")


def encode(saved: SavedPlan) -> str:
    """The plan as one word, for a variable or an artifact."""
    return base64.b64encode(gzip.compress(json.dumps(saved, separators=(",", ":")).encode(), mtime=0)).decode()


def decode(text: str) -> SavedPlan:
    """A plan from a file's JSON or from the one word. Raises PlanUnreadable."""
    try:
        content = text if text.lstrip().startswith("{") else gzip.decompress(base64.b64decode(text, validate=True))
        saved = json.loads(content)
    except (ValueError, OSError, EOFError, zlib.error, binascii.Error) as error:
        raise PlanUnreadable(f"This is no plan: {error}.") from None
    if not isinstance(saved, dict) or saved.get("format") != FORMAT or not isinstance(saved.get("objects"), dict):
        raise PlanUnreadable("This is no plan, or one of another version of the collection.")
    return saved


def _frozen(step: Step, salt: bytes) -> SavedPlan:
    declared = step.manifest or {}
    live = _restricted(comparable(step.live), declared)
    return {
        "action": step.action,
        "manifest": _digests(declared, salt),
        "live": _digests(live, salt),
        "managers": _managers(step),
    }


def _managers(step: Step) -> dict[str, str]:
    """Who else holds fields that the release declares, by field."""
    if step.manifest is None or step.live is None:
        return {}
    held = {displayed(path): holder_of(path, step.live) for path in lost_fields(step.manifest, step.live)}
    return {path: holder.name for path, holder in held.items() if holder}


def _restricted(live: t.Any, declared: t.Any) -> t.Any:
    """The live values of what is declared; a list is one value."""
    if not isinstance(live, dict) or not isinstance(declared, dict):
        return live
    return {key: _restricted(live[key], part) for key, part in declared.items() if key in live}


def _digests(manifest: Manifest, salt: bytes) -> dict[str, str]:
    secret = bool(manifest) and is_secret(manifest)
    return {
        path: _slow(value, salt) if secret and path.startswith(("data.", "stringData.")) else _fast(value, salt)
        for path, value in _leaves(manifest)
    }


def _leaves(value: t.Any, path: str = "") -> t.Iterator[tuple[str, bytes]]:
    if isinstance(value, dict) and value:
        for key, part in value.items():
            yield from _leaves(part, f"{path}.{key}" if path else str(key))
    elif is_named_list(value):
        for part in value:
            yield from _leaves(part, f"{path}[{part['name']}]")
    elif path:
        yield path, json.dumps(value, sort_keys=True).encode()


def _fast(value: bytes, salt: bytes) -> str:
    return hmac.new(salt, value, hashlib.sha256).hexdigest()[:DIGITS]


def _slow(value: bytes, salt: bytes) -> str:
    return hashlib.pbkdf2_hmac("sha256", value, salt, ROUNDS).hex()[:DIGITS]


def _other_place(approved: SavedPlan, now: SavedPlan) -> t.Iterator[str]:
    for field, words in (("name", "release"), ("namespace", "namespace"), ("cluster", "the cluster with the UID")):
        if approved[field] != now[field]:
            yield f"it is for {words} {approved[field] or 'unknown'}, and this is {now[field] or 'unknown'}"


def _differences(approved: SavedPlan, now: SavedPlan) -> t.Iterator[str]:
    if approved["base"] != now["base"]:
        yield f"it follows release {approved['base']}, and the last release is {now['base']} now"
    before, after = approved["objects"], now["objects"]
    for name in [*before, *(name for name in after if name not in before)]:
        if name not in after:
            yield f"{name}: it was to be {_done(before[name])}, and is neither declared nor there now"
        elif name not in before:
            yield f"{name}: it is not in the plan, and would be {_done(after[name])} now"
        else:
            yield from (f"{name}: {words}" for words in _changes(before[name], after[name]))


def _changes(before: SavedPlan, after: SavedPlan) -> t.Iterator[str]:
    if before["action"] != after["action"]:
        yield f"it was to be {_done(before)}, and would be {_done(after)} now"
    for part, words in (("manifest", "the inventory declares it otherwise"), ("live", "somebody changed it")):
        fields = [path for path in {**before[part], **after[part]} if before[part].get(path) != after[part].get(path)]
        if fields and not (part == "live" and after["action"] == PRUNE):
            yield f"{words} since: {', '.join(fields)}"
    for path, manager in after["managers"].items():
        if before["managers"].get(path) != manager:
            yield f"{path} is managed by {manager} now"


def _done(entry: SavedPlan) -> str:
    return DONE[entry["action"]]


DONE = {
    "create": "created",
    "change": "changed",
    "adopt": "adopted",
    "replace": "replaced",
    "prune": "removed",
    "keep": "kept",
}
