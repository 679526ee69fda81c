# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan is carried out stage by stage, with server-side apply."""

from __future__ import annotations

import dataclasses

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import ApiError
from ansible_collections.intelgraph.maestro.plugins.module_utils._objects.manifest import Key, key_of
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.apply import Applier
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.fenced_writer import Writer
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.objects.ownership import (
    INITIAL_MANAGER,
    MANAGER,
    ReleaseName,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.planning.plan import REPLACE, Step, prune_step
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.planning.planner import Former, make_plan
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.record.lease_lock import Lock
from tests.unit.api_double import ApiDouble
from tests.unit.plugins.samples import (
    NAMESPACE,
    Manifest,
    autoscaler,
    config_map,
    deployment,
    manifest,
    service,
)
from tests.unit.rendering import only

RELEASE = ReleaseName("maestro", NAMESPACE)


def steps_of(cluster: ApiDouble, *manifests: Manifest) -> tuple[Step, ...]:
    return make_plan(cluster, manifests, Former(), RELEASE).steps


def applier(cluster: ApiDouble, replicas: dict[Key, int] | None = None) -> Applier:
    lock = Lock(cluster, NAMESPACE, "maestro", "me", "test")
    lock.acquire()
    lock.release()
    cluster.writes.clear()
    return Applier(cluster, Writer(cluster, lock), replicas or {})


def test_stages_are_applied_in_their_order() -> None:
    cluster = ApiDouble(NAMESPACE)
    ingress = manifest("networking.k8s.io/v1", "Ingress", "i")
    account = manifest("v1", "ServiceAccount", "a")
    applier(cluster).apply(steps_of(cluster, ingress, deployment("d"), config_map("c"), account))
    assert [path for dummy, path in cluster.writes] == [
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
    applier(cluster).prune(steps)
    assert cluster.writes == [("DELETE", "ingresses/i"), ("DELETE", "deployments/d"), ("DELETE", "configmaps/c")]


def test_replicas_are_given_once_and_by_a_manager_of_their_own() -> None:
    cluster = ApiDouble(NAMESPACE)
    workload = deployment(replicas=None)
    making = applier(cluster, {key_of(workload): 4})
    making.apply(steps_of(cluster, workload, autoscaler()))
    [path] = [path for path in cluster.store if path.endswith("deployments/maestro")]
    assert cluster.store[path]["spec"]["replicas"] == 4
    assert list(cluster.owners[path][INITIAL_MANAGER]) == [("spec", "replicas")]
    assert ("spec", "replicas") not in cluster.owners[path][MANAGER]
    assert making.live[0]["spec"]["replicas"] == 4


def test_replicas_that_the_autoscaler_chose_stay() -> None:
    cluster = ApiDouble(NAMESPACE)
    cluster.apply(deployment(replicas=None), MANAGER)
    cluster.put(manifest("apps/v1", "Deployment", "maestro", spec={"replicas": 7}), "autoscaler")
    workload = deployment(replicas=None, serviceAccountName="new")
    making = applier(cluster, {key_of(workload): 3})
    making.apply(steps_of(cluster, workload))
    assert making.live[0]["spec"]["replicas"] == 7


def test_what_is_kept_is_not_written() -> None:
    cluster = ApiDouble(NAMESPACE)
    cluster.apply(service(), MANAGER)
    steps = steps_of(cluster, service())
    making = applier(cluster)
    making.apply(steps)
    assert only(making.live)["kind"] == "Service"
    assert cluster.writes == []


def test_a_field_of_another_manager_is_taken_only_when_told_to() -> None:
    cluster = ApiDouble(NAMESPACE)
    cluster.put(service(type="NodePort"), "kubectl-edit")
    steps = make_plan(cluster, [service(type="ClusterIP")], Former(), RELEASE, takeover=True).steps
    with pytest.raises(ApiError, match="kubectl-edit"):
        applier(cluster).apply([dataclasses.replace(step, force=False) for step in steps])
    applier(cluster).apply(steps)
    live = cluster.live("services/maestro")
    assert live
    assert live["spec"]["type"] == "ClusterIP"


def test_what_is_replaced_is_deleted_first() -> None:
    cluster = ApiDouble(NAMESPACE)
    cluster.apply(service(), MANAGER)
    cluster.writes.clear()
    [kept] = make_plan(cluster, [service()], Former(), RELEASE).steps
    applier(cluster).apply([dataclasses.replace(kept, action=REPLACE)])
    assert cluster.writes == [("DELETE", "services/maestro"), ("PATCH", "services/maestro")]
