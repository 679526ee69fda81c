# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Definitions of other projects' kinds, as they are given to the API server."""

from __future__ import annotations

from maestro_lab import addon
from maestro_lab.definitions import without_descriptions


def test_descriptions_go_and_fields_of_that_name_stay() -> None:
    schema = {
        "description": "what it is",
        "properties": {"description": {"type": "string", "description": "its text"}, "size": {"enum": [1, 2]}},
        "required": ["description"],
        "oneOf": [{"description": "a", "type": "string"}, {"type": "null"}],
    }
    assert without_descriptions(schema) == {
        "properties": {"description": {"type": "string"}, "size": {"enum": [1, 2]}},
        "required": ["description"],
        "oneOf": [{"type": "string"}, {"type": "null"}],
    }


def test_every_source_is_pinned() -> None:
    for source in addon.kinds_of(tuple(addon.known().values())):
        assert f"{source.module} v" in (source.required_by / "go.mod").read_text()
