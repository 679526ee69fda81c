# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read off the manifests."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.requirements import Needs, needs_of

from .builders import NAMESPACE, autoscaler, deployment, obj, pod_spec


def needs(*manifests: t.Any) -> Needs:
    return needs_of({"workload": manifests}, "maestro", NAMESPACE)


def test_the_autoscaler_says_how_many_replicas_there_may_be() -> None:
    (workload,) = needs(deployment(replicas=3), autoscaler(3, 10)).workloads
    assert (workload.minimum, workload.maximum, workload.surge, workload.most) == (3, 10, 1, 11)


def test_without_one_the_workload_says_it_itself() -> None:
    (workload,) = needs(deployment(replicas=5)).workloads
    assert (workload.minimum, workload.maximum, workload.most) == (5, 5, 6)


@pytest.mark.parametrize(
    ("strategy", "surge"),
    [
        ({"rollingUpdate": {"maxSurge": "30%"}}, 3),
        ({"rollingUpdate": {"maxSurge": "31%"}}, 4),
        ({"rollingUpdate": {"maxSurge": 2}}, 2),
        ({"type": "Recreate"}, 0),
        (None, 3),
    ],
)
def test_the_surge_is_counted_as_kubernetes_does(strategy: t.Any, surge: int) -> None:
    assert needs(deployment(replicas=10, strategy=strategy)).workloads[0].surge == surge


def test_a_stateful_set_has_no_surge_and_a_volume_for_each_pod() -> None:
    template = {"metadata": {"name": "data"}, "spec": {"storageClassName": "gp3", "accessModes": ["ReadWriteOnce"]}}
    manifest = {**deployment(volumeClaimTemplates=[template]), "kind": "StatefulSet"}
    found = needs(manifest)
    assert found.workloads[0].surge == 0
    (claim,) = found.claims
    assert (claim.name, claim.storage_class, claim.each_pod) == ("data", "gp3", True)


def test_an_ephemeral_volume_is_a_claim_for_each_pod() -> None:
    volume = {"name": "scratch", "ephemeral": {"volumeClaimTemplate": {"spec": {"accessModes": ["ReadWriteOnce"]}}}}
    (claim,) = needs(deployment(pod_spec(volumes=[volume, {"name": "tmp", "emptyDir": {}}]))).claims
    assert (claim.name, claim.storage_class, claim.each_pod) == ("scratch", None, True)


def test_a_claim_of_its_own_is_one_for_all() -> None:
    (claim,) = needs(obj("v1", "PersistentVolumeClaim", spec={"accessModes": ["ReadWriteMany"]})).claims
    assert not claim.each_pod


def test_each_kind_remembers_who_contributes_it() -> None:
    service = obj("v1", "Service", spec={})
    found = needs_of({"workload": [service], "monitoring": [service, deployment()]}, "maestro", NAMESPACE)
    assert found.kinds == {("v1", "Service"): ("workload", "monitoring"), ("apps/v1", "Deployment"): ("monitoring",)}
