# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The components of the roles become the manifests of one release."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._objects.manifest import key_of, take_out_secrets
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.objects.assembly import (
    BadComponents,
    assemble,
)
from tests.unit.plugins.samples import (
    autoscaler,
    base64_of,
    deployment,
    manifest,
    namespace,
    secret,
    service,
)


def test_manifests_come_complete_named_and_in_order() -> None:
    pod: dict[str, t.Any] = {"containers": [{"name": "c", "envFrom": [{"secretRef": {"name": "maestro-secrets"}}]}]}
    manifests, values = take_out_secrets([secret(TOKEN="hunter2")])
    components = {"workload": [deployment(**pod), autoscaler()], "secrets": manifests, "namespace": [namespace()]}
    release = assemble(components, values)
    assert [item["kind"] for item in release.manifests] == [
        "Namespace",
        "Secret",
        "Deployment",
        "HorizontalPodAutoscaler",
    ]
    held, workload = release.manifests[1:3]
    assert held["data"] == {"TOKEN": base64_of("hunter2")}
    container = workload["spec"]["template"]["spec"]["containers"][0]
    assert container["envFrom"][0]["secretRef"]["name"] == held["metadata"]["name"] != "maestro-secrets"
    assert release.replicas == {key_of(deployment()): 3}


def test_another_secret_value_is_another_release() -> None:
    manifests, values = take_out_secrets([secret(TOKEN="hunter2")])
    first = assemble({"secrets": manifests}, values)
    assert first == assemble({"secrets": manifests}, values)
    assert first != assemble({"secrets": manifests}, {"maestro-secrets/TOKEN": "hunter3"})


@pytest.mark.parametrize(
    ("components", "words"),
    [
        ({"ingress": [service(), {}]}, r"ingress\[1\] has no apiVersion"),
        ({"ingress": None}, "ingress is a NoneType, not a list"),
        ({"ingress": service()}, "ingress is a dict, not a list"),
        ({"a": [service()], "b": [service()]}, "Service maestro-system/maestro by a and b"),
        ({"a": [service(), service()]}, "Service maestro-system/maestro by a and a"),
        ({"a": [secret("s", TOKEN="(secret)")]}, "The secret value 's/TOKEN' is missing"),
    ],
)
def test_components_that_cannot_be_released_are_told_why(components: t.Any, words: str) -> None:
    with pytest.raises(BadComponents, match=words):
        assemble(components, {})


def test_a_secret_value_that_is_no_text_is_named_but_not_shown() -> None:
    with pytest.raises(BadComponents, match="s/PORT is of type int, not text") as caught:
        assemble({"a": [secret("s", PORT="(secret)")]}, t.cast("dict[str, str]", {"s/PORT": 5432}))
    assert "5432" not in str(caught.value)


def test_secrets_of_one_name_in_two_namespaces_would_share_their_values() -> None:
    elsewhere = manifest("v1", "Secret", "s", namespace="elsewhere", stringData={"A": "(secret)"})
    with pytest.raises(BadComponents, match="Secret elsewhere/s and Secret maestro-system/s"):
        assemble({"a": [secret("s", A="(secret)")], "b": [elsewhere]}, {"s/A": "1"})


def test_no_component_is_an_empty_release() -> None:
    assert assemble({}, {}).manifests == ()
