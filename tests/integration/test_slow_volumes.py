# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes that take longer to be made than anything but a volume is waited for, on the real scheduler."""

from __future__ import annotations

import concurrent.futures
import time
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.watch import Informer, Source, until
from ansible_collections.intelgraph.maestro.plugins.module_utils._health.rules.scheduling import PATIENCE
from tests.integration import seeing
from tests.integration.conftest import Player
from tests.unit.rendering import Manifest

SELECTED_NODE = "volume.kubernetes.io/selected-node"
REPLICAS = 3
SLOWNESS = PATIENCE + 15
"""Seconds that a volume takes: longer than room on a node is waited for."""


@pytest.fixture
def storage_class(cluster: Cluster, namespace: str) -> t.Iterator[str]:
    """A class whose provisioner is the test; takes the volumes away that it has made."""
    cluster.apply(
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {"name": namespace},
            "provisioner": "maestro.test/by-hand",
            "volumeBindingMode": "WaitForFirstConsumer",
        },
        "test",
    )
    yield namespace
    cluster.delete(f"/apis/storage.k8s.io/v1/storageclasses/{namespace}")
    for volume in cluster.list_objects("v1", "PersistentVolume")["items"]:
        if volume["spec"].get("storageClassName") == namespace:
            cluster.delete(f"/api/v1/persistentvolumes/{volume['metadata']['name']}")


def begun(claim: Manifest) -> Manifest:
    """The event by which a provisioner tells that it makes the volume of a claim."""
    metadata = claim["metadata"]
    reported = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return {
        "metadata": {"generateName": "by-hand-"},
        "involvedObject": {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "namespace": metadata["namespace"],
            "name": metadata["name"],
            "uid": metadata["uid"],
        },
        "reason": "Provisioning",
        "message": "External provisioner is provisioning volume",
        "type": "Normal",
        "count": 1,
        "firstTimestamp": reported,
        "lastTimestamp": reported,
    }


def volume(claim: Manifest) -> Manifest:
    """A volume for a claim, on the node that was chosen for it."""
    metadata, spec = claim["metadata"], claim["spec"]
    node = metadata["annotations"][SELECTED_NODE]
    on_node = {"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}
    return {
        "metadata": {"name": f"by-hand-{metadata['uid']}"},
        "spec": {
            "storageClassName": spec["storageClassName"],
            "accessModes": spec["accessModes"],
            "capacity": spec["resources"]["requests"],
            "persistentVolumeReclaimPolicy": "Retain",
            "claimRef": {
                "kind": "PersistentVolumeClaim",
                **{key: metadata[key] for key in ("namespace", "name", "uid")},
            },
            "hostPath": {"path": "/tmp", "type": "Directory"},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [on_node]}]}},
        },
    }


def provision(cluster: Cluster, namespace: str) -> None:
    """Be the provisioner of a class: begin at once, and take one's time."""
    with Informer(cluster, [Source("v1", "PersistentVolumeClaim", namespace)]) as informer:

        def chosen() -> list[Manifest]:
            claims = informer.objects("PersistentVolumeClaim")
            return [claim for claim in claims if SELECTED_NODE in claim["metadata"].get("annotations", {})]

        assert until(informer, lambda: len(chosen()) == REPLICAS, time.monotonic() + 120), "no node is chosen"
        claims = chosen()
    for claim in claims:
        cluster.create(f"/api/v1/namespaces/{namespace}/events", begun(claim))
    time.sleep(SLOWNESS)
    for claim in claims:
        cluster.create("/api/v1/persistentvolumes", volume(claim))


def test_a_volume_may_take_its_time(namespace: str, storage_class: str, deploy: Player, cluster: Cluster) -> None:
    """Meanwhile the pods say that no node takes them: the scheduler tells them nothing else before they are bound."""
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        provisioned = pool.submit(provision, cluster, namespace)
        done = deploy(
            workload_persistence_mode="ephemeral",
            workload_storage_class=storage_class,
            workload_replicas=REPLICAS,
            maestro_wait_timeout=300,
        )
    assert done.rc == 0, done.output
    provisioned.result()
    assert "unschedulable" not in done.output
    assert len(seeing.pods(cluster, namespace)) == REPLICAS
