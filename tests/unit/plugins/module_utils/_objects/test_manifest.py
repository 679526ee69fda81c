# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What identifies a manifest, and how secret values travel apart from it."""

from __future__ import annotations

import datetime as dt
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.intelgraph.maestro.plugins.module_utils._objects.manifest import (
    SECRET_MARK,
    Key,
    key_of,
    malformed,
    put_back_secrets,
    take_out_secrets,
)
from tests.unit.plugins.samples import NAMESPACE, base64_of, config_map, manifest, namespace, secret
from tests.unit.rendering import only

VALUES = st.dictionaries(st.text("ABC_", min_size=1, max_size=5), st.text(max_size=40), max_size=4)


def test_a_key_reads_as_people_name_objects() -> None:
    assert str(key_of(config_map("c"))) == "ConfigMap maestro-system/c"
    assert str(key_of(namespace("n"))) == "Namespace n"


def test_a_cluster_scoped_object_has_an_empty_namespace() -> None:
    assert key_of(namespace("n")) == Key("v1", "Namespace", "", "n")


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("text", "is a str, not an object"),
        ([], "is a list, not an object"),
        ({}, "has no apiVersion, no kind, no metadata.name"),
        ({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": ""}}, "has no metadata.name"),
        ({"apiVersion": "v1", "kind": "Pod", "metadata": None}, "has no metadata.name"),
        ({"apiVersion": 1, "kind": "Pod", "metadata": {"name": "p"}}, "has no apiVersion"),
        (config_map(), ""),
    ],
)
def test_what_is_no_object_is_told_why(document: t.Any, words: str) -> None:
    assert malformed(document) == words


@pytest.mark.parametrize(
    ("field", "value"),
    [("stringData", 5432), ("stringData", None), ("data", "no base64!"), ("data", "/w"), ("data", 7)],
)
def test_a_secret_value_that_is_no_text_is_named_but_not_shown(field: str, value: t.Any) -> None:
    wrong = {**secret(), field: {"PORT": value}}
    assert f"{field}.PORT" in malformed(wrong)
    assert str(value) not in malformed(wrong)


def test_secret_values_that_are_no_dictionary_are_refused() -> None:
    assert "stringData" in malformed({**secret(), "stringData": "hunter2"})
    assert "hunter2" not in malformed({**secret(), "stringData": "hunter2"})


def test_secret_values_leave_their_manifest() -> None:
    manifests, values = take_out_secrets([config_map("c"), secret("s", TOKEN="hunter2")])
    assert manifests[0] == config_map("c")
    assert manifests[1]["stringData"] == {"TOKEN": SECRET_MARK}
    assert values == {"s/TOKEN": "hunter2"}


def test_base64_data_leaves_as_plain_text() -> None:
    given_as_data = {**secret("s"), "stringData": {"B": "2"}, "data": {"A": base64_of("1"), "B": base64_of("old")}}
    manifests, values = take_out_secrets([given_as_data])
    assert values == {"s/A": "1", "s/B": "2"}, "stringData wins, as in the API server"
    assert "data" not in only(manifests)


def test_binary_data_leaves_and_comes_back_in_base64() -> None:
    binary = {**secret("s", A="1"), "data": {"keystore.p12": "//79AA=="}}
    manifests, values = take_out_secrets([binary])
    assert values == {"s/keystore.p12": "//79AA==", "s/A": "1"}
    assert only(manifests)["data"] == {"keystore.p12": SECRET_MARK}
    assert malformed(only(manifests)) == ""
    assert only(put_back_secrets(manifests, values))["data"] == {"keystore.p12": "//79AA==", "A": base64_of("1")}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (dt.date(2026, 11, 30), "a date in data.day"),
        (b"\xff", "base64"),
        (float("nan"), "data.day"),
        ("\ud83d", "half a character"),
        ([{"a": {1}}], "a set in data.day[0].a"),
        ({True: "on"}, "a key in data.day that is no string but True"),
    ],
)
def test_what_has_no_form_in_json_is_named_with_its_object_and_field(value: t.Any, words: str) -> None:
    problem = malformed({**config_map("c"), "data": {"day": value}})
    assert problem.startswith(f"(ConfigMap {NAMESPACE}/c) has ")
    assert words in problem


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ({"name": 7}, "metadata.name that is no string but 7 (put it in quotes)"),
        ({"name": "c", "namespace": None}, "metadata.namespace that is no string but None"),
        ({"name": "c", "labels": {"team": 7}}, "metadata.labels.team that is no string but 7"),
        ({"name": "c", "annotations": {"on": True}}, "metadata.annotations.on that is no string but True"),
        ({"name": "c", "labels": ["a"]}, "metadata.labels that is no dictionary"),
    ],
)
def test_names_and_labels_are_strings(metadata: dict[str, t.Any], words: str) -> None:
    assert words in malformed({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})


def test_only_secrets_of_the_core_group_hold_values() -> None:
    other = manifest("example.org/v1", "Secret", "s", stringData={"A": "1"})
    assert take_out_secrets([other]) == ([other], {})


def test_a_missing_value_is_named() -> None:
    manifests, values = take_out_secrets([secret("s", TOKEN="hunter2", OTHER="x")])
    del values["s/TOKEN"]
    with pytest.raises(KeyError, match="s/TOKEN"):
        put_back_secrets(manifests, values)


def test_base64_data_that_was_never_taken_out_stays() -> None:
    given_as_data = {**secret("s"), "stringData": None, "data": {"A": base64_of("1")}}
    assert only(put_back_secrets([given_as_data], {}))["data"] == {"A": base64_of("1")}


@given(values=VALUES)
def test_values_come_back_as_they_left(values: dict[str, str]) -> None:
    before = {**secret("s"), "stringData": values}
    manifests, taken = take_out_secrets([before])
    whole = only(put_back_secrets(manifests, taken))
    assert whole["data"] == {key: base64_of(value) for key, value in values.items()}
    assert "stringData" not in whole
    assert before["stringData"] == values, "the input is left alone"
    assert take_out_secrets([whole]) == (manifests, taken)
