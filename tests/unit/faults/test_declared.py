# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reference of the fault suite sees what is missing, different and too much, and asks no code under test."""

from __future__ import annotations

import base64
import copy
import typing as t

import pytest

from tests.faults import sample
from tests.faults.declared import Declared, Identity, Manifest, problems
from tests.unit.rendering import only

NAMESPACE = "shop"
FIRST, SECOND = (
    Declared(sample.components(NAMESPACE, version), sample.secret_values(version))
    for version in (sample.FIRST, sample.SECOND)
)
HASHES = {sample.FIRST: "aaa", sample.SECOND: "bbb"}


def live(*versions: int) -> dict[Identity, Manifest]:
    """What a cluster holds after these releases, the last one in place: written down here by hand."""
    found: dict[Identity, Manifest] = {}
    for version in versions:
        code, last = HASHES[version], version == versions[-1]
        for manifest in copy.deepcopy(sample.components(NAMESPACE, version)["all"]):
            kind, name = manifest["kind"], manifest["metadata"]["name"]
            if manifest.get("immutable"):
                name = f"{name}-{code}"
                found[kind, name] = manifest
            elif last:
                found[kind, name] = manifest
            if kind == "Secret":
                value = base64.b64encode(f"token of release {version}".encode()).decode()
                manifest.update(data={"TOKEN": value}, stringData=None)
            if kind == "Deployment":
                sources = [{"configMapRef": {"name": f"settings-{code}"}}, {"secretRef": {"name": f"values-{code}"}}]
                manifest["spec"]["template"]["spec"]["containers"][0]["envFrom"] = sources
                manifest["spec"]["replicas"] = 7
            manifest["status"] = {"added": "by the server"}
    return found


def test_a_release_as_it_should_be_has_no_problems() -> None:
    assert problems(FIRST, [], live(1)) == []
    assert problems(SECOND, [FIRST], live(1, 2)) == []
    assert problems(FIRST, [FIRST, SECOND], live(1, 2, 1)) == []


def test_what_a_former_release_had_and_this_one_has_not_must_go() -> None:
    found = live(1, 2)
    found["Service", "first-only"] = {"kind": "Service"}
    assert problems(SECOND, [FIRST], found) == ["Service first-only must not be there"]


def test_settings_stay_only_as_long_as_they_are_remembered() -> None:
    assert problems(SECOND, [], live(1, 2)) == [
        "ConfigMap settings-aaa must not be there",
        "Secret values-aaa must not be there",
    ]


@pytest.mark.parametrize(
    ("kind", "name", "change", "reported"),
    [
        ("Role", sample.NAME, lambda role: role["rules"][0]["verbs"].append("list"), "rules[0].verbs"),
        ("Service", sample.NAME, lambda service: service["spec"]["selector"].clear(), "spec.selector"),
        ("HorizontalPodAutoscaler", sample.NAME, lambda hpa: hpa["spec"].pop("maxReplicas"), "maxReplicas is None"),
    ],
)
def test_a_declared_field_that_differs_is_named(
    kind: str, name: str, change: t.Callable[[Manifest], object], reported: str
) -> None:
    found = live(1)
    change(found[kind, name])
    assert any(f"{kind} {name}: {reported}" in each or reported in each for each in problems(FIRST, [], found))


def test_pods_that_read_other_settings_are_seen() -> None:
    found = live(1)
    pod = found["Deployment", sample.NAME]["spec"]["template"]["spec"]["containers"][0]
    pod["envFrom"][0]["configMapRef"]["name"] = "settings-old"
    assert "envFrom[0].configMapRef.name is 'settings-old'" in only(problems(FIRST, [], found))


def test_a_secret_without_the_declared_value_is_no_copy_of_it() -> None:
    found = live(1)
    found["Secret", "values-aaa"]["data"] = {"TOKEN": "b3RoZXI="}
    assert "Secret values: no copy holds the declared values" in problems(FIRST, [], found)


def test_what_is_missing_is_named() -> None:
    found = live(1)
    del found["NetworkPolicy", sample.NAME]
    assert only(problems(FIRST, [], found)) == "NetworkPolicy maestro is missing"
