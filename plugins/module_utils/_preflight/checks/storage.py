# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Can the volumes be provisioned and mounted as the manifests want them?"""

from __future__ import annotations

import typing as t

from ..._findings import registry
from ..._findings.finding import Finding
from ..parse import storage_class
from ..requirements import Claim
from ..snapshot import StorageClass, Unknown
from ..view import PreflightView

BLOCK_STORAGE = {
    "ebs.csi.aws.com": "Amazon EBS",
    "kubernetes.io/aws-ebs": "Amazon EBS",
    "pd.csi.storage.gke.io": "Google Persistent Disk",
    "kubernetes.io/gce-pd": "Google Persistent Disk",
    "disk.csi.azure.com": "Azure Disk",
    "kubernetes.io/azure-disk": "Azure Disk",
    "rancher.io/local-path": "local disks of a node",
    "kubernetes.io/no-provisioner": "local disks of a node",
}
"""Provisioners whose volumes attach to one node at a time."""
ONE_NODE_MODES = frozenset({"ReadWriteOnce", "ReadWriteOncePod"})


def check_storage_class(view: PreflightView) -> t.Iterator[Finding]:
    classes = _classes(view)
    if classes is None:
        return
    for claim in view.needs.claims:
        if claim.storage_class == "" or _class_of(claim, classes):
            continue
        required = f"StorageClass {claim.storage_class}" if claim.storage_class else "A default StorageClass"
        names = ", ".join(sorted(classes)) or "none"
        yield registry.STORAGE_CLASS_MISSING.found(
            claim.owner, f"{required} for volume {claim.name} does not exist; the cluster has {names}."
        )


def check_access_modes(view: PreflightView) -> t.Iterator[Finding]:
    """A claim for many writers on block storage stays Pending for ever."""
    for claim in view.needs.claims:
        storage = _class_of(claim, _classes(view) or {})
        if "ReadWriteMany" in claim.access_modes and storage and storage.provisioner in BLOCK_STORAGE:
            yield registry.ACCESS_MODE_IMPOSSIBLE.found(
                claim.owner,
                f"Volume {claim.name} wants ReadWriteMany, but {storage.provisioner} provisions "
                f"{BLOCK_STORAGE[storage.provisioner]}, which one node can mount at a time.",
            )


def check_shared_volume(view: PreflightView) -> t.Iterator[Finding]:
    """One volume for all pods must be mountable on all their nodes."""
    for claim in view.needs.claims:
        if claim.each_pod or not ONE_NODE_MODES.issuperset(claim.access_modes):
            continue
        for workload in view.needs.workloads:
            mounted = [volume.get("persistentVolumeClaim") or {} for volume in workload.spec.get("volumes") or ()]
            if workload.most > 1 and any(item.get("claimName") == claim.name for item in mounted):
                yield registry.VOLUME_NOT_SHARABLE.found(
                    workload.key,
                    f"Up to {workload.most} pods mount volume {claim.name}, whose access mode is "
                    f"{', '.join(claim.access_modes)}: pods on a second node would wait for ever.",
                )


def check_binding(view: PreflightView) -> t.Iterator[Finding]:
    """A zonal volume made before its pod is scheduled may lie in a zone that cannot take the pod."""
    for claim in view.needs.claims:
        storage = _class_of(claim, _classes(view) or {})
        if storage and storage.provisioner in BLOCK_STORAGE and storage.binding != "WaitForFirstConsumer":
            yield registry.VOLUME_BINDING_IMMEDIATE.found(
                claim.owner,
                f"The class of volume {claim.name} binds at once: its zone is chosen without regard to the pod.",
            )


def _classes(view: PreflightView) -> dict[str, StorageClass] | None:
    """The classes that there will be: the cluster's and the release's own. None when the cluster's are unknown."""
    if isinstance(view.snapshot.storage_classes, Unknown):
        return None
    rendered = {item["metadata"]["name"]: storage_class(item) for item in view.needs.of_kind("StorageClass")}
    return {**view.snapshot.storage_classes, **rendered}


def _class_of(claim: Claim, classes: t.Mapping[str, StorageClass]) -> StorageClass | None:
    if claim.storage_class is None:
        return next((item for item in classes.values() if item.default), None)
    return classes.get(claim.storage_class)


CHECKS = (check_storage_class, check_access_modes, check_shared_volume, check_binding)
