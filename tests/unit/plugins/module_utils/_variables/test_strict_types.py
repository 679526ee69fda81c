# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A value has the type that its argument spec names, or the message says what to write."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.intelgraph.maestro.plugins.module_utils._variables.strict_types import TYPES, problems
from tests.unit.rendering import only

ANY = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers()) | st.just({"a": 1})
NESTED = {
    "type": "dict",
    "options": {
        "port": {"type": "int", "default": 5432},
        "host": {"type": "str", "required": True},
        "tags": {"type": "list", "elements": "str"},
    },
}


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("str", ""),
        ("path", "/a"),
        ("int", 0),
        ("float", 1),
        ("float", 0.5),
        ("bool", False),
        ("list", []),
        ("dict", {}),
        ("raw", object()),
    ],
)
def test_the_right_type(kind: str, value: t.Any) -> None:
    assert problems("x", value, {"type": kind}) == []


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        ("bool", "maybe", "x must be a boolean, but 'maybe' was given. Write true or false"),
        ("bool", 1, "x must be a boolean, but 1 was given. Write true or false"),
        ("int", "3", "x must be a whole number, but '3' was given."),
        ("int", 1.0, "x must be a whole number, but 1.0 was given."),
        ("int", True, "x must be a whole number, but True was given."),
        ("float", "0.5", "x must be a number, but '0.5' was given."),
        ("float", False, "x must be a number, but False was given."),
        ("str", 3, "x must be a string, but 3 was given. Put the value in quotes."),
        ("list", "a", "x must be a list, but 'a' was given."),
        ("list", {"a": 1}, "x must be a list, but a dictionary was given."),
        ("dict", ["a"], "x must be a dictionary, but a list was given."),
        ("str", {"a": 1}, "x must be a string, but a dictionary was given. Put the value in quotes."),
    ],
)
def test_the_wrong_type(kind: str, value: t.Any, message: str) -> None:
    assert only(problems("x", value, {"type": kind})).startswith(message)


@given(value=ANY, kind=st.sampled_from(sorted(TYPES)))
def test_any_value_is_right_or_has_one_problem(value: t.Any, kind: str) -> None:
    found = problems("x", value, {"type": kind})
    assert len(found) <= 1
    assert all(problem.startswith("x must be ") for problem in found)


def test_a_string_is_the_default_type() -> None:
    assert problems("x", 3, {}) != []


def test_a_required_variable() -> None:
    assert problems("x", None, {"required": True}) == ["x is required."]
    assert problems("x", None, {}) == []


def test_nothing_is_no_value_for_what_has_a_default() -> None:
    message = "x must be a string, but null was given. Remove it to get the default."
    assert problems("x", None, {"default": "a"}) == [message]
    assert problems("x", None, {"default": None}) == []


def test_one_of_some_values() -> None:
    option = {"choices": ["a", "b"]}
    assert problems("x", "a", option) == []
    assert problems("x", "c", option) == ["x must be one of a, b, but 'c' was given."]


def test_the_elements_of_a_list() -> None:
    option = {"type": "list", "elements": "str", "choices": ["a", "b"]}
    assert problems("x", ["a", "b"], option) == []
    assert problems("x", ["a", 3, "c"], option) == [
        "x[1] must be a string, but 3 was given. Put the value in quotes.",
        "x[2] must be one of a, b, but 'c' was given.",
    ]
    assert problems("x", [None], option) == ["x[0] must be a string, but null was given."]


def test_the_options_of_a_dictionary() -> None:
    assert problems("x", {"host": "h"}, NESTED) == []
    unknown, wrong, missing = problems("x", {"port": "1", "hots": "h"}, NESTED)
    assert unknown == "x.hots is not known. Known are host, port, tags."
    assert wrong.startswith("x.port must be a whole number, but '1' was given.")
    assert missing == "x.host is required."
    assert problems("x", {"host": "h", "tags": [1]}, NESTED)[0].startswith("x.tags[0] must be a string")


def test_an_option_that_is_nothing_hides_its_default() -> None:
    message = "x.port must be a whole number, but null was given. Remove it to get the default."
    assert problems("x", {"host": "h", "port": None}, NESTED) == [message]


def test_dictionaries_in_a_list() -> None:
    option = {"type": "list", "elements": "dict", "options": NESTED["options"]}
    assert problems("x", [{"host": "h"}, {}], option) == ["x[1].host is required."]


@pytest.mark.parametrize(
    ("value", "option"),
    [
        (3170, {"type": "str"}),
        ("3170", {"type": "int"}),
        ("3170", {"choices": ["a"]}),
        ([3170], {"type": "list", "elements": "str"}),
        ({"a": 3170}, {"type": "dict", "options": {"a": {"type": "str"}}}),
        ({"a": [{"b": 3170}]}, {"type": "dict", "options": {"a": {"type": "list", "elements": "int"}}}),
    ],
)
def test_a_secret_is_not_repeated(value: t.Any, option: dict[str, t.Any]) -> None:
    found = problems("x", value, {**option, "no_log": True})
    assert found
    assert "3170" not in str(found)
