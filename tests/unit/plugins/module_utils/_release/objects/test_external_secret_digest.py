# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Secrets pods read that no release holds, and how their values are named."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._objects.manifest import Key
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.objects.external_secret_digest import (
    DIGEST,
    digest,
    digest_of,
    external_secrets,
    with_digest,
)
from tests.unit.plugins.samples import NAMESPACE, Manifest, base64_of, deployment, manifest, secret

WORKLOAD = Key("apps/v1", "Deployment", NAMESPACE, "maestro")


def key(name: str) -> Key:
    return Key("v1", "Secret", NAMESPACE, name)


def live(**values: str) -> Manifest:
    return manifest("v1", "Secret", "s", data={name: base64_of(value) for name, value in values.items()})


READERS: dict[str, Manifest] = {
    "environment": {"containers": [{"name": "c", "envFrom": [{"secretRef": {"name": "outer"}}]}]},
    "one-variable": {
        "containers": [{"name": "c", "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "outer"}}}]}]
    },
    "init-container": {"initContainers": [{"name": "c", "envFrom": [{"secretRef": {"name": "outer"}}]}]},
    "volume": {"volumes": [{"name": "v", "secret": {"secretName": "outer"}}]},
    "projected": {"volumes": [{"name": "v", "projected": {"sources": [{"secret": {"name": "outer"}}]}}]},
}


@pytest.mark.parametrize("pod", READERS.values(), ids=READERS)
def test_a_secret_that_no_manifest_holds_is_an_outer_one(pod: Manifest) -> None:
    assert external_secrets([deployment(**pod)]) == {WORKLOAD: (key("outer"),)}


@pytest.mark.parametrize("pod", READERS.values(), ids=READERS)
def test_a_secret_of_the_release_is_none(pod: Manifest) -> None:
    assert external_secrets([deployment(**pod), secret("outer")]) == {}


IGNORED: dict[str, Manifest] = {
    "optional": {"containers": [{"name": "c", "envFrom": [{"secretRef": {"name": "outer", "optional": True}}]}]},
    "credential-for-the-image": {"imagePullSecrets": [{"name": "outer"}]},
    "settings": {"containers": [{"name": "c", "envFrom": [{"configMapRef": {"name": "outer"}}]}]},
}


@pytest.mark.parametrize("pod", IGNORED.values(), ids=IGNORED)
def test_what_pods_can_start_without_or_do_not_read_rolls_nothing(pod: Manifest) -> None:
    assert external_secrets([deployment(**pod)]) == {}


def test_what_runs_once_is_not_rolled() -> None:
    job = manifest("batch/v1", "Job", "migrate", spec={"template": {"spec": READERS["volume"]}})
    assert external_secrets([job]) == {}


def test_a_digest_follows_every_value_and_nothing_else() -> None:
    def named(*values: Manifest) -> str:
        keys = [key(f"s{place}") for place in range(len(values))]
        return digest(keys, dict(zip(keys, values, strict=True)))

    same, relabelled = live(A="1"), {**live(A="1"), "metadata": {"name": "s", "labels": {"x": "y"}}}
    assert named(same) == named(relabelled)
    assert len({named(same), named(live(A="2")), named(live(B="1")), named(same, same), named(same, live(A="2"))}) == 5


@pytest.mark.parametrize("values", [{}, {key("a"): live(A="1"), key("b"): None}])
def test_there_is_no_digest_of_what_is_missing_or_not_known(values: dict[Key, t.Any]) -> None:
    assert digest([key("a"), key("b")], values) == ""


def test_a_digest_stands_in_the_pod_template_and_can_be_taken_off_again() -> None:
    plain = deployment()
    marked = with_digest(plain, "abc")
    assert marked["spec"]["template"]["metadata"]["annotations"] == {DIGEST: "abc"}
    assert (digest_of(marked), digest_of(plain)) == ("abc", "")
    assert digest_of(with_digest(marked, "")) == ""
    assert "annotations" not in plain["spec"]["template"]["metadata"]


def test_other_annotations_stay() -> None:
    plain = deployment()
    plain["spec"]["template"]["metadata"] = {"annotations": {"fluentbit.io/parser": "json"}}
    again = with_digest(with_digest(plain, "abc"), "")
    assert again == plain
