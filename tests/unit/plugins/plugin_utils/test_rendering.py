# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A templates folder becomes manifests, or a message with the file and the line, never with the text."""

from __future__ import annotations

import contextlib
import json
import pathlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.intelgraph.maestro.plugins.plugin_utils._rendering import BadTemplate, parse, render

CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s, namespace: n}\n"


def folder(path: pathlib.Path, **templates: str) -> pathlib.Path:
    for name, text in templates.items():
        (path / f"{name}.yaml.j2").write_text(text, encoding="utf-8")
    return path


def as_it_is(path: pathlib.Path) -> str:
    return path.read_text(encoding="utf-8")


def names(path: pathlib.Path) -> list[str]:
    return [manifest["metadata"]["name"] for manifest in render(path, as_it_is)]


def test_templates_are_rendered_in_the_order_of_their_names(tmp_path: pathlib.Path) -> None:
    assert names(folder(tmp_path, b=CONFIG_MAP % "two", a=CONFIG_MAP % "one")) == ["one", "two"]


def test_a_template_gives_no_object_one_or_several(tmp_path: pathlib.Path) -> None:
    several = f"---\n{CONFIG_MAP % 'one'}---\n# nothing here\n---\n{CONFIG_MAP % 'two'}"
    assert names(folder(tmp_path, empty="", comment="# off\n", several=several)) == ["one", "two"]


def test_only_yaml_templates_are_objects(tmp_path: pathlib.Path) -> None:
    (tmp_path / "_macros.j2").write_text("not: an object", encoding="utf-8")
    assert names(folder(tmp_path, a=CONFIG_MAP % "one")) == ["one"]


def test_an_object_rendered_twice_is_a_mistake(tmp_path: pathlib.Path) -> None:
    with pytest.raises(BadTemplate, match="more than once: ConfigMap n/one"):
        render(folder(tmp_path, a=CONFIG_MAP % "one", b=CONFIG_MAP % "one"), as_it_is)


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\nb: *hunter2\n",
        "a: 1\nb: !hunter2 x\n",
        'a: 1\nb: "hunter2\n',
        "a: 1\nb: hunter2: x\n",
        "a: 1\nb: {hunter2\n",
        "a: 1\n\tb: hunter2\n",
    ],
)
def test_a_mistake_names_file_and_line_but_not_the_text(text: str) -> None:
    with pytest.raises(BadTemplate) as caught:
        parse("secret.yaml.j2", text)
    assert str(caught.value).startswith("secret.yaml.j2 renders to invalid YAML at line ")
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None, "the parser's own message may quote the text"


def test_the_line_is_that_of_the_mistake() -> None:
    with pytest.raises(BadTemplate, match="at line 3 "):
        parse("a.yaml.j2", "a: 1\nb: 2\nc: *none\n")


@pytest.mark.parametrize(
    "text", ["a: \x07", "a: 2026-13-45", "a: 2026-11-23", "a: !!binary aGk=", "2026-11-23: a", "&a [*a]", "a: 0x_"]
)
def test_a_value_without_a_json_form_is_refused(text: str) -> None:
    with pytest.raises(BadTemplate, match=r"^a\.yaml\.j2 "):
        parse("a.yaml.j2", text)


def test_what_is_no_object_is_named_by_its_place() -> None:
    with pytest.raises(BadTemplate, match=r"a\.yaml\.j2: document 2 has no kind"):
        parse("a.yaml.j2", f"{CONFIG_MAP % 'one'}---\napiVersion: v1\nmetadata: {{name: x}}\n")


@given(text=st.text("ab:*&!{}[]-|>%@`'\"\n\t 0xé#,?\x07", max_size=30))
def test_any_text_gives_objects_or_a_message(text: str) -> None:
    with contextlib.suppress(BadTemplate):
        parse("a.yaml.j2", text)


@given(st.text(st.characters(codec="utf-8"), max_size=20))
def test_any_text_comes_through_json(text: str) -> None:
    document = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata: {json.dumps({'text': text})}\n"
    assert parse("a.yaml.j2", document)[0]["data"] == {"text": text}


@pytest.mark.parametrize("text", ["\U0001f600", "\\ud83d\\ude00", "\\\U0001f600\U0001f600"])
def test_a_character_beyond_16_bits_is_no_pair_of_halves(text: str) -> None:
    document = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata: {json.dumps({'text': text})}\n"
    assert parse("a.yaml.j2", document)[0]["data"] == {"text": text}
