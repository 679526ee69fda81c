# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who owns which fields of a live object, as its `managedFields` tell. Pure.

The API server takes a field away from its manager as soon as another one gives it another value or removes it. So
what a release still owns has the value that the release gave it, whatever form the server keeps that in.
"""

from __future__ import annotations

import json
import typing as t

from .manifests import Manifest
from .ownership import MANAGER

Tree = t.Mapping[str, t.Any]
"""A set of fields as the API server writes it: `f:name` for a field, `k:{...}` for an item of a list, `v:...` for a
member of a set; without anything inside it stands for the whole value."""


class Item(t.NamedTuple):
    """One item of a list in a path, known by its keys."""

    keys: tuple[tuple[str, t.Any], ...]

    def __str__(self) -> str:
        return f"[{','.join(str(value) for dummy, value in self.keys)}]"

    def is_in(self, item: t.Any) -> bool:
        return isinstance(item, dict) and all(item.get(key, value) == value for key, value in self.keys)


Path = tuple[str | Item, ...]
IDENTITY = frozenset({("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace")})


class Owner(t.NamedTuple):
    """One manager of an object, when it last wrote (UTC, ISO 8601), and its fields."""

    name: str
    since: str
    tree: Tree


def owners_of(live: Manifest) -> list[Owner]:
    """Every manager of declared fields, not those who report the status."""
    return [
        Owner(entry.get("manager", ""), entry.get("time", ""), entry.get("fieldsV1") or {})
        for entry in live["metadata"].get("managedFields") or ()
        if entry.get("subresource") != "status"
    ]


def lost_fields(manifest: Manifest, live: Manifest) -> list[Path]:
    """The paths of what the manifest declares and the release does not own any more."""
    ours = [owner.tree for owner in owners_of(live) if owner.name == MANAGER]
    return [path for path in _unowned(ours, manifest, ()) if path not in IDENTITY]


def holder_of(path: Path, live: Manifest) -> Owner | None:
    """The other manager that has the field or something inside it now; the latest, when there are several."""
    holders = [owner for owner in owners_of(live) if owner.name != MANAGER and _has(owner.tree, path)]
    return max(holders, key=lambda owner: owner.since, default=None)


def value_at(path: Path, value: t.Any) -> t.Any:
    """What is there, or None."""
    for step in path:
        if isinstance(step, Item):
            value = next((item for item in value or () if step.is_in(item)), None)
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def shown(path: Path) -> str:
    """`spec.template.spec.containers[maestro].image`"""
    return "".join(str(step) if isinstance(step, Item) else f".{step}" for step in path).removeprefix(".")


def _unowned(trees: t.Sequence[Tree], value: t.Any, path: Path) -> t.Iterator[Path]:
    """What of the value lies outside all the trees."""
    if not trees:
        yield path
    elif any(_is_whole(tree) for tree in trees):
        return
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from _unowned([tree[f"f:{key}"] for tree in trees if f"f:{key}" in tree], part, (*path, key))
    elif isinstance(value, (list, tuple)):
        for part in value:
            item, inner = _item(trees, part)
            yield from _unowned(inner, part, (*path, item))


def _item(trees: t.Sequence[Tree], part: t.Any) -> tuple[Item, list[Tree]]:
    """An item of a list, and what the trees have of it."""
    if not isinstance(part, dict):
        member = f"v:{json.dumps(part)}"
        return Item((("value", part),)), [tree[member] for tree in trees if member in tree]
    found = {key: tree[key] for tree in trees for key in tree if key.startswith("k:")}
    for key, inner in found.items():
        item = Item(tuple(json.loads(key[2:]).items()))
        if item.is_in(part):
            return item, [inner]
    names = {name for key in found for name in json.loads(key[2:])} or {"name"}
    return Item(tuple((name, part[name]) for name in sorted(names) if name in part)), []


def _has(tree: Tree, path: Path) -> bool:
    for step in path:
        if _is_whole(tree):
            return True
        inner = _child(tree, step)
        if inner is None:
            return False
        tree = inner
    return True


def _child(tree: Tree, step: str | Item) -> Tree | None:
    if not isinstance(step, Item):
        return t.cast("Tree | None", tree.get(f"f:{step}"))
    wanted = dict(step.keys)
    return next((tree[key] for key in tree if key.startswith("k:") and _alike(json.loads(key[2:]), wanted)), None)


def _alike(keys: Manifest, wanted: Manifest) -> bool:
    return all(keys.get(name, value) == value for name, value in wanted.items())


def _is_whole(tree: Tree) -> bool:
    return not any(key != "." for key in tree)
