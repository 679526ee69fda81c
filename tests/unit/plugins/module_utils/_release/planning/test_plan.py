# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a release would do to each object."""

from __future__ import annotations

import copy
import dataclasses
import json
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._objects.manifest import key_of
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.objects.ownership import MANAGER
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.planning.plan import (
    ADOPT,
    CHANGE,
    CREATE,
    KEEP,
    PRUNE,
    Plan,
    Step,
    prune_step,
    step,
)
from tests.unit.plugins.samples import Manifest, base64_of, claim, deployment, manifest, namespace, secret, service
from tests.unit.rendering import only


def stored(item: Manifest, version: int = 1, **status: t.Any) -> Manifest:
    """The object as the API server returns it."""
    live = copy.deepcopy(item)
    live["metadata"].update(uid="u", resourceVersion=str(version), managedFields=[{"time": version}])
    return {**live, "status": status}


def stored_secret(**values: str) -> Manifest:
    plain = {field: value for field, value in secret("s").items() if field != "stringData"}
    return stored({**plain, "data": {key: base64_of(value) for key, value in values.items()}})


def planned(item: Manifest, live: Manifest | None, predicted: Manifest, note: str = "") -> Step:
    return step(item, key_of(item), live, predicted, note)


def test_what_is_not_there_is_created() -> None:
    made = planned(service(), None, stored(service()))
    assert made.action == CREATE
    assert made.before == {}
    assert made.after == service()
    assert made.fields() == []


def test_what_would_stay_the_same_is_kept() -> None:
    assert planned(service(), stored(service(), 1, a=1), stored(service(), 2, a=2)).action == KEEP


def test_what_would_differ_is_changed_and_its_fields_are_named() -> None:
    changed = planned(service(), stored(service(type="ClusterIP")), stored(service(type="LoadBalancer")))
    assert changed.action == CHANGE
    assert changed.fields() == [{"field": "spec.type", "before": "ClusterIP", "after": "LoadBalancer"}]
    assert changed.as_dict() == {
        "object": "Service maestro-system/maestro",
        "action": "change",
        "fields": changed.fields(),
    }


def test_a_changed_secret_shows_that_it_changes_but_not_what() -> None:
    changed = planned(secret("s"), stored_secret(A="hunter1", B="x"), stored_secret(A="hunter2", B="x"))
    assert changed.fields() == [{"field": "data.A", "before": "(secret)", "after": "(secret, changed)"}]
    displayed = json.dumps([changed.before, changed.after, changed.as_dict()])
    assert not [v for v in ("hunter1", "hunter2") if v in displayed or base64_of(v) in displayed]


def test_a_prediction_that_the_server_was_not_asked_for_says_so() -> None:
    made = planned(service(), None, service(), "there is no namespace yet")
    assert not made.asked
    assert made.as_dict()["note"] == "there is no namespace yet"
    assert planned(service(), None, service()).asked


def test_what_former_releases_had_is_pruned() -> None:
    pruned = prune_step(key_of(service()), stored(service()))
    assert pruned.action == PRUNE
    assert pruned.before == service()
    assert pruned.after == {}
    with pytest.raises(ValueError, match="Service maestro-system/maestro is not declared"):
        assert pruned.declared


@pytest.mark.parametrize(
    "item",
    [
        namespace(),
        claim(),
        manifest("v1", "Secret", "maestro-tls", type="kubernetes.io/tls"),
        secret("maestro-alerting", immutable=False),
        manifest("apiextensions.k8s.io/v1", "CustomResourceDefinition", "x.y", namespace=""),
    ],
    ids=lambda item: str(item["kind"]),
)
def test_what_holds_data_or_keys_is_never_pruned(item: Manifest) -> None:
    kept = prune_step(key_of(item), stored(item))
    assert kept.action == KEEP
    assert kept.as_dict()["note"] == "kept: it holds data or keys"


@pytest.mark.parametrize("name", ["PersistentVolumeClaim/maestro-data", "PersistentVolumeClaim"])
def test_what_holds_data_is_pruned_when_it_is_named(name: str) -> None:
    assert prune_step(key_of(claim()), stored(claim()), [name]).action == PRUNE
    assert (
        prune_step(key_of(claim("other")), stored(claim("other")), ["PersistentVolumeClaim/maestro-data"]).action
        == KEEP
    )


def test_a_namespace_is_not_pruned_even_when_it_is_named() -> None:
    assert prune_step(key_of(namespace()), stored(namespace()), ["Namespace"]).action == KEEP


def test_settings_of_a_former_release_are_pruned() -> None:
    assert prune_step(key_of(secret("s-1")), stored(secret("s-1"))).action == PRUNE


def test_what_is_there_but_was_never_declared_is_adopted() -> None:
    theirs, ours = stored(service()), stored(service())
    theirs["metadata"]["managedFields"] = [{"manager": "helm"}, {"manager": "kcm", "subresource": "status"}]
    ours["metadata"]["managedFields"] = [{"manager": MANAGER}]
    adopted = planned(service(), theirs, ours)
    assert (adopted.action, adopted.fields()) == (ADOPT, [])
    assert adopted.as_dict()["note"] == "no release has declared it so far; its fields are managed by helm"
    assert planned(service(), ours, ours).action == KEEP


def test_new_settings_show_what_they_change_in_the_former_ones() -> None:
    previous, new = stored_secret(A="hunter1", B="x"), stored_secret(A="hunter2", B="x")
    previous["metadata"]["name"], new["metadata"]["name"] = "s-1", "s-2"
    made = dataclasses.replace(planned(secret("s-2"), None, new), previous=previous)
    assert made.fields() == [{"field": "data.A", "before": "(secret)", "after": "(secret, changed)"}]


def test_a_plan_counts_its_actions() -> None:
    keep = planned(service(), stored(service()), stored(service()))
    create = planned(deployment(), None, deployment())
    plan = Plan((keep, create, prune_step(key_of(service("old")), service("old"))))
    assert plan.counts() == {"create": 1, "change": 0, "adopt": 0, "replace": 0, "prune": 1, "keep": 1}
    assert [step.action for step in plan.changes] == [CREATE, PRUNE]
    assert only(plan.doing(CREATE)) is create
