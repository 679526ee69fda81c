# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The workload role on the real API: every object of every mode is valid, and the pods pass admission."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from tests.integration import seeing
from tests.integration.conftest import Player
from tests.integration.rendered import restricted, whole
from tests.unit.rendering import Manifest, only
from tests.unit.roles.test_workload import BEHIND_NLB

Check = t.Callable[[Manifest], tuple[str, ...]]

BUNDLE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
OWN_CLASS = {"workload_storage_class": "test-roles-workload"}
VARIANTS: dict[str, dict[str, t.Any]] = {
    "production": {"workload_image_digest": "sha256:" + "a" * 64},
    "everything": {
        "workload_ca_bundle": BUNDLE,
        "workload_priority_class": "system-cluster-critical",
        "workload_node_selector": {"kubernetes.io/arch": "amd64"},
        "workload_tolerations": [
            {"key": "dedicated", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 60}
        ],
        "workload_environment": {"HTTPS_PROXY": "http://proxy:3128"},
        "workload_settings_extra": {"server": {"keepAliveTimeoutSeconds": 75}},
        "maestro_identity": {"provider": "azure", "client_id": "00000000-0000-0000-0000-00000000abcd"},
        "maestro_required_secret_keys": ["DATABASE_USERNAME", "DATABASE_PASSWORD"],
        "maestro_database": {"host": "10.0.0.5"},
    },
    "fixed-replicas": {"workload_autoscaling_enabled": False, "workload_zone_spread": "ScheduleAnyway"},
    "load-balancer": {**BEHIND_NLB, "workload_service_source_ranges": ["203.0.113.0/24"]},
    "other-load-balancer": {"workload_service_type": "LoadBalancer", "workload_service_nlb": False},
    "ephemeral": {"workload_persistence_mode": "ephemeral", **OWN_CLASS},
    "statefulset": {"workload_persistence_mode": "statefulset", **OWN_CLASS},
    "shared": {
        "workload_persistence_mode": "shared",
        "workload_storage_class_provisioner": "efs.csi.aws.com",
        "workload_storage_class_parameters": {"provisioningMode": "efs-ap"},
        **OWN_CLASS,
    },
}


@pytest.fixture(scope="module")
def home(cluster: Cluster) -> t.Iterator[str]:
    """A namespace that the tests of this module share; they leave nothing in it that another could see."""
    with restricted(cluster, "test-roles-workload", namespace_quota_load_balancers=1) as name:
        yield name


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_api_takes_every_object_without_a_warning(variant: str, home: str, api_dry_run: Check) -> None:
    manifests = whole("workload", home, **VARIANTS[variant])
    warned = {f"{item['kind']} {item['metadata']['name']}": api_dry_run(item) for item in manifests}
    assert len(warned) >= 4
    assert {name: warnings for name, warnings in warned.items() if warnings} == {}


@pytest.mark.parametrize("variant", VARIANTS)
def test_admission_takes_the_pods_as_they_are(variant: str, home: str, api_dry_run: Check) -> None:
    """A workload object is only warned of, its pods are what admission judges: security, quota, limits, priority."""
    manifests = whole("workload", home, **VARIANTS[variant])
    template = only(item["spec"]["template"] for item in manifests if item["kind"] in ("Deployment", "StatefulSet"))
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {**template["metadata"], "name": "one", "namespace": home},
        "spec": template["spec"],
    }
    if variant == "statefulset":
        pod["spec"]["volumes"].append({"name": "data", "persistentVolumeClaim": {"claimName": "data-maestro-0"}})
    assert api_dry_run(pod) == ()


PERSISTENCE: dict[str, dict[str, t.Any]] = {
    "ephemeral": {"workload_storage_class": "standard"},
    "statefulset": {"workload_storage_class": "standard"},
    "shared": {"workload_storage_class": "shared"},
}


@pytest.mark.parametrize("mode", PERSISTENCE)
def test_pods_of_each_persistence_mode_run_with_their_volumes(
    mode: str, namespace: str, deploy: Player, cluster: Cluster
) -> None:
    done = deploy(workload_persistence_mode=mode, **PERSISTENCE[mode])
    assert done.rc == 0, done.output
    pods = seeing.pods(cluster, namespace)
    assert len(pods) == 3
    assert len(seeing.zones(cluster, pods)) == 3
    claims = cluster.list_objects("v1", "PersistentVolumeClaim", namespace)["items"]
    assert len(claims) == (1 if mode == "shared" else 3)
    assert {claim["status"]["phase"] for claim in claims} == {"Bound"}
    again = deploy(workload_persistence_mode=mode, **PERSISTENCE[mode])
    assert again.rc == 0, again.output
    assert again.release["changed"] is False


FOUR_REPLICAS = {
    "workload_persistence_mode": "statefulset",
    "workload_storage_class": "standard",
    "workload_replicas": 4,
    "workload_pre_stop_seconds": 1,
    "maestro_wait_timeout": 600,
}
NODE_OF_REPLICA = (2, 1, 0, 0)
"""An update begins with the last replicas, of which the lab's first zone has two."""


def claim(replica: int, node: str) -> Manifest:
    """The claim of a replica whose volume is made on this node."""
    return {
        "metadata": {
            "name": f"data-maestro-{replica}",
            "annotations": {"volume.kubernetes.io/selected-node": node},
        },
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "standard",
            "resources": {"requests": {"storage": "64Mi"}},
        },
    }


def test_replicas_bound_to_one_zone_are_updated_again_and_again(
    namespace: str, deploy: Player, cluster: Cluster
) -> None:
    nodes = [node["metadata"]["name"] for node in cluster.list_objects("v1", "Node")["items"]]
    cluster.create("/api/v1/namespaces", {"metadata": {"name": namespace}})
    for replica, node in enumerate(NODE_OF_REPLICA):
        cluster.create(f"/api/v1/namespaces/{namespace}/persistentvolumeclaims", claim(replica, nodes[node]))
    before: set[str] = set()
    for sources in (5, 6, 7):
        done = deploy(**FOUR_REPLICAS, workload_orchestration_max_concurrent_sources=sources)
        assert done.rc == 0, done.output
        running = {pod["metadata"]["uid"] for pod in seeing.pods(cluster, namespace)}
        assert len(running - before) == 4
        before = running
