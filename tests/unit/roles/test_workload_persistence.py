# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The persistence modes of the workload role: what each renders, so that replicas in several zones can run."""

from __future__ import annotations

import typing as t

import pytest

from tests.unit.rendering import Manifest, of_kind, only, render

SMALL = {
    "workload_autoscaling_max_replicas": 1,
    "workload_autoscaling_min_replicas": 1,
    "workload_minimum_available": 0,
}


def one(kind: str, **variables: t.Any) -> Manifest:
    return t.cast("Manifest", only(of_kind(render("workload", **variables), kind)))


def volume(**variables: t.Any) -> Manifest:
    """The volume `data` of the Deployment's pods."""
    volumes = one("Deployment", **variables)["spec"]["template"]["spec"]["volumes"]
    return t.cast("Manifest", only(item for item in volumes if item["name"] == "data"))


# "Storage Class: gp3-encrypted (AWS EBS)", "Persistent Volumes: 20Gi for application data"
@pytest.mark.parametrize(
    ("mode", "reclaim"), [("ephemeral", "Delete"), ("statefulset", "Retain")], ids=["ephemeral", "statefulset"]
)
def test_the_storage_class_is_encrypted_gp3_bound_where_the_pod_runs(mode: str, reclaim: str) -> None:
    storage = one("StorageClass", workload_persistence_mode=mode)
    assert storage["metadata"]["name"] == "gp3-encrypted"
    assert storage["provisioner"] == "ebs.csi.aws.com"
    assert storage["parameters"] == {"type": "gp3", "encrypted": "true"}
    assert storage["volumeBindingMode"] == "WaitForFirstConsumer"
    assert storage["allowVolumeExpansion"] is True
    assert storage["reclaimPolicy"] == reclaim


def test_without_persistence_there_is_no_volume_and_no_class() -> None:
    manifests = render("workload")
    assert of_kind(manifests, "StorageClass") + of_kind(manifests, "PersistentVolumeClaim") == []
    assert "data" not in {item["name"] for item in one("Deployment")["spec"]["template"]["spec"]["volumes"]}


def test_ephemeral_gives_each_pod_a_volume_of_its_own() -> None:
    claim = volume(workload_persistence_mode="ephemeral")["ephemeral"]["volumeClaimTemplate"]["spec"]
    assert claim["accessModes"] == ["ReadWriteOnce"]
    assert claim["storageClassName"] == "gp3-encrypted"
    assert claim["resources"] == {"requests": {"storage": "20Gi"}}


def test_shared_mounts_one_volume_in_all_pods() -> None:
    variables: dict[str, t.Any] = {
        "workload_persistence_mode": "shared",
        "workload_storage_class_create": False,
        "workload_storage_class": "efs",
    }
    manifests = render("workload", **variables)
    claim = only(of_kind(manifests, "PersistentVolumeClaim"))
    assert claim["metadata"]["name"] == "maestro-data"
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]
    assert volume(**variables)["persistentVolumeClaim"] == {"claimName": "maestro-data"}


def test_statefulset_gives_each_replica_a_volume_that_stays() -> None:
    manifests = render("workload", workload_persistence_mode="statefulset")
    assert of_kind(manifests, "Deployment") == []
    stateful = only(of_kind(manifests, "StatefulSet"))
    assert stateful["spec"]["persistentVolumeClaimRetentionPolicy"] == {"whenDeleted": "Retain", "whenScaled": "Retain"}
    claim = only(stateful["spec"]["volumeClaimTemplates"])
    assert claim["spec"]["resources"] == {"requests": {"storage": "20Gi"}}
    assert claim["metadata"]["name"] in {
        mount["name"] for mount in stateful["spec"]["template"]["spec"]["containers"][0]["volumeMounts"]
    }
    headless = {item["metadata"]["name"]: item["spec"] for item in of_kind(manifests, "Service")}
    assert headless[stateful["spec"]["serviceName"]]["clusterIP"] == "None"
    assert only(of_kind(manifests, "HorizontalPodAutoscaler"))["spec"]["scaleTargetRef"]["kind"] == "StatefulSet"
    assert environment_of(stateful)["MAESTRO_REVISION"] == "metadata.labels['controller-revision-hash']"


def test_replicas_bound_to_the_zones_of_their_volumes_are_spread_as_a_wish_over_all_revisions() -> None:
    """Required, and counted by revision, a spread leaves a zone's second pod no place while others are replaced."""
    spec = one("StatefulSet", workload_persistence_mode="statefulset")["spec"]["template"]["spec"]
    zone = only(spec["topologySpreadConstraints"])
    term = only(spec["affinity"]["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"])
    assert zone["whenUnsatisfiable"] == "ScheduleAnyway"
    assert "matchLabelKeys" not in zone | term["podAffinityTerm"]


def environment_of(manifest: Manifest) -> dict[str, str]:
    items = only(manifest["spec"]["template"]["spec"]["containers"])["env"]
    return {item["name"]: item["valueFrom"]["fieldRef"]["fieldPath"] for item in items if "valueFrom" in item}


def test_a_single_writer_volume_is_for_a_single_replica_that_stops_first() -> None:
    rolling = {"workload_rolling_max_surge": 0, "workload_rolling_max_unavailable": 1}
    variables = {
        "workload_persistence_mode": "shared",
        "workload_persistence_access_mode": "ReadWriteOncePod",
        **SMALL,
        **rolling,
    }
    assert one("PersistentVolumeClaim", **variables)["spec"]["accessModes"] == ["ReadWriteOncePod"]
