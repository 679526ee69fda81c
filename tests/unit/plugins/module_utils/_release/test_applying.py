# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan is carried out stage by stage, with server-side apply."""

from __future__ import annotations

import dataclasses

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import ApiError
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.applying import (
    Applier,
    before_record,
    delete,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.manifests import key_of
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.ownership import INITIAL_MANAGER, MANAGER
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.plan import REPLACE, Step, prune_step
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.planner import Former, make_plan
from tests.unit.api_double import ApiDouble
from tests.unit.plugins.samples import (
    NAMESPACE,
    Manifest,
    autoscaler,
    config_map,
    deployment,
    manifest,
    namespace,
    service,
)
from tests.unit.rendering import only


def steps_of(cluster: ApiDouble, *manifests: Manifest) -> tuple[Step, ...]:
    return make_plan(cluster, manifests, Former(), "maestro").steps


def test_stages_are_applied_in_their_order() -> None:
    cluster = ApiDouble(NAMESPACE)
    ingress = manifest("networking.k8s.io/v1", "Ingress", "i")
    account = manifest("v1", "ServiceAccount", "a")
    Applier(cluster, {}).apply(steps_of(cluster, ingress, deployment("d"), config_map("c"), account))
    assert [path for dummy, path in cluster.writes[2:]] == [
        "serviceaccounts/a",
        "configmaps/c",
        "deployments/d",
        "ingresses/i",
    ]


def test_pruning_goes_the_opposite_way() -> None:
    cluster = ApiDouble(NAMESPACE)
    there = [config_map("c"), deployment("d"), manifest("networking.k8s.io/v1", "Ingress", "i")]
    steps = [prune_step(key_of(item), cluster.put(item)) for item in there]
    cluster.writes.clear()
    Applier(cluster, {}).prune(steps)
    assert cluster.writes == [("DELETE", "ingresses/i"), ("DELETE", "deployments/d"), ("DELETE", "configmaps/c")]


def test_replicas_are_given_once_and_by_a_manager_of_their_own() -> None:
    cluster = ApiDouble(NAMESPACE)
    workload = deployment(replicas=None)
    applier = Applier(cluster, {key_of(workload): 4})
    applier.apply(steps_of(cluster, workload, autoscaler()))
    [path] = [path for path in cluster.store if path.endswith("deployments/maestro")]
    assert cluster.store[path]["spec"]["replicas"] == 4
    assert list(cluster.owners[path][INITIAL_MANAGER]) == [("spec", "replicas")]
    assert ("spec", "replicas") not in cluster.owners[path][MANAGER]
    assert applier.live[0]["spec"]["replicas"] == 4


def test_replicas_that_the_autoscaler_chose_stay() -> None:
    cluster = ApiDouble(NAMESPACE)
    cluster.apply(deployment(replicas=None), MANAGER)
    cluster.put(manifest("apps/v1", "Deployment", "maestro", spec={"replicas": 7}), "autoscaler")
    workload = deployment(replicas=None, serviceAccountName="new")
    applier = Applier(cluster, {key_of(workload): 3})
    applier.apply(steps_of(cluster, workload))
    assert applier.live[0]["spec"]["replicas"] == 7


def test_what_is_kept_is_not_written() -> None:
    cluster = ApiDouble(NAMESPACE)
    cluster.apply(service(), MANAGER)
    steps = steps_of(cluster, service())
    before = cluster.versions()
    cluster.fail("PATCH", "", ApiError(500, "Error", "no write was expected"))
    applier = Applier(cluster, {})
    applier.apply(steps)
    assert only(applier.live)["kind"] == "Service"
    assert cluster.versions() == before


def test_a_field_of_another_manager_is_taken_only_when_told_to() -> None:
    cluster = ApiDouble(NAMESPACE)
    cluster.put(service(type="NodePort"), "kubectl-edit")
    steps = make_plan(cluster, [service(type="ClusterIP")], Former(), "maestro", takeover=True).steps
    with pytest.raises(ApiError, match="kubectl-edit"):
        Applier(cluster, {}).apply([dataclasses.replace(step, force=False) for step in steps])
    Applier(cluster, {}).apply(steps)
    live = cluster.live("services/maestro")
    assert live
    assert live["spec"]["type"] == "ClusterIP"


def test_what_is_gone_already_needs_no_deletion() -> None:
    cluster = ApiDouble(NAMESPACE)
    delete(cluster, key_of(service()))
    assert ("DELETE", "services/maestro") not in cluster.writes


def test_the_history_needs_the_namespace_and_nothing_else() -> None:
    steps = steps_of(ApiDouble(), deployment(), namespace())
    first, rest = before_record(steps)
    assert [step.key.kind for step in first] == ["Namespace"]
    assert [step.key.kind for step in rest] == ["Deployment"]


def test_what_is_replaced_is_deleted_first() -> None:
    cluster = ApiDouble(NAMESPACE)
    cluster.apply(service(), MANAGER)
    cluster.writes.clear()
    [kept] = make_plan(cluster, [service()], Former(), "maestro").steps
    Applier(cluster, {}).apply([dataclasses.replace(kept, action=REPLACE)])
    assert cluster.writes == [("DELETE", "services/maestro"), ("PATCH", "services/maestro")]
