# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written as a string is read as a string by YAML 1.1 and 1.2."""

from __future__ import annotations

import typing as t

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.intelgraph.maestro.plugins.plugin_utils._plain_yaml import dump

AMBIGUOUS = [
    "1e3",
    "0839",
    "0o17",
    "007",
    "on",
    "No",
    "2026-11-30",
    "~",
    "null",
    "1_0",
    "0x1F",
    ".5",
    "1:30",
    "y",
    "=",
    ".inf",
    "+1",
    "1.",
    "-0",
]
DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=("Cs", "Cc"))),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.from_regex("[a-z]{1,5}", fullmatch=True), inner, max_size=3)
    ),
)


@pytest.mark.parametrize("text", AMBIGUOUS)
def test_what_some_parser_takes_for_no_string_is_quoted(text: str) -> None:
    assert dump({"a": text}) == f'a: "{text}"\n'


@pytest.mark.parametrize("text", ["consensus", "http://pdp.security:8181", "v1.2", "1Gi", "500m", "online"])
def test_an_ordinary_text_needs_no_quotes(text: str) -> None:
    assert dump({"a": text}) == f"a: {text}\n"


def test_numbers_and_booleans_stay_themselves() -> None:
    assert dump({"a": 1, "b": True, "c": [0.5]}) == "a: 1\nb: true\nc:\n  - 0.5\n"


@given(DATA)
def test_what_is_written_is_read(data: t.Any) -> None:
    assert yaml.safe_load(dump({"a": data})) == {"a": data}
