# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""The name that an image archive gives its image."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

from .failure import LabError

OCI_NAMES = ("io.containerd.image.name", "org.opencontainers.image.ref.name")


def reference_of(archive: Path) -> str:
    """The full public name, such as docker.io/library/busybox:1.37, of the first image in a docker or OCI archive."""
    try:
        with tarfile.open(archive) as members:
            names = _docker_names(members) or _oci_names(members)
    except (OSError, tarfile.TarError, ValueError) as error:
        raise LabError(f"{archive} is no image archive: {error}") from error
    if not names:
        raise LabError(f"{archive} does not name its image. Give the name: load {archive} REFERENCE")
    return full_name(names[0])


def full_name(name: str) -> str:
    """A short name as the container tools understand it: busybox:1 is docker.io/library/busybox:1."""
    first, slash, _ = name.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return name
    return f"docker.io/{name}" if slash else f"docker.io/library/{name}"


def _docker_names(members: tarfile.TarFile) -> list[str]:
    images = _content(members, "manifest.json") or []
    return [name for image in images for name in image.get("RepoTags") or []]


def _oci_names(members: tarfile.TarFile) -> list[str]:
    manifests = (_content(members, "index.json") or {}).get("manifests", [])
    annotations = [manifest.get("annotations", {}) for manifest in manifests]
    found = (one[key] for one in annotations for key in OCI_NAMES if key in one)
    return [name for name in found if ":" in name]


def _content(members: tarfile.TarFile, name: str) -> Any:
    if name not in members.getnames():
        return None
    member = members.extractfile(name)
    return json.load(member) if member else None
