# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Can the volumes be provisioned and mounted?"""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.snapshot import StorageClass, Unknown
from tests.unit.rendering import only

from ..builders import autoscaler, deployment, findings, ids, obj, pod_spec, snapshot

EBS = StorageClass("ebs.csi.aws.com", binding="WaitForFirstConsumer")
EFS = StorageClass("efs.csi.aws.com")


def claim(mode: str = "ReadWriteMany", **spec: t.Any) -> t.Any:
    requests = {"requests": {"storage": "20Gi"}}
    return obj("v1", "PersistentVolumeClaim", "data", spec={"accessModes": [mode], "resources": requests, **spec})


def mounting() -> t.Any:
    return deployment(pod_spec(volumes=[{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]))


def test_a_class_that_is_not_there_is_refused_beside_those_there_are() -> None:
    finding = only(findings(claim(storageClassName="gp3"), snapshot=snapshot(storage_classes={"efs": EFS})))
    assert finding.id == "storage-class-missing"
    assert "StorageClass gp3" in finding.message
    assert "efs" in finding.message


def test_the_releases_own_class_counts() -> None:
    own = obj("storage.k8s.io/v1", "StorageClass", "gp3", "", provisioner="efs.csi.aws.com")
    assert findings(claim(storageClassName="gp3"), own) == []


def test_a_claim_without_a_class_needs_a_default_one() -> None:
    assert "A default StorageClass" in only(findings(claim(), snapshot=snapshot(storage_classes={"efs": EFS}))).message
    default = StorageClass("efs.csi.aws.com", default=True)
    assert findings(claim(), snapshot=snapshot(storage_classes={"efs": default})) == []


def test_a_claim_that_wants_no_class_needs_none() -> None:
    assert findings(claim(storageClassName="")) == []


@pytest.mark.parametrize("provisioner", ["ebs.csi.aws.com", "pd.csi.storage.gke.io", "disk.csi.azure.com"])
def test_block_storage_cannot_be_written_by_many_nodes(provisioner: str) -> None:
    classes = {"c": StorageClass(provisioner, binding="WaitForFirstConsumer")}
    finding = only(findings(claim(storageClassName="c"), snapshot=snapshot(storage_classes=classes)))
    assert finding.id == "access-mode-impossible"
    assert provisioner in finding.message


def test_shared_storage_can() -> None:
    assert findings(claim(storageClassName="c"), snapshot=snapshot(storage_classes={"c": EFS})) == []


def test_one_volume_for_one_node_cannot_serve_several_pods() -> None:
    seen = findings(
        mounting(),
        autoscaler(),
        claim("ReadWriteOnce", storageClassName="c"),
        snapshot=snapshot(storage_classes={"c": EBS}),
    )
    finding = only(seen)
    assert finding.id == "volume-not-sharable"
    assert "Up to 11 pods" in finding.message
    assert "ReadWriteOnce" in finding.message


def test_a_single_pod_may_have_it() -> None:
    alone = mounting()
    alone["spec"].update(replicas=1, strategy={"type": "Recreate"})
    assert (
        findings(alone, claim("ReadWriteOnce", storageClassName="c"), snapshot=snapshot(storage_classes={"c": EBS}))
        == []
    )


def test_a_volume_for_each_pod_may_be_zonal_but_must_wait_for_its_pod() -> None:
    template = {"spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "c"}}
    manifest = deployment(pod_spec(volumes=[{"name": "scratch", "ephemeral": {"volumeClaimTemplate": template}}]))
    assert findings(manifest, snapshot=snapshot(storage_classes={"c": EBS})) == []
    at_once = {"c": StorageClass("ebs.csi.aws.com")}
    assert ids(findings(manifest, snapshot=snapshot(storage_classes=at_once))) == ["volume-binding-immediate"]


def test_unknown_classes_are_not_called_missing() -> None:
    unknown = Unknown("list StorageClasses", "you may not", True)
    assert ids(findings(claim(storageClassName="c"), snapshot=snapshot(storage_classes=unknown))) == ["fact-unknown"]
