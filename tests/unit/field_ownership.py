# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Server-side apply by fields, as the API server in memory does it."""

from __future__ import annotations

import copy
import typing as t

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.api_resources import Manifest

Fields = dict[tuple[str, ...], t.Any]


def taken(
    wanted: Fields, owners: t.Mapping[str, Fields], manager: str, previous: Manifest | None
) -> list[tuple[tuple[str, ...], str]]:
    """Fields that another manager owns and that would get another value."""
    now = fields_of(previous or {})
    return [
        (field, other)
        for other, fields in owners.items()
        if other != manager
        for field in fields
        if field in wanted and wanted[field] != now.get(field)
    ]


def fields_of(value: Manifest, path: tuple[str, ...] = ()) -> Fields:
    """The declared fields by path; an empty dictionary and every list is one field."""
    fields: Fields = {}
    for key, inner in value.items():
        if (*path, key) in {("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace")}:
            continue
        if isinstance(inner, dict) and inner:
            fields.update(fields_of(inner, (*path, key)))
        else:
            fields[(*path, key)] = inner
    return fields


def changed(previous: Manifest, wanted: Fields, dropped: t.Collection[tuple[str, ...]]) -> Manifest:
    changed = copy.deepcopy(previous)
    for field in dropped:
        place: t.Any = changed
        for key in field[:-1]:
            place = place.get(key, {})
        place.pop(field[-1], None)
    for field, value in wanted.items():
        place = changed
        for key in field[:-1]:
            place = place.setdefault(key, {})
        place[field[-1]] = copy.deepcopy(value)
    if changed["kind"] == "Deployment":
        changed.setdefault("spec", {}).setdefault("replicas", 1)
    return changed


def managed(owners: t.Mapping[str, Fields], item: Manifest) -> list[Manifest]:
    """Who owns which fields, as the API server tells it."""
    entries = []
    for manager, fields in owners.items():
        owned: Manifest = {}
        for field in fields:
            place = owned
            for key in field:
                place = place.setdefault(f"f:{key}", {})
        version = item["apiVersion"]
        entries.append({"manager": manager, "operation": "Apply", "apiVersion": version, "fieldsV1": owned})
    return entries
