# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A text becomes what its option names where it can mean only that; null and an empty text mean the default."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.intelgraph.maestro.plugins.module_utils._variables.plain_text import settled
from ansible_collections.intelgraph.maestro.plugins.module_utils._variables.strict_types import TYPES

NESTED = {"type": "dict", "options": {"port": {"type": "int"}, "tls": {"type": "bool"}, "host": {"type": "str"}}}
LIST = {"type": "list", "elements": "dict", "options": {"port": {"type": "int"}}}


def meant(value: t.Any, **option: t.Any) -> t.Any:
    return settled({"x": value}, {"x": option})["x"]


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("bool", "true", True),
        ("bool", "True", True),
        ("bool", "no", False),
        ("bool", "maybe", "maybe"),
        ("int", "5", 5),
        ("int", "-1", -1),
        ("int", "007", "007"),
        ("int", "5.0", "5.0"),
        ("int", "1e3", "1e3"),
        ("float", "0.5", 0.5),
        ("float", "2", 2),
        ("float", "nan", "nan"),
        ("str", "true", "true"),
        ("str", "007", "007"),
        ("path", "1", "1"),
    ],
)
def test_a_text_becomes_what_it_can_only_mean(kind: str, text: str, value: t.Any) -> None:
    found = meant(text, type=kind)
    assert (type(found), found) == (type(value), value)


@given(value=st.booleans() | st.integers() | st.floats(allow_nan=False), kind=st.sampled_from(sorted(TYPES)))
def test_what_has_a_type_keeps_it(value: t.Any, kind: str) -> None:
    assert meant(value, type=kind) is value


def test_texts_inside_are_meant_alike() -> None:
    assert meant({"port": "5432", "tls": "false", "host": "1"}, **NESTED) == {"port": 5432, "tls": False, "host": "1"}
    assert meant([{"port": "1"}, 7], **LIST) == [{"port": 1}, 7]


@pytest.mark.parametrize("nothing", [None, ""])
@pytest.mark.parametrize(
    "option",
    [
        {"type": "int", "default": 3},
        {"type": "bool", "default": True},
        {"type": "list", "default": ["a"]},
        {"type": "str", "default": "b", "choices": ["a", "b"]},
    ],
)
def test_nothing_means_the_default(nothing: t.Any, option: dict[str, t.Any]) -> None:
    assert meant(nothing, **option) == option["default"]


def test_an_empty_text_is_a_value_of_a_text_unless_the_variable_is_a_shared_one() -> None:
    option = {"type": "str", "default": "gp3"}
    assert settled({"workload_storage_class": ""}, {"workload_storage_class": option})["workload_storage_class"] == ""
    assert settled({"maestro_name": ""}, {"maestro_name": option})["maestro_name"] == "gp3"
    assert meant(None, **option) == "gp3"


def test_what_has_no_default_stays_nothing() -> None:
    assert meant(None, type="str", required=True) is None
