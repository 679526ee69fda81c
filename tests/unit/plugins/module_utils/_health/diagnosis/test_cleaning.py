# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""An object is shown without secret values and without bookkeeping, and is otherwise as it was."""

from __future__ import annotations

import copy
import typing as t

from ansible_collections.intelgraph.maestro.plugins.module_utils._health.diagnosis.cleaning import cleaned
from ansible_collections.intelgraph.maestro.plugins.module_utils._health.diagnosis.masking import Mask

MASK = Mask({"maestro-secrets/KEY": "canary-value"})


def live(kind: str, **more: t.Any) -> dict[str, t.Any]:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": "maestro"}, **more}


def test_a_secret_shows_keys_and_sizes_only() -> None:
    shown = cleaned(live("Secret", data={"KEY": "Y2FuYXJ5LXZhbHVl", "EMPTY": ""}, stringData={"b": "é"}), MASK)
    assert shown["data"] == {"KEY": "(12 bytes)", "EMPTY": "(0 bytes)"}
    assert shown["stringData"] == {"b": "(2 bytes)"}


def test_a_config_map_keeps_its_settings_without_what_is_secret_in_them() -> None:
    shown = cleaned(live("ConfigMap", data={"config.yaml": "level: info\npassword: canary-value"}), MASK)
    assert shown["data"] == {"config.yaml": "level: info\npassword: (secret maestro-secrets/KEY)"}


def test_binary_data_shows_its_size() -> None:
    assert cleaned(live("ConfigMap", binaryData={"x": "AAAA"}), MASK)["binaryData"] == {"x": "(3 bytes)"}


def test_environment_literals_are_left_out_and_references_stay() -> None:
    reference = {"name": "B", "valueFrom": {"secretKeyRef": {"name": "maestro-secrets", "key": "KEY"}}}
    pod = live("Pod", spec={"containers": [{"name": "maestro", "env": [{"name": "A", "value": "x"}, reference]}]})
    assert cleaned(pod, MASK)["spec"]["containers"][0]["env"] == [{"name": "A", "value": "(left out)"}, reference]


def test_bookkeeping_goes_and_an_annotation_that_repeats_the_object_is_left_out() -> None:
    pod = live("Pod")
    pod["metadata"] |= {
        "managedFields": [{}],
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{...}", "note": "uses canary-value"},
    }
    metadata = cleaned(pod, MASK)["metadata"]
    assert "managedFields" not in metadata
    assert metadata["annotations"] == {
        "kubectl.kubernetes.io/last-applied-configuration": "(left out)",
        "note": "uses (secret maestro-secrets/KEY)",
    }


def test_fields_that_name_secrets_stay_and_fields_that_are_secrets_go() -> None:
    spec = {"secretName": "maestro-tls", "automountServiceAccountToken": False, "password": "x", "clientSecret": "y"}
    shown = cleaned(live("Whatever", spec=spec), MASK)["spec"]
    assert shown == {**spec, "password": "(secret)", "clientSecret": "(secret)"}


def test_the_object_that_was_given_is_not_changed() -> None:
    given = live("Secret", data={"KEY": "Y2FuYXJ5LXZhbHVl"}, metadata={"name": "a", "managedFields": []})
    before = copy.deepcopy(given)
    cleaned(given, MASK)
    assert given == before
