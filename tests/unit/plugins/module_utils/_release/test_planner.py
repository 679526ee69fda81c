# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster says what each manifest would become; nothing is written for it."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import ApiError, Unreachable
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.manifests import Key, key_of
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.ownership import MANAGER
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.plan import CHANGE, CREATE, KEEP, PRUNE, Plan
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.planner import Refused, make_plan
from tests.unit.api_double import ApiDouble
from tests.unit.plugins.samples import (
    NAMESPACE,
    Manifest,
    claim,
    config_map,
    deployment,
    manifest,
    namespace,
    service,
)
from tests.unit.rendering import only


def planned(cluster: ApiDouble, *manifests: Manifest, former: t.Iterable[Key] = (), takeover: bool = False) -> Plan:
    return make_plan(cluster, manifests, former, "maestro", takeover)


def actions(plan: Plan) -> dict[str, str]:
    return {step.key.name: step.action for step in plan.steps}


def test_each_manifest_is_created_changed_or_kept() -> None:
    cluster = ApiDouble(NAMESPACE)
    for there in (service("kept"), service("changed")):
        cluster.apply(there, MANAGER)
    before = cluster.versions()
    plan = planned(cluster, service("new"), service("kept"), service("changed", type="NodePort"))
    assert actions(plan) == {"new": CREATE, "kept": KEEP, "changed": CHANGE}
    assert cluster.versions() == before


def test_a_field_that_is_no_longer_declared_is_a_change() -> None:
    cluster = ApiDouble(NAMESPACE)
    cluster.apply(service(type="NodePort"), MANAGER)
    step = only(planned(cluster, service()).steps)
    assert step.fields() == [{"field": "spec.type", "before": "NodePort", "after": None}]


def test_what_others_own_beside_it_is_no_change() -> None:
    cluster = ApiDouble(NAMESPACE)
    cluster.apply(deployment(replicas=None), MANAGER)
    cluster.apply(manifest("apps/v1", "Deployment", "maestro", spec={"replicas": 7}), "autoscaler", force=True)
    assert actions(planned(cluster, deployment(replicas=None))) == {"maestro": KEEP}


def test_a_controller_that_writes_between_the_questions_makes_no_change(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = ApiDouble(NAMESPACE)
    cluster.apply(deployment(replicas=None), MANAGER)
    find = cluster.find

    def overtaken(*key: str) -> Manifest | None:
        live = find(*key)
        if key[1] == "Deployment":
            monkeypatch.undo()
            cluster.put(manifest("apps/v1", "Deployment", "maestro", spec={"replicas": 7}), "autoscaler")
        return live

    monkeypatch.setattr(cluster, "find", overtaken)
    assert actions(planned(cluster, deployment(replicas=None))) == {"maestro": KEEP}


def test_the_server_is_not_asked_about_a_namespace_that_is_to_come() -> None:
    cluster = ApiDouble()
    plan = planned(cluster, namespace(), service())
    assert [(step.action, step.asked) for step in plan.steps] == [(CREATE, True), (CREATE, False)]
    assert "namespace maestro-system does not exist yet" in plan.steps[1].note


def test_everything_that_the_server_refuses_is_told_at_once() -> None:
    cluster = ApiDouble(NAMESPACE)
    cluster.fail("PATCH", "/services/", ApiError(422, "Invalid", "spec.ports: too many"))
    cluster.fail("PATCH", "/deployments/", ApiError(403, "Forbidden", "a policy forbids it"))
    with pytest.raises(Refused) as caught:
        planned(cluster, service(), deployment(), config_map())
    assert str(caught.value).splitlines()[1:] == [
        "- Service maestro-system/maestro: spec.ports: too many",
        "- Deployment maestro-system/maestro: a policy forbids it",
    ]


def test_a_field_of_another_manager_is_refused_naming_it() -> None:
    cluster = ApiDouble(NAMESPACE)
    cluster.put(service(type="NodePort"), "kubectl-edit")
    with pytest.raises(Refused, match=r'\.spec\.type: conflict with "kubectl-edit".*Set takeover') as caught:
        planned(cluster, service(type="ClusterIP"))
    assert "Service maestro-system/maestro" in str(caught.value)
    assert actions(planned(cluster, service(type="ClusterIP"), takeover=True)) == {"maestro": CHANGE}


def test_a_kind_that_the_cluster_does_not_serve_is_refused_by_name() -> None:
    with pytest.raises(Refused, match=r"does not serve kind Widget in example\.org/v1"):
        planned(ApiDouble(NAMESPACE), manifest("example.org/v1", "Widget", "w"))


def test_a_cluster_that_does_not_answer_is_no_refusal() -> None:
    cluster = ApiDouble(NAMESPACE)
    cluster.fail("GET", "/services/", Unreachable("gone"))
    with pytest.raises(Unreachable):
        planned(cluster, service())


def test_what_only_former_releases_had_is_pruned() -> None:
    cluster = ApiDouble(NAMESPACE)
    for there in (service(), service("old"), claim()):
        cluster.apply(there, MANAGER)
    former = [key_of(item) for item in (service(), service("old"), service("gone"), claim())]
    plan = planned(cluster, service(), former=former)
    assert actions(plan) == {"maestro": KEEP, "old": PRUNE, "maestro-data": KEEP}
    assert plan.steps[0].key.name == "maestro", "prunes come last"


@pytest.mark.parametrize(
    "labels",
    [
        {},
        {"app.kubernetes.io/managed-by": "Helm", "app.kubernetes.io/instance": "maestro"},
        {"app.kubernetes.io/managed-by": MANAGER, "app.kubernetes.io/instance": "other"},
    ],
)
def test_what_is_not_ours_any_more_is_not_pruned(labels: dict[str, str]) -> None:
    cluster = ApiDouble(NAMESPACE)
    theirs = service("theirs")
    theirs["metadata"]["labels"] = labels
    cluster.put(theirs)
    assert planned(cluster, former=[key_of(theirs)]).steps == ()
