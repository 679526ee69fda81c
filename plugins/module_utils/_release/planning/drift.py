# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drift: how live objects differ from what a release declared of them. Pure: `reviewing` asks the cluster."""

from __future__ import annotations

import typing as t

from ..._findings import registry
from ..._findings.finding import Finding
from ..._objects.manifest import SECRET_MARK, Key, Manifest, is_secret, key_of
from ..._objects.quantity import amount
from ..objects.ownership import MANAGER, field_changes, is_of_autoscaler
from .finished_jobs import removes_itself
from .leftovers import declared_by_tools, leftovers, own_entries, told
from .managed_fields import Owner, Path, displayed, holder_of, lost_fields, owners_of, value_at

TAKEOVER = (
    "Deploy again with maestro_takeover set to true, which takes the fields back from {} (without it the plan "
    "refuses), or take the change over into the inventory."
)
CHANGED_MARK = "(secret, changed)"
MANY = 20


class Deviation(t.NamedTuple):
    """One field with its value in the release and now, and who holds it now, None when nobody does."""

    field: str
    recorded: t.Any
    live: t.Any
    holder: Owner | None = None

    def line(self) -> str:
        who = f" ({self.holder.name}, {self.holder.since or 'time unknown'})" if self.holder else ""
        return f"{self.field}: was {_brief(self.recorded)}, is {_brief(self.live)}{who}"

    def as_dict(self) -> dict[str, t.Any]:
        manager, since = (self.holder.name, self.holder.since) if self.holder else ("", "")
        return {"field": self.field, "before": self.recorded, "after": self.live, "manager": manager, "since": since}


def deviations(manifest: Manifest, live: Manifest, is_latest: bool) -> list[Deviation]:
    """The declared fields whose values are others now.

    When the manifest is of the latest release, what the release still owns is as declared, whatever form the server
    keeps it in. Otherwise the values are compared, so a secret value that differs does not show.
    """
    if not is_latest:
        kept = _marked(live, SECRET_MARK)
        return [
            Deviation(path, before, after)
            for path, before, after in declared_changes(manifest, kept)
            if path not in ("apiVersion", "kind")
        ]
    kept = _marked(live, CHANGED_MARK)
    return [
        Deviation(field, before, after, holder_of(path, live))
        for path in lost_fields(manifest, live)
        for field, before, after in _changes_at(path, manifest, kept)
    ]


def drift(number: int, manifest: Manifest, live: Manifest | None, is_latest: bool) -> Finding | None:
    """The finding for one object of release `number`, None when it is as declared."""
    key = key_of(manifest)
    if live is None and removes_itself(manifest):
        return None
    if live is None:
        message = f"release {number} declared it, but it does not exist any more"
        return registry.DRIFT.found(key, message)
    found = deviations(manifest, live, is_latest)
    if not found:
        return None
    holders = [each.holder for each in found if each.holder]
    names = sorted({holder.name for holder in holders})
    since = min((holder.since for holder in holders if holder.since), default="")
    by = f", changed by {' and '.join(names)}" if names else _last_written(live)
    count = f"{len(found)} field{'' if len(found) == 1 else 's'}"
    fields = ", ".join(each.field for each in found[:3]) + (", ..." if len(found) > 3 else "")
    return registry.DRIFT.found(
        key,
        f"{count} of it differ{'s' if len(found) == 1 else ''} from release {number}: {fields}{by}",
        tuple(each.line() for each in found[:MANY]),
        next_step=_next_step(found),
        since=since,
    )


def fields_left(live: Manifest | None) -> Finding | None:
    """The finding for an object that still has fields which only the tool that made it has declared."""
    left = told(declared_by_tools(live, leftovers(live, own_entries(live)))) if live is not None else ()
    if live is None or not left:
        return None
    count = f"{len(left)} field{'' if len(left) == 1 else 's'}"
    message = f"{count} that only a previous tool declared stay, though the release does not have them"
    return registry.FIELDS_LEFT.found(key_of(live), message, left[:MANY])


def _next_step(found: t.Iterable[Deviation]) -> str:
    """A plain deploy is refused a field that another manager holds, but for the replicas of an autoscaler."""
    names = sorted(
        {each.holder.name for each in found if each.holder and not is_of_autoscaler(f".{each.field}", each.holder.name)}
    )
    return TAKEOVER.format(" and ".join(names)) if names else registry.DRIFT.next_step


def unreadable(key: Key, words: str) -> Finding:
    """The finding for an object that could not be asked for."""
    message = f"it could not be read, so nobody knows whether it drifted: {words}"
    return registry.FACT_UNKNOWN.found(key, message, severity="warning", next_step="Allow the account to read it.")


def declared_changes(declared: t.Any, live: t.Any, path: str = "") -> list[tuple[str, t.Any, t.Any]]:
    """Where the live value lacks what is declared: (path, declared, live); what it has beyond that is no matter."""
    if _same(declared, live):
        return []
    if isinstance(declared, dict) and isinstance(live, dict):
        stem = f"{path}." if path else ""
        return [
            change
            for key, part in declared.items()
            for change in declared_changes(part, live.get(key), stem + str(key))
        ]
    if _is_list(declared) and _is_list(live) and len(declared) <= len(live):
        return _changes_of_items(declared, live, path)
    return [(path, declared, live)]


def _changes_of_items(declared: list[t.Any], live: list[t.Any], path: str) -> list[tuple[str, t.Any, t.Any]]:
    """Items with names are matched by them, others by their place."""
    if not all(isinstance(item, dict) and "name" in item for item in (*declared, *live)):
        pairs = zip((f"[{place}]" for place in range(len(declared))), declared, live, strict=False)
        return [change for place, one, other in pairs for change in declared_changes(one, other, path + place)]
    there = {item["name"]: item for item in live}
    return [
        change
        for item in declared
        for change in declared_changes(item, there.get(item["name"]), f"{path}[{item['name']}]")
    ]


def _changes_at(path: Path, manifest: Manifest, live: Manifest) -> list[tuple[str, t.Any, t.Any]]:
    declared, there = value_at(path, manifest), value_at(path, live)
    if not declared_changes(declared, there):
        return []
    if isinstance(there, dict):
        return declared_changes(declared, there, displayed(path))
    return field_changes(declared, there, displayed(path))


def _marked(live: Manifest, mark: str) -> Manifest:
    if not is_secret(live):
        return live
    return {**live, "data": dict.fromkeys(live.get("data") or {}, mark)}


def _same(declared: t.Any, live: t.Any) -> bool:
    """Equal, or the same quantity, or nothing in two forms."""
    if declared == live or (_is_nothing(declared) and _is_nothing(live)):
        return True
    if isinstance(declared, (bool, dict, list)) or isinstance(live, (bool, dict, list)) or live is None:
        return False
    try:
        return amount(declared) == amount(live)
    except ValueError:
        return False


def _is_nothing(value: t.Any) -> bool:
    return value is None or value in ({}, [], "")


def _is_list(value: t.Any) -> t.TypeGuard[list[t.Any]]:
    return isinstance(value, list)


def _last_written(live: Manifest) -> str:
    others = [owner for owner in owners_of(live) if owner.name != MANAGER and owner.since]
    last = max(others, key=lambda owner: owner.since, default=None)
    return f"; nobody holds it now, the last to write was {last.name} at {last.since}" if last else ""


def _brief(value: t.Any) -> str:
    text = "absent" if value is None else str(value).replace("\n", "\\n")
    return text if len(text) <= 120 else f"{text[:117]}..."
