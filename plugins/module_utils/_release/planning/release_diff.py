# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The difference of two releases as the history remembers them. Pure."""

from __future__ import annotations

import typing as t

from ..._objects.manifest import Key, Manifest, key_of
from ..objects.content_hash import is_named_by_content, plain_name
from ..objects.ownership import field_changes
from ..record.history import Record

ADDED, REMOVED, CHANGED = "added", "removed", "changed"


def differences(old: Record, new: Record) -> list[dict[str, t.Any]]:
    """What differs, object by object: `object`, `change` and for a changed one its `fields`.

    Settings named by their content are the same object under another name. Of a Secret only the names of its keys are
    remembered, so another name with the same keys means other values.
    """
    before, after = _by_identity(old.manifests), _by_identity(new.manifests)
    keys = [*after, *(key for key in before if key not in after)]
    return [difference for key in keys for difference in _difference(before.get(key), after.get(key))]


def _difference(before: Manifest | None, after: Manifest | None) -> t.Iterator[dict[str, t.Any]]:
    if before == after:
        return
    displayed = after or before or {}
    change = CHANGED if before and after else ADDED if after else REMOVED
    fields = field_changes(before, after) if before and after else []
    yield {
        "object": str(key_of(displayed)),
        "change": change,
        "fields": [{"field": path, "before": old, "after": new} for path, old, new in fields],
    }


def _by_identity(manifests: t.Iterable[Manifest]) -> dict[Key, Manifest]:
    return {_identity(manifest): manifest for manifest in manifests}


def _identity(manifest: Manifest) -> Key:
    key = key_of(manifest)
    return key._replace(name=plain_name(key.name)) if is_named_by_content(manifest) else key
