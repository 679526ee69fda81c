# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who owns a field is read from managedFields as the API server writes them."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._release.fields import (
    holder_of,
    lost_fields,
    shown,
    value_at,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.ownership import MANAGER
from tests.unit.plugins.samples import Manifest, manifest
from tests.unit.rendering import only

PORT = {"name": "http", "port": 8080, "appProtocol": "http"}
DECLARED = manifest("v1", "Service", "s", spec={"type": "ClusterIP", "selector": {"a": "b"}, "ports": [PORT]})
LABELS = {"f:labels": {f"f:{name}": {} for name in DECLARED["metadata"]["labels"]}}
PORT_KEY = 'k:{"port":8080,"protocol":"TCP"}'
ALL = {".": {}, "f:name": {}, "f:port": {}, "f:appProtocol": {}}
WHOLE: Manifest = {"f:type": {}, "f:selector": {}, "f:ports": {PORT_KEY: ALL, 'k:{"port":9,"protocol":"TCP"}': ALL}}


def live(ours: Manifest, **others: Manifest) -> Manifest:
    """The object as it is there, with the spec fields that the release owns and those of other managers."""
    entries = [{"manager": MANAGER, "fieldsV1": {"f:metadata": LABELS, "f:spec": ours}}]
    entries += [
        {"manager": name, "time": f"2026-11-23T12:00:0{place}Z", "fieldsV1": {"f:spec": spec}}
        for place, (name, spec) in enumerate(others.items())
    ]
    return {**DECLARED, "metadata": {**DECLARED["metadata"], "managedFields": entries}}


def without(tree: Manifest, *path: str) -> Manifest:
    head, *rest = path
    if not rest:
        return {key: value for key, value in tree.items() if key != head}
    return {**tree, head: without(tree[head], *rest)}


def test_what_the_release_owns_whole_is_not_lost() -> None:
    assert lost_fields(DECLARED, live(WHOLE)) == []


@pytest.mark.parametrize(
    ("taken", "path"),
    [
        (("f:type",), "spec.type"),
        (("f:selector",), "spec.selector"),
        (("f:ports", PORT_KEY, "f:appProtocol"), "spec.ports[8080,TCP].appProtocol"),
        (("f:ports", PORT_KEY), "spec.ports[8080]"),
        (("f:ports",), "spec.ports"),
    ],
)
def test_a_field_that_is_taken_is_named(taken: tuple[str, ...], path: str) -> None:
    assert [shown(each) for each in lost_fields(DECLARED, live(without(WHOLE, *taken)))] == [path]


def test_an_entry_of_the_status_owns_nothing_that_was_declared() -> None:
    item = live(without(WHOLE, "f:type"))
    item["metadata"]["managedFields"].append(
        {"manager": MANAGER, "subresource": "status", "fieldsV1": {"f:spec": WHOLE}}
    )
    assert [shown(each) for each in lost_fields(DECLARED, item)] == ["spec.type"]


def test_the_last_manager_that_took_a_field_is_its_holder() -> None:
    item = live(without(WHOLE, "f:type"), one={"f:type": {}}, two={"f:type": {}}, three={"f:other": {}})
    path = only(lost_fields(DECLARED, item))
    holder = holder_of(path, item)
    assert holder
    assert (holder.name, holder.since) == ("two", "2026-11-23T12:00:01Z")


def test_an_item_of_a_list_has_its_holder() -> None:
    item = live(without(WHOLE, "f:ports"), editor={"f:ports": {PORT_KEY: ALL}})
    path = (*only(lost_fields(DECLARED, item)),)
    assert t.cast("t.Any", holder_of(path, item)).name == "editor"


def test_nobody_holds_what_was_removed() -> None:
    item = live(without(WHOLE, "f:type"))
    assert holder_of(only(lost_fields(DECLARED, item)), item) is None


def test_a_value_is_found_by_its_path_with_defaulted_keys_missing() -> None:
    path = only(lost_fields(DECLARED, live(without(WHOLE, "f:ports", PORT_KEY, "f:appProtocol"))))
    assert value_at(path, DECLARED) == "http"
    assert value_at(path, {}) is None


def test_a_member_of_a_set_is_a_field() -> None:
    declared = {**DECLARED, "spec": {"members": ["a", "b"]}}
    assert [shown(each) for each in lost_fields(declared, live({"f:members": {'v:"a"': {}}}))] == ["spec.members[b]"]
