# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A label selector matches as it does in the API server."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._objects.label_selector import selects

LABELS = {"app": "maestro", "tier": "api"}


def asks(key: str, operator: str, *values: str) -> dict[str, t.Any]:
    return {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}


@pytest.mark.parametrize(
    ("selector", "wanted"),
    [
        (None, False),
        ({}, True),
        ({"matchLabels": {"app": "maestro"}}, True),
        ({"matchLabels": {"app": "other"}}, False),
        (asks("tier", "In", "api", "web"), True),
        (asks("tier", "NotIn", "api"), False),
        (asks("tier", "Exists"), True),
        (asks("tier", "DoesNotExist"), False),
        ({"matchLabels": {"app": "maestro"}, **asks("tier", "NotIn", "api")}, False),
    ],
)
def test_labels_and_expressions_hold_together(selector: dict[str, t.Any] | None, wanted: bool) -> None:
    assert selects(selector, LABELS) is wanted
