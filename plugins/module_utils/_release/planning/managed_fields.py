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

from ..._objects.manifest import Manifest
from ..objects.ownership import MANAGER

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


Path: t.TypeAlias = "tuple[str | Item, ...]"
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


def displayed(path: Path) -> str:
    """`spec.template.spec.containers[maestro].image`"""
    return "".join(str(step) if isinstance(step, Item) else f".{step}" for step in path).removeprefix(".")


def is_settled(manifest: Manifest, live: Manifest) -> bool:
    """Whether applying the manifest would change nothing for sure, so that the server need not be asked.

    So it is when the release owns just the declared fields, and they have just the declared values. False means
    nothing: the server keeps many a value in another form.
    """
    entries = live["metadata"].get("managedFields") or ()
    ours = [entry for entry in entries if entry.get("manager") == MANAGER and not entry.get("subresource")]
    if len(ours) != 1 or ours[0].get("apiVersion") != manifest["apiVersion"]:
        return False
    declared = {key: value for key, value in manifest.items() if key not in ("apiVersion", "kind")}
    declared["metadata"] = {
        key: value for key, value in manifest["metadata"].items() if key not in ("name", "namespace")
    }
    return _is_settled(ours[0].get("fieldsV1") or {}, declared, live)


def _is_settled(tree: Tree, declared: t.Any, live: t.Any) -> bool:
    if _is_whole(tree):
        return bool(declared == live)
    if isinstance(declared, dict) and isinstance(live, dict):
        owned = {key.removeprefix("f:"): inner for key, inner in tree.items() if key != "."}
        return owned.keys() == declared.keys() and all(
            key in live and _is_settled(inner, declared[key], live[key]) for key, inner in owned.items()
        )
    if isinstance(declared, list) and isinstance(live, list):
        return _are_settled(tree, declared, live)
    return False


def _are_settled(tree: Tree, declared: list[t.Any], live: list[t.Any]) -> bool:
    """The items of a list with keys: each is owned, they come in the declared order, and nothing else is owned."""
    owned = [(Item(tuple(json.loads(key[2:]).items())), inner) for key, inner in tree.items() if key.startswith("k:")]
    if len(owned) != len(declared) or len(owned) != len([key for key in tree if key != "."]):
        return False
    places = []
    for part in declared:
        item, inner = next((each for each in owned if each[0].is_in(part)), (Item(()), {}))
        place = next((place for place, other in enumerate(live) if item.keys and item.is_in(other)), None)
        if place is None or not _is_settled(_without_defaults(inner, item, part), part, live[place]):
            return False
        places.append(place)
    return places == sorted(places)


def _without_defaults(tree: Tree, item: Item, part: Manifest) -> Tree:
    """The tree of an item without the keys that the server filled in, which are owned although nobody declared them."""
    filled_in = {f"f:{name}" for name, dummy in item.keys if name not in part}
    return {key: inner for key, inner in tree.items() if key not in filled_in}


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
