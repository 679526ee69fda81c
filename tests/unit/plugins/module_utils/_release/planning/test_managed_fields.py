# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who owns a field is read from managedFields as the API server writes them."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._release.objects.ownership import MANAGER
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.planning.managed_fields import (
    displayed,
    holder_of,
    is_settled,
    lost_fields,
    value_at,
)
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
    assert [displayed(each) for each in lost_fields(DECLARED, live(without(WHOLE, *taken)))] == [path]


def test_an_entry_of_the_status_owns_nothing_that_was_declared() -> None:
    item = live(without(WHOLE, "f:type"))
    item["metadata"]["managedFields"].append(
        {"manager": MANAGER, "subresource": "status", "fieldsV1": {"f:spec": WHOLE}}
    )
    assert [displayed(each) for each in lost_fields(DECLARED, item)] == ["spec.type"]


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
    assert [displayed(each) for each in lost_fields(declared, live({"f:members": {'v:"a"': {}}}))] == [
        "spec.members[b]"
    ]


SETTLED: Manifest = {"f:type": {}, "f:selector": {}, "f:ports": {".": {}, PORT_KEY: {**ALL, "f:protocol": {}}}}


def settled(ours: Manifest = SETTLED, there: Manifest | None = None, **declared: t.Any) -> bool:
    """Whether a Service with these declared fields beside the usual ones is settled on what is there."""
    item = live(ours)
    item["spec"] = {**DECLARED["spec"], "ports": [{**PORT, "protocol": "TCP"}], "clusterIP": "1.2.3.4", **(there or {})}
    item["metadata"]["managedFields"][0]["apiVersion"] = "v1"
    return is_settled({**DECLARED, "spec": {**DECLARED["spec"], **declared}}, item)


def test_what_the_server_has_filled_in_leaves_an_object_settled() -> None:
    assert settled()


@pytest.mark.parametrize(
    ("declared", "there"),
    [
        ({"type": "NodePort"}, {}),
        ({}, {"type": "NodePort"}),
        ({"more": 1}, {}),
        ({"more": 1}, {"more": 1}),
        ({"ports": []}, {}),
        ({"ports": [{"name": "http", "port": 8080}]}, {}),
        ({"ports": [PORT, {"name": "b", "port": 9}]}, {}),
        ({"ports": [{**PORT, "appProtocol": "h2c"}]}, {}),
        ({"ports": [{**PORT, "port": 9}]}, {}),
        ({}, {"ports": [{"name": "http", "port": 8080, "protocol": "TCP"}]}),
        ({"selector": {"a": "c"}}, {}),
        ({"selector": None}, {}),
    ],
)
def test_any_other_value_or_field_has_to_be_asked_for(declared: Manifest, there: Manifest) -> None:
    assert not settled(there=there, **declared)


def test_a_field_that_is_owned_and_not_declared_any_more_has_to_be_asked_for() -> None:
    assert not settled({**SETTLED, "f:externalName": {}}, {"externalName": "x"})
    assert not settled({**SETTLED, "f:ports": {PORT_KEY: {**ALL, "f:nodePort": {}}}})
    assert not settled({**SETTLED, "f:ports": {PORT_KEY: ALL, 'k:{"port":9,"protocol":"TCP"}': ALL}})


def test_items_in_another_order_have_to_be_asked_for() -> None:
    key = {name: f'k:{{"name":"{name}"}}' for name in "ab"}
    ours = {"f:items": {key["a"]: {"f:name": {}}, key["b"]: {"f:name": {}}}}
    item = live(ours)
    item["metadata"]["managedFields"][0]["apiVersion"] = "v1"
    a, b = {"name": "a"}, {"name": "b"}
    item["spec"] = {"items": [a, {"name": "of somebody else"}, b]}
    assert is_settled({**DECLARED, "spec": {"items": [a, b]}}, item)
    assert not is_settled({**DECLARED, "spec": {"items": [b, a]}}, item)


def test_an_object_of_another_version_or_that_was_changed_as_the_release_has_to_be_asked_for() -> None:
    item = live(SETTLED)
    assert not is_settled(DECLARED, item), "managedFields of another version may name fields otherwise"
    item["metadata"]["managedFields"].append({"manager": MANAGER, "apiVersion": "v1", "fieldsV1": {}})
    assert not is_settled(DECLARED, item)
