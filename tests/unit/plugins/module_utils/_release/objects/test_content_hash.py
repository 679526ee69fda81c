# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Immutable settings are named by their content, and whatever refers to them follows."""

from __future__ import annotations

import copy
import json
import re
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.intelgraph.maestro.plugins.module_utils._release.objects.content_hash import (
    name_by_content,
    named_by_content,
)
from tests.unit.plugins.samples import Manifest, config_map, deployment, manifest, secret
from tests.unit.rendering import of_kind, only

Path = tuple[str | int, ...]
CONTAINER = {
    "name": "c",
    "envFrom": [{"configMapRef": {"name": "settings"}}, {"secretRef": {"name": "keys"}}],
    "env": [
        {"name": "A", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "a"}}},
        {"name": "B", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "b"}}},
        {"name": "C", "value": "settings"},
    ],
}
POD: Manifest = {
    "imagePullSecrets": [{"name": "keys"}],
    "initContainers": [copy.deepcopy(CONTAINER)],
    "containers": [copy.deepcopy(CONTAINER)],
    "volumes": [
        {"name": "settings", "configMap": {"name": "settings"}},
        {"name": "keys", "secret": {"secretName": "keys"}},
        {
            "name": "both",
            "projected": {
                "sources": [
                    {"configMap": {"name": "settings"}},
                    {"secret": {"name": "keys"}},
                    {"serviceAccountToken": {"path": "token"}},
                ]
            },
        },
    ],
}
REFERENCES: list[Path] = [
    ("imagePullSecrets", 0, "name"),
    *[
        (containers, 0, *rest)
        for containers in ("initContainers", "containers")
        for rest in (
            ("envFrom", 0, "configMapRef", "name"),
            ("envFrom", 1, "secretRef", "name"),
            ("env", 0, "valueFrom", "configMapKeyRef", "name"),
            ("env", 1, "valueFrom", "secretKeyRef", "name"),
        )
    ],
    ("volumes", 0, "configMap", "name"),
    ("volumes", 1, "secret", "secretName"),
    ("volumes", 2, "projected", "sources", 0, "configMap", "name"),
    ("volumes", 2, "projected", "sources", 1, "secret", "name"),
]


def at(value: t.Any, path: Path) -> t.Any:
    for step in path:
        value = value[step]
    return value


def named(name: str = "settings", **data: t.Any) -> str:
    """The name by content of a ConfigMap with these data."""
    return str(only(name_by_content([config_map(name, **data)]))["metadata"]["name"])


def pod_of(kind: str, path: Path, pod: Manifest) -> Manifest:
    """A workload of that kind whose pod spec lies at `path`."""
    whole: t.Any = copy.deepcopy(pod)
    for step in reversed(path):
        whole = {step: whole}
    return {**manifest("x/v1", kind, "w"), **whole}


def test_the_name_is_the_plain_one_with_ten_digits() -> None:
    assert re.fullmatch(r"settings-[0-9a-f]{10}", named(a="1"))


def test_the_same_content_has_the_same_name_in_any_order() -> None:
    assert named(a="1", b="2") == named(b="2", a="1")


def test_other_content_has_another_name() -> None:
    assert named(a="1") != named(a="2")


def test_labels_are_no_content() -> None:
    labelled = config_map("settings", a="1")
    labelled["metadata"]["labels"] = {"team": "x"}
    assert only(name_by_content([labelled]))["metadata"]["name"] == named(a="1")


@pytest.mark.parametrize(
    "kept",
    [config_map("settings", immutable=False), manifest("v1", "Service", "settings", immutable=True)],
)
def test_what_is_not_immutable_settings_keeps_its_name(kept: Manifest) -> None:
    assert name_by_content([kept]) == [kept]


@pytest.mark.parametrize("reference", REFERENCES, ids=lambda path: ".".join(map(str, path)))
def test_a_reference_follows(reference: Path) -> None:
    settings, keys, workload = name_by_content(
        [config_map("settings"), secret("keys"), pod_of("Deployment", ("spec", "template", "spec"), POD)]
    )
    plain = at(POD, reference)
    expected = {"settings": settings, "keys": keys}[plain]["metadata"]["name"]
    assert at(workload["spec"]["template"]["spec"], reference) == expected


def test_what_only_looks_like_a_reference_stays() -> None:
    pod = only(of_kind(name_by_content([config_map("settings"), deployment(**POD)]), "Deployment"))["spec"]["template"]
    assert pod["spec"]["containers"][0]["env"][2]["value"] == "settings"
    assert pod["spec"]["volumes"][0]["name"] == "settings"


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("Deployment", ("spec", "template", "spec")),
        ("StatefulSet", ("spec", "template", "spec")),
        ("DaemonSet", ("spec", "template", "spec")),
        ("Job", ("spec", "template", "spec")),
        ("CronJob", ("spec", "jobTemplate", "spec", "template", "spec")),
        ("Pod", ("spec",)),
    ],
)
def test_every_kind_with_pods_is_followed(kind: str, path: Path) -> None:
    pod: Manifest = {"containers": [{"name": "c", "envFrom": [{"secretRef": {"name": "keys"}}]}]}
    keys, workload = name_by_content([secret("keys"), pod_of(kind, path, pod)])
    assert at(workload, (*path, "containers", 0, "envFrom", 0, "secretRef", "name")) == keys["metadata"]["name"]


def test_a_service_account_pulls_with_the_new_name() -> None:
    account = manifest("v1", "ServiceAccount", "maestro", imagePullSecrets=[{"name": "keys"}, {"name": "other"}])
    keys, followed = name_by_content([secret("keys"), account])
    assert followed["imagePullSecrets"] == [{"name": keys["metadata"]["name"]}, {"name": "other"}]


def test_a_secret_and_a_config_map_of_one_name_are_not_confused() -> None:
    pod: Manifest = {"containers": [{"name": "c", "envFrom": [{"secretRef": {"name": "both"}}]}]}
    followed = name_by_content([config_map("both"), deployment(**pod)])[1]
    assert followed["spec"]["template"]["spec"] == pod


def test_settings_of_one_name_in_two_namespaces_are_not_confused() -> None:
    here, there = config_map("settings", a="1"), config_map("settings", a="2")
    there["metadata"]["namespace"] = "elsewhere"
    pod: Manifest = {"containers": [{"name": "c", "envFrom": [{"configMapRef": {"name": "settings"}}]}]}
    followed = name_by_content([here, there, deployment(**pod)])
    assert [item["metadata"]["name"] for item in followed[:2]] == [named(a="1"), named(a="2")]
    assert at(followed[2], ("spec", "template", "spec", "containers", 0, "envFrom", 0, "configMapRef", "name")) == (
        named(a="1")
    )


def test_the_input_is_left_alone() -> None:
    manifests = [config_map("settings"), secret("keys"), deployment(**POD)]
    before = copy.deepcopy(manifests)
    name_by_content(manifests)
    assert manifests == before


def test_references_are_the_objects_named_by_content() -> None:
    settings, keys, plain = config_map("settings"), secret("keys"), config_map("plain", immutable=False)
    assert {key.name for key in named_by_content([settings, keys, plain, deployment()])} == {"settings", "keys"}


@given(
    values=st.dictionaries(st.sampled_from("abc"), st.text(max_size=5), min_size=1),
    chosen=st.lists(st.sampled_from(REFERENCES), max_size=len(REFERENCES)),
)
def test_no_reference_stays_on_the_plain_name(values: dict[str, t.Any], chosen: list[Path]) -> None:
    pod = copy.deepcopy(POD)
    for path in chosen:
        at(pod, path[:-1])[path[-1]] = "other"
    renamed = name_by_content([config_map("settings", **values), secret("keys", **values), deployment(**pod)])
    again = name_by_content([config_map("settings", **values), secret("keys", **values), deployment(**pod)])
    assert renamed == again
    followed = renamed[2]["spec"]["template"]["spec"]
    left = [path for path in REFERENCES if at(followed, path) in ("settings", "keys")]
    assert not left, json.dumps(followed)
