# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The difference of two releases in the history."""

from __future__ import annotations

from ansible_collections.intelgraph.maestro.plugins.module_utils._release.planning.release_diff import differences
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.record.history import Record
from tests.unit.plugins.samples import Manifest, config_map, service
from tests.unit.rendering import only


def record(number: int, *manifests: Manifest) -> Record:
    return Record(number, "passed", manifests)


def test_the_same_objects_do_not_differ() -> None:
    assert differences(record(1, service()), record(2, service())) == []


def test_objects_that_came_went_and_changed() -> None:
    old = record(1, service("gone"), service("same"), service("other", type="NodePort"))
    new = record(2, service("new"), service("same"), service("other", type="ClusterIP"))
    assert differences(old, new) == [
        {"object": "Service maestro-system/new", "change": "added", "fields": []},
        {
            "object": "Service maestro-system/other",
            "change": "changed",
            "fields": [{"field": "spec.type", "before": "NodePort", "after": "ClusterIP"}],
        },
        {"object": "Service maestro-system/gone", "change": "removed", "fields": []},
    ]


def test_settings_under_another_name_are_the_same_object() -> None:
    found = only(differences(record(1, config_map("c-1", a="old")), record(2, config_map("c-2", a="new"))))
    assert found["change"] == "changed"
    assert [field["field"] for field in found["fields"]] == ["metadata.name", "data.a"]
