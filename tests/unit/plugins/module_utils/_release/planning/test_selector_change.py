# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which changes of a selector let the pods stay."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._release.planning.selector_change import labels_to_add
from tests.unit.plugins.samples import Manifest, manifest, service

NAME, COMPONENT = {"name": "maestro"}, {"component": "control-plane"}
CLAIM = {"metadata": {"name": "data", "labels": NAME}, "spec": {"accessModes": ["ReadWriteOnce"]}}


def workload(kind: str = "Deployment", labels: dict[str, str] | None = None, **spec: t.Any) -> Manifest:
    return manifest("apps/v1", kind, "maestro", spec={"selector": {"matchLabels": labels or NAME}, **spec})


def stateful(labels: dict[str, str] | None = None, **spec: t.Any) -> Manifest:
    fixed = {"serviceName": "maestro", "podManagementPolicy": "Parallel", "volumeClaimTemplates": [CLAIM]}
    return workload("StatefulSet", labels, **{**fixed, **spec})


@pytest.mark.parametrize("make", [workload, stateful])
def test_a_selector_of_more_labels_says_which_the_pods_lack(make: t.Callable[..., Manifest]) -> None:
    assert labels_to_add(make(labels=NAME | COMPONENT), make(labels=NAME)) == COMPONENT


@pytest.mark.parametrize("make", [workload, stateful])
def test_a_selector_of_fewer_labels_finds_the_pods_as_they_are(make: t.Callable[..., Manifest]) -> None:
    assert labels_to_add(make(labels=NAME), make(labels=NAME | COMPONENT)) == {}


def test_labels_of_claims_to_come_and_what_the_server_filled_in_change_nothing_else() -> None:
    renamed = {**CLAIM, "metadata": {"name": "data", "labels": NAME | COMPONENT}}
    there = {**CLAIM, "spec": {**CLAIM["spec"], "volumeMode": "Filesystem"}}
    wanted = stateful(NAME | COMPONENT, volumeClaimTemplates=[renamed])
    assert labels_to_add(wanted, stateful(volumeClaimTemplates=[there])) == COMPONENT


@pytest.mark.parametrize(
    ("wanted", "live"),
    [
        pytest.param(workload(), workload(), id="the selector stays"),
        pytest.param(workload(labels={"name": "other"}), workload(), id="their ReplicaSet selects them by it"),
        pytest.param(workload(labels=COMPONENT), workload("StatefulSet"), id="another kind"),
        pytest.param(service(), service(), id="no workload"),
        pytest.param(workload("Job", NAME | COMPONENT), workload("Job"), id="a Job is done once"),
        pytest.param(
            stateful(NAME | COMPONENT, serviceName="other"), stateful(), id="its pods have another name to be called by"
        ),
        pytest.param(stateful(NAME | COMPONENT, volumeClaimTemplates=[]), stateful(), id="other claims"),
        pytest.param(
            manifest(
                "apps/v1", "Deployment", "maestro", spec={"selector": {"matchExpressions": [], "matchLabels": NAME}}
            ),
            workload(labels=NAME | COMPONENT),
            id="expressions",
        ),
    ],
)
def test_pods_that_could_not_be_adopted(wanted: Manifest, live: Manifest) -> None:
    assert labels_to_add(wanted, live) is None


def test_a_label_that_only_the_pods_have_is_added_to_a_narrower_selector() -> None:
    """In the way back from {name, component} to {name} and to {name, tier}: only what is missing is added."""
    assert labels_to_add(workload(labels=NAME | {"tier": "a"}), workload(labels=NAME | COMPONENT)) == {"tier": "a"}
