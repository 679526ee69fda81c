# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Secrets a release's pods can read: whatever way the value takes to them."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._redaction.secret_values import (
    readable_secrets,
    secret_values,
)
from tests.unit.plugins.samples import base64_of, deployment, manifest

CONTAINER = {"name": "c", "image": "i"}
WAYS: dict[str, dict[str, t.Any]] = {
    "env": {
        "containers": [{**CONTAINER, "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]}]
    },
    "envFrom": {"containers": [{**CONTAINER, "envFrom": [{"secretRef": {"name": "s"}}]}]},
    "init container": {"initContainers": [{**CONTAINER, "envFrom": [{"secretRef": {"name": "s"}}]}]},
    "volume": {"volumes": [{"name": "v", "secret": {"secretName": "s"}}]},
    "projected": {"volumes": [{"name": "v", "projected": {"sources": [{"secret": {"name": "s"}}]}}]},
    "image pull": {"imagePullSecrets": [{"name": "s"}]},
}


@pytest.mark.parametrize("pod", WAYS.values(), ids=WAYS)
def test_a_secret_of_a_pod_is_found(pod: dict[str, t.Any]) -> None:
    assert readable_secrets([deployment(**pod)]) == {"s"}


@pytest.mark.parametrize(
    "writer",
    [
        manifest("v1", "Secret", "s"),
        manifest("external-secrets.io/v1", "ExternalSecret", "s", spec={}),
        manifest("external-secrets.io/v1", "ExternalSecret", "x", spec={"target": {"name": "s"}}),
        manifest("cert-manager.io/v1", "Certificate", "x", spec={"secretName": "s"}),
        manifest("v1", "ServiceAccount", "x", imagePullSecrets=[{"name": "s"}]),
        manifest("batch/v1", "CronJob", "x", spec={"jobTemplate": {"spec": {"template": {"spec": WAYS["env"]}}}}),
    ],
    ids=lambda item: item["kind"],
)
def test_a_secret_that_something_writes_or_lends_is_found(writer: dict[str, t.Any]) -> None:
    assert readable_secrets([writer]) == {"s"}


def test_records_of_releases_hold_no_value_of_a_pod() -> None:
    held = [
        {"metadata": {"name": name}, "type": kind, "data": {"k": base64_of("canary")}}
        for name, kind in (("a", "Opaque"), ("h", "helm.sh/release.v1"), ("m", "maestro.intelgraph.ai/release.v1"))
    ]
    assert secret_values(held) == {"a/k": "canary"}


def test_what_is_no_base64_is_no_value() -> None:
    assert secret_values([{"metadata": {"name": "a"}, "data": {"k": "=", "l": None}}]) == {}
