# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which fields a release owns, which it shows, and that a secret value is never among them."""

from __future__ import annotations

import copy
import json
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.intelgraph.maestro.plugins.module_utils._objects.manifest import Key, key_of
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.objects.ownership import (
    comparable,
    field_changes,
    initial_replicas,
    without_initial_replicas,
    without_secret_values,
)
from tests.unit.plugins.samples import Manifest, autoscaler, base64_of, config_map, deployment, secret, service
from tests.unit.rendering import only

VALUES = st.recursive(
    st.booleans() | st.integers(0, 3) | st.text("ab", max_size=2),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from("xyz"), inner, max_size=3)
        | st.lists(st.fixed_dictionaries({"name": st.sampled_from("pq"), "v": inner}), max_size=3)
    ),
    max_leaves=8,
)


def stored(values: dict[str, str], **metadata: t.Any) -> Manifest:
    """A Secret as the API server returns it."""
    whole = {**secret("s"), "data": {key: base64_of(value) for key, value in values.items()}}
    del whole["stringData"]
    whole["metadata"].update(metadata)
    return whole


def test_replicas_are_the_autoscalers() -> None:
    kept, replicas = without_initial_replicas([autoscaler(), deployment(replicas=4), service()])
    assert "replicas" not in kept[1]["spec"]
    assert replicas == {key_of(deployment()): 4}
    assert [item["kind"] for item in kept] == ["HorizontalPodAutoscaler", "Deployment", "Service"]


@pytest.mark.parametrize(
    "scaler", [autoscaler("other"), autoscaler(kind="StatefulSet"), {**autoscaler(), "spec": {}}, service()]
)
def test_replicas_stay_where_no_autoscaler_wants_them(scaler: Manifest) -> None:
    workload = deployment(replicas=4)
    assert without_initial_replicas([scaler, workload]) == ([scaler, workload], {})


def test_an_autoscaler_of_another_namespace_is_not_meant() -> None:
    elsewhere = autoscaler()
    elsewhere["metadata"]["namespace"] = "elsewhere"
    assert without_initial_replicas([elsewhere, deployment(replicas=4)])[1] == {}


def test_the_manifests_are_left_alone() -> None:
    workload = deployment(replicas=4)
    without_initial_replicas([autoscaler(), workload])
    assert workload == deployment(replicas=4)


def test_only_replicas_are_given_at_creation() -> None:
    assert initial_replicas(Key("apps/v1", "Deployment", "n", "d"), 3) == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "d", "namespace": "n"},
        "spec": {"replicas": 3},
    }


def test_what_the_cluster_keeps_for_itself_is_not_compared() -> None:
    live = {**service(), "status": {"loadBalancer": {}}}
    live["metadata"] = {**live["metadata"], "resourceVersion": "7", "uid": "u", "managedFields": [], "generation": 2}
    assert comparable(live) == service()


def test_what_does_not_exist_has_no_fields() -> None:
    assert comparable(None) == {}


def test_what_kubectl_remembers_of_a_secret_is_not_shown() -> None:
    applied = json.dumps(stored({"TOKEN": "hunter2"}))
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": applied, "team": "x"}
    displayed = comparable(stored({"TOKEN": "hunter2"}, annotations=annotations))
    assert base64_of("hunter2") not in json.dumps(without_secret_values(displayed))
    assert displayed["metadata"]["annotations"] == {"team": "x"}


def test_a_secret_shows_marks() -> None:
    assert without_secret_values(stored({"A": "1"}))["data"] == {"A": "(secret)"}


def test_a_changed_value_has_another_mark() -> None:
    displayed = without_secret_values(stored({"A": "1", "B": "2", "C": "3"}), stored({"A": "1", "B": "old"}))
    assert displayed["data"] == {"A": "(secret)", "B": "(secret, changed)", "C": "(secret, changed)"}


def test_plain_values_are_hidden_as_well() -> None:
    assert "rediss" not in json.dumps(without_secret_values(secret("s", URL="rediss://:x@r")))


def test_other_kinds_are_shown_as_they_are() -> None:
    assert without_secret_values(config_map()) == config_map()
    assert without_secret_values({}) == {}


def test_a_change_is_told_by_its_path() -> None:
    assert field_changes({"a": {"b": 1, "c": 2}}, {"a": {"b": 3, "d": 4}}) == [
        ("a.b", 1, 3),
        ("a.c", 2, None),
        ("a.d", None, 4),
    ]


def test_lists_of_named_objects_are_matched_by_name() -> None:
    before = {"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}
    after = {"env": [{"name": "B", "value": "3"}, {"name": "C", "value": "4"}]}
    assert field_changes(before, after) == [
        ("env[A]", {"name": "A", "value": "1"}, None),
        ("env[B].value", "2", "3"),
        ("env[C]", None, {"name": "C", "value": "4"}),
    ]


def test_names_that_come_twice_name_nothing() -> None:
    before = {"env": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]}
    after = {"env": [{"name": "A", "value": "3"}, {"name": "A", "value": "2"}]}
    assert only(field_changes(before, after)) == ("env", before["env"], after["env"])


def test_another_order_is_a_change() -> None:
    assert only(field_changes([{"name": "A"}, {"name": "B"}], [{"name": "B"}, {"name": "A"}]))


@given(before=VALUES, after=VALUES)
def test_there_are_changes_exactly_when_values_differ(before: t.Any, after: t.Any) -> None:
    changes = field_changes(copy.deepcopy(before), copy.deepcopy(after))
    assert bool(changes) == (before != after)
    assert all(old != new for (path, old, new) in changes)


@given(
    before=st.dictionaries(st.sampled_from("ABC"), st.text("xyz0", min_size=8, max_size=9)),
    after=st.dictionaries(st.sampled_from("ABC"), st.text("xyz0", min_size=8, max_size=9)),
)
def test_no_value_of_a_secret_is_ever_shown(before: dict[str, str], after: dict[str, str]) -> None:
    displayed = json.dumps(
        [without_secret_values(stored(after), stored(before)), without_secret_values(stored(before))]
    )
    values = [*before.values(), *after.values()]
    assert not [value for value in values if value in displayed or base64_of(value) in displayed]
