# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fields that only a previous tool declared: the manifests do not have them, so no apply would ever remove them. Pure.

What `kubectl apply` does after its upgrade to server-side apply is the model: the fields of the former manager become
the new one's, whose next apply drops those that it does not declare. Here only what is to go is handed over, so that
nothing else changes hands.
"""

from __future__ import annotations

import copy
import json
import re
import typing as t

from ..._objects.manifest import Manifest
from ..objects.ownership import LAST_APPLIED, MANAGER
from .managed_fields import Item, Path, displayed, value_at

TOOLS = re.compile(
    r"kubectl(-(client-side-apply|create|edit|patch|replace|label|annotate|set|last-applied))?|before-first-apply|helm|Helm"
    r"|argocd-(application-)?controller|kustomize-controller|helm-controller|Terraform|pulumi.*|OpenAPI-Generator"
)
"""Managers that declare what people wrote: of controllers nobody asks what they add."""
SINGLE = re.compile(r"kubectl-(edit|patch|label|annotate|set)")
"""Managers whose entries hold single changes; those of a whole object hold the server's defaults as well."""
KEPT = (
    ("f:spec", "f:replicas"),
    ("f:metadata", "f:finalizers"),
    ("f:metadata", "f:ownerReferences"),
)
"""Never dropped: an autoscaler's size, and what others wait for."""
COPY = ("f:metadata", "f:annotations", f"f:{LAST_APPLIED}")
Leaf = tuple[str, ...]
"""The keys of one field in `managedFields`; `.` at the end is the object or list item itself."""


def leftovers(live: Manifest, declared: t.Sequence[Manifest]) -> list[Leaf]:
    """The fields of `live` that tools alone declared; `declared` are the release's entries in `managedFields`."""
    entries = [each for each in live["metadata"].get("managedFields") or () if not each.get("subresource")]
    theirs = {leaf for entry in entries if _is_of_tool(entry) for leaf in leaves(entry.get("fieldsV1") or {})}
    others = [each for each in entries if not _is_of_tool(each) and each.get("manager") != MANAGER]
    held = {leaf for entry in (*others, *declared) for leaf in leaves(entry.get("fieldsV1") or {})}
    return sorted(leaf for leaf in theirs - held if not any(leaf[: len(kept)] == kept for kept in KEPT))


def own_entries(live: Manifest) -> list[Manifest]:
    """What the release declares of the object, as its `managedFields` tell."""
    entries = live["metadata"].get("managedFields") or ()
    return [each for each in entries if each.get("manager") == MANAGER and not each.get("subresource")]


def meant(left: t.Iterable[Leaf], live: Manifest, fresh: Manifest | None) -> list[Leaf]:
    """Those of the fields that a new object (`fresh`, when that is known) would not have just so: no defaults.

    With them come the copy that `kubectl apply` keeps, and the containers that they leave empty.
    """
    given = list(left)
    found = [leaf for leaf in given if leaf[-1] != "." and (_is_copy(leaf) or _differs(leaf, live, fresh))]
    around = [leaf for leaf in given if leaf[-1] == "." and any(each[: len(leaf) - 1] == leaf[:-1] for each in found)]
    return sorted([*found, *around])


def told(left: t.Iterable[Leaf]) -> tuple[str, ...]:
    """The fields in words, without the copy that `kubectl apply` keeps."""
    return tuple(displayed(_path(leaf)) for leaf in left if leaf[-1] != "." and not _is_copy(leaf))


def declared_by_tools(live: Manifest, left: t.Iterable[Leaf]) -> list[Leaf]:
    """Those of the fields that a tool declared for sure, where no new object can be asked for its defaults.

    So it is with server-side apply, with single changes by kubectl, and with what its copy of the object has.
    """
    entries = [each for each in live["metadata"].get("managedFields") or () if _is_of_tool(each)]
    exact = [each for each in entries if each.get("operation") == "Apply" or SINGLE.fullmatch(each["manager"])]
    sure = {leaf for entry in exact for leaf in leaves(entry.get("fieldsV1") or {})}
    copied = _copy_of(live)
    return [leaf for leaf in left if leaf[-1] != "." and (leaf in sure or value_at(_path(leaf), copied) is not None)]


def _copy_of(live: Manifest) -> Manifest:
    try:
        copied = json.loads((live["metadata"].get("annotations") or {}).get(LAST_APPLIED, "{}"))
    except ValueError:
        return {}
    return copied if isinstance(copied, dict) else {}


def _is_copy(leaf: Leaf) -> bool:
    return leaf == COPY


def _differs(leaf: Leaf, live: Manifest, fresh: Manifest | None) -> bool:
    path = _path(leaf)
    return fresh is None or value_at(path, live) != value_at(path, fresh)


def without(predicted: Manifest, left: t.Iterable[Leaf], fresh: Manifest | None) -> Manifest:
    """What the object becomes when these fields go: they get what a new object has, or nothing."""
    changed = copy.deepcopy(predicted)
    for leaf in sorted(left, key=len, reverse=True):
        if leaf[-1] != ".":
            path = _path(leaf)
            _set(changed, path, None if fresh is None else value_at(path, fresh))
    return changed


def handed_over(live: Manifest, left: t.Collection[Leaf]) -> list[Manifest]:
    """The `managedFields` with these fields in the hands of the release, whose next apply drops them."""
    entries = copy.deepcopy(live["metadata"].get("managedFields") or [])
    for entry in entries:
        if _is_of_tool(entry) and not entry.get("subresource"):
            entry["fieldsV1"] = _tree(leaf for leaf in leaves(entry.get("fieldsV1") or {}) if leaf not in left)
    own = next((each for each in entries if each.get("manager") == MANAGER and each.get("operation") == "Apply"), None)
    if own is None:
        own = {"manager": MANAGER, "operation": "Apply", "apiVersion": live["apiVersion"], "fieldsType": "FieldsV1"}
        entries.append(own)
    own["fieldsV1"] = _tree([*leaves(own.get("fieldsV1") or {}), *left])
    return [entry for entry in entries if entry.get("fieldsV1")]


def leaves(tree: Manifest, before: Leaf = ()) -> t.Iterator[Leaf]:
    """Every field of a tree that has nothing inside, and the containers that are owned themselves."""
    for key, inner in tree.items():
        if inner:
            yield from leaves(inner, (*before, key))
        else:
            yield (*before, key)


def _is_of_tool(entry: Manifest) -> bool:
    return bool(TOOLS.fullmatch(str(entry.get("manager", ""))))


def _tree(found: t.Iterable[Leaf]) -> Manifest:
    tree: Manifest = {}
    for leaf in found:
        place = tree
        for key in leaf:
            place = place.setdefault(key, {})
    return tree


def _path(leaf: Leaf) -> Path:
    return tuple(_step(key) for key in leaf)


def _step(key: str) -> str | Item:
    kind, _colon, text = key.partition(":")
    if kind == "k":
        return Item(tuple(json.loads(text).items()))
    return Item((("value", json.loads(text)),)) if kind == "v" else text


def _set(holder: t.Any, path: Path, value: t.Any) -> None:
    """Set what is at the path, or take it out; a list item that has nothing left but its keys goes."""
    place = value_at(path[:-1], holder) if path[:-1] else holder
    last = path[-1]
    if not isinstance(place, dict) or isinstance(last, Item):
        return
    if value is not None:
        place[last] = value
        return
    place.pop(last, None)
    _tidy(holder, path[:-1])


def _tidy(holder: t.Any, path: Path) -> None:
    """Take out what the removal has left empty, from within."""
    while path:
        place, outer, last = value_at(path, holder), value_at(path[:-1], holder) if path[:-1] else holder, path[-1]
        if place != {}:
            return
        if isinstance(last, Item) and isinstance(outer, list):
            outer.remove(place)
        elif isinstance(outer, dict):
            outer.pop(str(last), None)
        path = path[:-1]
