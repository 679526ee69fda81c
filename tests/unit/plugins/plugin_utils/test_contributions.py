# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `component` tasks registered is put together for the release, in any order and whatever else there is."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.plugin_utils._contributions import (
    contributed,
    is_registered,
    variable_of,
)


def registered(role: str, **secrets: str) -> dict[str, t.Any]:
    return {variable_of(role): {"manifests": [{"kind": role}], "secret_values": secrets}}


def test_components_come_in_the_order_of_the_roles_with_all_their_values() -> None:
    found = contributed({**registered("workload", a="1"), "other": 1, **registered("ingress", b="2")})
    assert list(found["components"]) == ["workload", "ingress"]
    assert found["components"]["ingress"] == [{"kind": "ingress"}]
    assert found["secret_values"] == {"a": "1", "b": "2"}


@pytest.mark.parametrize("value", [{"skipped": True}, {"failed": True, "msg": "no"}, "text", None])
def test_a_task_that_returned_no_component_counts_for_nothing(value: object) -> None:
    assert contributed({variable_of("ingress"): value}) == {}
    assert list(contributed({variable_of("ingress"): value, **registered("workload")})["components"]) == ["workload"]


@pytest.mark.parametrize(
    ("register", "named"),
    [("__a_component", True), ({"__a_component": "an expression"}, True), ("__a_components", False), (None, False)],
)
def test_a_task_names_the_variable_in_either_form(register: object, named: bool) -> None:
    assert is_registered("__a_component", register) is named
