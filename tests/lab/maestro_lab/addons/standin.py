# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""The stand-in for the product's private image, in two versions: see tests/lab/controlplane."""

from __future__ import annotations

from ..addon import Addon
from ..build import GoPrograms
from ..packed import Packed

REPOSITORY = "ghcr.io/brianlong/intelgraph/maestro-control-plane"
VERSIONS = ("2.0.0-prod", "2.1.0-prod")
USER = 10001


def programs(version: str) -> GoPrograms:
    """The stand-in, which says that it is of this version."""
    return GoPrograms("controlplane", ("./controlplane",), {"main.version": version})


def _packed(version: str) -> Packed:
    labels = {"org.opencontainers.image.version": version, "org.opencontainers.image.title": "maestro-control-plane"}
    return Packed(programs(version), "controlplane", f"{REPOSITORY}:{version}", USER, labels)


ADDON = Addon(
    name="standin",
    title="The product's image lies in the registry (stand-in)",
    requires=("registry",),
    programs=tuple(programs(version) for version in VERSIONS),
    images={f"controlplane {version}": _packed(version) for version in VERSIONS},
)
