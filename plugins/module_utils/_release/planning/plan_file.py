# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan that is approved now and carried out later, exactly or not at all. Pure.

A saved plan holds, for each object, what happens to it and digests of what this depends on: of all that would be sent,
as bytes in one form, of the same fields of the live object, and who manages those that the release does not own. The
digests of single fields only tell a person what differs. Status, replicas of an autoscaler and other fields that
nobody declares may change meanwhile. Digests are salted; those of secret values are slow to compute as well, because a
short value could be guessed from a fast one.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import gzip
import hashlib
import hmac
import json
import re
import typing as t

from ..._cluster.errors import ClusterError
from ..._findings import registry
from ..._objects.manifest import Manifest, is_secret
from ..bounded_json import Budget, Unreadable, canonical, has_type, parsed, unpacked
from ..objects.ownership import comparable, is_named_list
from .managed_fields import displayed, holder_of, lost_fields
from .plan import ACTIONS, CREATE, PRUNE, REPLACE, Plan, Step
from .risks import risks

FORMAT = 2
ROUNDS = 20_000
DIGITS = 12
"""Of the digest of a single field, by which nothing is decided."""
SECRET_FIELD = re.compile(r"(data|stringData)[.\[]")
PLAIN_KEY = re.compile(r"[^.\[\]\s\"]+")
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
        "objects": {str(step.key): _frozen(step, plan.replicas.get(step.key), salt.encode()) for step in plan.steps},
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
    budget = Budget()
    try:
        is_json = text.lstrip().startswith("{")
        content = text.encode() if is_json else unpacked(base64.b64decode(text, validate=True), budget)
        saved = parsed(content, budget)
    except (Unreadable, UnicodeEncodeError, binascii.Error, ValueError) as error:
        raise PlanUnreadable(f"This is no plan: {error}.") from None
    if not isinstance(saved, dict) or saved.get("format") != FORMAT or not isinstance(saved.get("objects"), dict):
        raise PlanUnreadable("This is no plan, or one of another version of the collection.")
    wrong = _malformed(saved)
    if wrong:
        raise PlanUnreadable(f"This is no whole plan: it has no usable {', '.join(wrong)}.")
    return saved


def _malformed(saved: SavedPlan) -> list[str]:
    """The fields of a plan that are missing or of another kind than this collection writes."""
    kinds = {"name": str, "namespace": str, "cluster": str, "base": int, "salt": str, "changes": list, "risks": list}
    wrong = [field for field, kind in kinds.items() if not has_type(saved.get(field), kind)]
    return wrong + [f"objects[{json.dumps(name)}]" for name, entry in saved["objects"].items() if not _is_entry(entry)]


def _is_entry(entry: t.Any) -> bool:
    """Whether it says what happens to an object, and by which digests."""
    if not isinstance(entry, dict) or entry.get("action") not in ACTIONS or not isinstance(entry.get("sent"), str):
        return False
    maps = [entry.get(part) for part in ("manifest", "live", "managers")]
    return all(isinstance(each, dict) and all(isinstance(text, str) for text in each.values()) for each in maps)


def _frozen(step: Step, replicas: int | None, salt: bytes) -> SavedPlan:
    declared = step.manifest or {}
    live = _restricted(comparable(step.live), declared)
    return {
        "action": step.action,
        "sent": _sent(step, replicas, salt),
        "manifest": _digests(declared, salt),
        "live": _digests(live, salt),
        "managers": _managers(step),
    }


def _sent(step: Step, replicas: int | None, salt: bytes) -> str:
    """The digest of everything that a write of the object would send, whole and in its order."""
    size = replicas if step.action in (CREATE, REPLACE) else None
    sent = canonical({"manifest": step.manifest, "force": step.force, "replicas": size})
    if step.manifest and is_secret(step.manifest):
        return hashlib.pbkdf2_hmac("sha256", sent, salt, ROUNDS).hex()
    return hmac.new(salt, sent, hashlib.sha256).hexdigest()


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
        path: _slow(value, salt) if secret and SECRET_FIELD.match(path) else _fast(value, salt)
        for path, value in _leaves(manifest)
    }


def _leaves(value: t.Any, path: str = "") -> t.Iterator[tuple[str, bytes]]:
    if isinstance(value, dict) and value:
        for key, part in value.items():
            yield from _leaves(part, _below(path, str(key)))
    elif is_named_list(value):
        for part in value:
            yield from _leaves(part, f"{path}[{part['name']}]")
        yield f"{path} (its order)", canonical([part["name"] for part in value])
    elif path:
        yield path, canonical(value)


def _below(path: str, key: str) -> str:
    """The path of a key; one with a dot cannot be taken for two."""
    if not PLAIN_KEY.fullmatch(key):
        return f"{path}[{json.dumps(key)}]"
    return f"{path}.{key}" if path else key


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
        elif part == "manifest" and before["sent"] != after["sent"]:
            yield "what would be sent is not what was approved: its initial replicas, or whether fields are taken over"
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
