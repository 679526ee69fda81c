# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""An object is shown without secret values and without bookkeeping, and is otherwise as it was."""

from __future__ import annotations

import copy
import json
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._redaction.mask import Mask
from ansible_collections.intelgraph.maestro.plugins.module_utils._support_bundle.sanitize import cleaned

MASK = Mask({"maestro-secrets/KEY": "canary-value"})


def live(kind: str, **more: t.Any) -> dict[str, t.Any]:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": "maestro"}, **more}


def test_a_secret_shows_keys_and_sizes_only() -> None:
    displayed = cleaned(
        live("Secret", data={"DB_PASSWORD": "Y2FuYXJ5LXZhbHVl", "EMPTY": ""}, stringData={"b": "é"}), MASK
    )
    assert displayed["data"] == {"DB_PASSWORD": "(12 bytes)", "EMPTY": "(0 bytes)"}
    assert displayed["stringData"] == {"b": "(2 bytes)"}


def test_a_config_map_keeps_its_settings_without_what_is_secret_in_them() -> None:
    displayed = cleaned(live("ConfigMap", data={"config.yaml": "level: info\npassword: canary-value"}), MASK)
    assert displayed["data"] == {"config.yaml": "level: info\npassword: (secret maestro-secrets/KEY)"}


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
    spec = {
        "secretName": "maestro-tls",
        "automountServiceAccountToken": False,
        "password": "x",
        "clientSecret": "y",
        "token": {"value": "z"},
    }
    displayed = cleaned(live("Whatever", spec=spec), MASK)["spec"]
    assert displayed == {**spec, "password": "(secret)", "clientSecret": "(secret)", "token": {"value": "(secret)"}}


def test_names_decide_in_settings_and_annotations() -> None:
    data = {"DB_PASSWORD": "hunter2", "MAX_TOKENS": "4096", "LOG_LEVEL": "info", ".env": "A=1\nAPI_TOKEN=two words\n"}
    settings = live("ConfigMap", data=data)
    settings["metadata"]["annotations"] = {"example.com/deploy-token": "hunter2", "checksum/config": "0a1b"}
    displayed = cleaned(settings, MASK)
    assert displayed["data"] == {**data, "DB_PASSWORD": "(secret)", ".env": "A=1\nAPI_TOKEN=(secret)\n"}
    assert displayed["metadata"]["annotations"] == {"example.com/deploy-token": "(secret)", "checksum/config": "0a1b"}


def test_a_key_of_which_the_value_is_known_names_it() -> None:
    displayed = cleaned(live("ConfigMap", data={"DB_PASSWORD": "canary-value"}), MASK)
    assert displayed["data"] == {"DB_PASSWORD": "(secret maestro-secrets/KEY)"}


@pytest.mark.parametrize(
    ("given", "displayed"),
    [
        (["--db-password", "hunter2", "--port", "80"], ["--db-password", "(secret)", "--port", "80"]),
        (["--db-password=hun,ter 2", "--port=80"], ["--db-password=(secret)", "--port=80"]),
        (["--use-token", "--verbose"], ["--use-token", "--verbose"]),
        (["--password-file", "/run/x", "--token=$(TOKEN)"], ["--password-file", "/run/x", "--token=$(TOKEN)"]),
        (["sh", "-c", "app --token hunter2 --port 80"], ["sh", "-c", "app --token (secret) --port 80"]),
        (["DB_PASSWORD=hunter2"], ["DB_PASSWORD=(secret)"]),
        (["curl", "-u", "me:hunter2"], ["curl", "-u", "me:(secret)"]),
    ],
)
def test_arguments_lose_the_values_of_telling_options(given: list[str], displayed: list[str]) -> None:
    pod = live("Pod", spec={"containers": [{"name": "maestro", "args": given}]})
    assert cleaned(pod, MASK)["spec"]["containers"][0]["args"] == displayed


def test_any_annotation_that_repeats_an_object_is_left_out_also_of_a_template() -> None:
    repeated = json.dumps({"spec": {"containers": [{"env": [{"name": "A", "value": "hunter2"}]}]}})
    annotations = {
        "kopf.zalando.org/last-handled-configuration": repeated,
        "objectset.rio.cattle.io/applied": "H4sI" * 9,
    }
    template = {"metadata": {"annotations": annotations}}
    displayed = cleaned(live("Deployment", spec={"template": template}), MASK)["spec"]["template"]
    assert set(displayed["metadata"]["annotations"].values()) == {"(left out)"}


def test_headers_and_parameters_are_named_beside_their_value() -> None:
    headers = [{"name": "X-Api-Key", "value": "hunter2"}, {"name": "Host", "value": "maestro"}]
    displayed = cleaned(live("Pod", spec={"httpHeaders": headers}), MASK)["spec"]
    assert displayed == {"httpHeaders": [{"name": "X-Api-Key", "value": "(secret)"}, headers[1]]}


def test_what_only_refers_to_a_secret_stays() -> None:
    mask = Mask({}, {"maestro-basic-auth"})
    spec = {
        "data": [{"secretKey": "DB_PASSWORD", "remoteRef": {"key": "prod/maestro", "property": "dbPassword"}}],
        "topologySpreadConstraints": [{"topologyKey": "topology.kubernetes.io/zone"}],
        "hard": {"secrets": "20", "count/secrets": "20"},
        "privateKey": {"algorithm": "ECDSA", "rotationPolicy": "Always"},
        "rules": [{"resources": ["secrets"], "verbs": ["get"]}],
        "serviceAccountToken": {"path": "token", "expirationSeconds": 3607},
    }
    displayed = live("Whatever", spec=spec)
    displayed["metadata"]["annotations"] = {
        "nginx.ingress.kubernetes.io/auth-secret": "maestro-basic-auth",
        "nginx.ingress.kubernetes.io/session-cookie-name": "route",
        "cert-manager.io/private-key-rotation-policy": "Always",
    }
    assert cleaned(displayed, mask) == displayed


def test_the_object_that_was_given_is_not_changed() -> None:
    given = live("Secret", data={"KEY": "Y2FuYXJ5LXZhbHVl"}, metadata={"name": "a", "managedFields": []})
    before = copy.deepcopy(given)
    cleaned(given, MASK)
    assert given == before
