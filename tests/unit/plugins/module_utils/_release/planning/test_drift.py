# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drift is told field by field with who did it; what others own beside the release is none."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import ApiError
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.objects.ownership import (
    MANAGER,
    without_secret_values,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.planning.drift import (
    declared_changes,
    deviations,
    drift,
)
from tests.unit.api_double import ApiDouble
from tests.unit.plugins.samples import NAMESPACE, Manifest, base64_of, config_map, deployment, manifest, secret, service

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | st.sampled_from(["a", "500m", "1Gi"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


def released(*manifests: Manifest) -> ApiDouble:
    cluster = ApiDouble(NAMESPACE)
    for item in manifests:
        cluster.apply(item, MANAGER)
    return cluster


def edited(cluster: ApiDouble, kind: str, **spec: object) -> Manifest:
    """The object of the release after somebody else forced these fields."""
    api_version = "apps/v1" if kind == "Deployment" else "v1"
    return cluster.put(manifest(api_version, kind, "maestro", spec=spec), "kubectl-edit")


def test_an_object_as_it_was_released_has_not_drifted() -> None:
    cluster = released(service(type="NodePort"))
    assert drift(4, service(type="NodePort"), cluster.live("services/maestro"), True) is None


def test_a_changed_field_is_told_with_both_values_and_its_manager() -> None:
    cluster = released(service(type="NodePort"))
    finding = drift(4, service(type="NodePort"), edited(cluster, "Service", type="ClusterIP"), True)
    assert finding
    assert (finding.id, finding.severity, finding.object) == ("drift", "error", "Service maestro-system/maestro")
    assert finding.message == "1 field of it differs from release 4: spec.type, changed by kubectl-edit"
    assert finding.evidence == ("spec.type: was NodePort, is ClusterIP (kubectl-edit, time unknown)",)


def test_a_field_that_another_manager_holds_comes_back_by_a_takeover_only() -> None:
    cluster = released(service(type="NodePort"))
    edited(cluster, "Service", type="ClusterIP")
    live = cluster.put(manifest("v1", "Service", "maestro", spec={"sessionAffinity": "ClientIP"}), "argocd")
    finding = drift(4, service(type="NodePort", sessionAffinity="None"), live, True)
    assert finding
    assert finding.next_step == (
        "Deploy again with maestro_takeover set to true, which takes the fields back from argocd and kubectl-edit "
        "(without it the plan refuses), or take the change over into the inventory."
    )
    with pytest.raises(ApiError) as refused:
        cluster.apply(service(type="NodePort"), MANAGER)
    assert refused.value.conflict, "a plain deploy would indeed be refused"


def test_replicas_that_an_autoscaler_had_need_no_takeover() -> None:
    cluster = released(deployment(replicas=3))
    live = cluster.put(manifest("apps/v1", "Deployment", "maestro", spec={"replicas": 5}), "kube-controller-manager")
    finding = drift(4, deployment(replicas=3), live, True)
    assert finding
    assert "maestro_takeover" not in finding.next_step


@pytest.mark.parametrize("is_latest", [True, False])
def test_what_nobody_holds_comes_back_by_a_plain_deploy(is_latest: bool) -> None:
    cluster = released(service(type="NodePort"))
    live = {**cluster.live("services/maestro"), "spec": {}}
    live["metadata"] = {**live["metadata"], "managedFields": []}
    for finding in (drift(4, service(type="NodePort"), live, is_latest), drift(4, service(), None, is_latest)):
        assert finding
        assert finding.next_step == "Deploy again to bring it back, or take the change over into the inventory."


def test_what_somebody_took_and_gave_the_same_value_is_no_drift() -> None:
    cluster = released(service(type="NodePort"))
    edited(cluster, "Service", type="ClusterIP")
    assert drift(4, service(type="NodePort"), edited(cluster, "Service", type="NodePort"), True) is None


def test_replicas_of_an_autoscaler_and_fields_of_others_are_no_drift() -> None:
    cluster = released(deployment(replicas=None))
    live = edited(cluster, "Deployment", replicas=7, minReadySeconds=3)
    assert drift(4, deployment(replicas=None), live, True) is None
    assert drift(4, deployment(replicas=None), live, False) is None


def test_what_is_gone_has_drifted() -> None:
    finding = drift(4, service(), None, True)
    assert finding
    assert finding.message == "release 4 declared it, but it does not exist any more"


def test_a_secret_value_that_somebody_changed_shows_that_and_no_value() -> None:
    held = {**secret("maestro", immutable=False), "data": {"A": base64_of("hunter1"), "B": base64_of("x")}}
    del held["stringData"]
    cluster = released(held)
    taken = cluster.put(manifest("v1", "Secret", "maestro", data={"A": base64_of("hunter2")}), "kubectl-edit")
    finding = drift(4, without_secret_values(held), taken, True)
    assert finding
    assert finding.evidence == ("data.A: was (secret), is (secret, changed) (kubectl-edit, time unknown)",)
    assert not [word for word in ("hunter1", "hunter2") if word in str(finding) or base64_of(word) in str(finding)]


def test_values_are_compared_when_a_newer_release_has_written_since() -> None:
    cluster = released(config_map("c", immutable=False, a="new"))
    live = cluster.live("configmaps/c")
    old = config_map("c", immutable=False, a="old")
    assert live
    assert drift(4, old, live, True) is None, "the release that wrote last is trusted to have written it"
    assert [each.as_dict() for each in deviations(old, live, False)] == [
        {"field": "data.a", "before": "old", "after": "new", "manager": "", "since": ""}
    ]


@pytest.mark.parametrize(
    ("declared", "live"),
    [
        ("500m", "0.5"),
        ("1024Mi", "1Gi"),
        (8080, "8080"),
        ({}, None),
        ({"a": 1}, {"a": 1, "b": 2}),
        ([{"name": "a"}], [{"name": "z"}, {"name": "a", "more": 1}]),
        ([{"port": 1}], [{"port": 1, "protocol": "TCP"}]),
    ],
)
def test_the_form_in_which_the_server_keeps_a_value_is_no_change(declared: object, live: object) -> None:
    assert declared_changes(declared, live) == []


@pytest.mark.parametrize(
    ("declared", "live", "field"),
    [
        ({"a": {"b": 1}}, {"a": {"b": 2}}, "a.b"),
        ({"a": [{"name": "x", "v": 1}]}, {"a": [{"name": "x", "v": 2}]}, "a[x].v"),
        ({"a": [1, 2]}, {"a": [1]}, "a"),
        ({"a": True}, {"a": 1.5}, "a"),
    ],
)
def test_another_value_is_named_by_its_field(declared: object, live: object, field: str) -> None:
    assert [change[0] for change in declared_changes(declared, live)] == [field]


@settings(max_examples=60)
@given(VALUES)
def test_a_value_never_differs_from_itself(value: object) -> None:
    assert declared_changes(value, json.loads(json.dumps(copy.deepcopy(value)))) == []
