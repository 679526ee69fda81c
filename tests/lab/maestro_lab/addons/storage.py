# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Volumes: local-path-provisioner, twice: one node's disk, and a directory that all nodes share."""

from __future__ import annotations

from collections.abc import Mapping

from ..addon import Addon, Deployment
from ..build import GoPrograms
from ..golang import LAB_MODULE, required_version
from ..names import Lab
from ..packed import Packed

SOURCE = "github.com/rancher/local-path-provisioner"
VERSION = required_version(LAB_MODULE, SOURCE)
PROGRAMS = GoPrograms("local-path-provisioner", (SOURCE,), {"main.VERSION": VERSION}, alone=True)
"""Alone, because it imports both Sirupsen/logrus and, by others, sirupsen/logrus."""

REFERENCE = f"docker.io/rancher/local-path-provisioner:{VERSION}"
PROVISIONERS = {
    "node": {
        "nodePathMap": [{"node": "DEFAULT_PATH_FOR_NON_LISTED_NODES", "paths": ["/var/lib/local-path-provisioner"]}]
    },
    "shared": {"sharedFileSystemPath": "/var/lib/maestro-shared"},
}
PROVISIONER_NAMES = {"node": "rancher.io/local-path", "shared": "maestro-lab.internal/shared"}


def _values(lab: Lab) -> Mapping[str, object]:
    return {"provisioners": PROVISIONERS, "provisioner_names": PROVISIONER_NAMES}


ADDON = Addon(
    name="storage",
    title="Volumes can be claimed (local-path-provisioner)",
    requires=("registry",),
    programs=(PROGRAMS,),
    images={"storage": Packed(PROGRAMS, "local-path-provisioner", REFERENCE)},
    manifest="local-path-provisioner.yaml.j2",
    values=_values,
    deployment=Deployment("local-path-storage", "local-path-provisioner"),
)
