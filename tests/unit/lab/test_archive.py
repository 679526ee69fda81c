# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""The name of the image in an archive, as the tools that write archives put it."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest

from maestro_lab.archive import full_name, reference_of
from maestro_lab.failure import LabError


def archive(folder: Path, **files: object) -> Path:
    path = folder / "image.tar"
    with tarfile.open(path, "w") as members:
        for name, content in files.items():
            data = json.dumps(content).encode()
            member = tarfile.TarInfo(f"{name}.json")
            member.size = len(data)
            members.addfile(member, io.BytesIO(data))
    return path


def test_a_docker_archive_names_its_image_by_repository_tag(tmp_path: Path) -> None:
    path = archive(tmp_path, manifest=[{"RepoTags": ["ghcr.io/x/y:1", "ghcr.io/x/y:2"], "Layers": []}])
    assert reference_of(path) == "ghcr.io/x/y:1"


def test_an_oci_archive_names_its_image_by_annotation(tmp_path: Path) -> None:
    annotations = {"org.opencontainers.image.ref.name": "1.0", "io.containerd.image.name": "quay.io/x/y:1.0"}
    assert reference_of(archive(tmp_path, index={"manifests": [{"annotations": annotations}]})) == "quay.io/x/y:1.0"


@pytest.mark.parametrize("files", [{}, {"manifest": [{"RepoTags": None}]}, {"index": {"manifests": [{}]}}])
def test_an_archive_without_a_name_asks_for_one(tmp_path: Path, files: dict[str, object]) -> None:
    with pytest.raises(LabError, match=r"does not name its image\. Give the name: load .*image\.tar REFERENCE"):
        reference_of(archive(tmp_path, **files))


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello")
    for name in ("text", "absent"):
        with pytest.raises(LabError, match="is no image archive"):
            reference_of(tmp_path / name)


@pytest.mark.parametrize(
    ("short", "full"),
    [
        ("busybox:1", "docker.io/library/busybox:1"),
        ("bitnami/redis:7", "docker.io/bitnami/redis:7"),
        ("ghcr.io/a/b:1", "ghcr.io/a/b:1"),
        ("localhost/a:1", "localhost/a:1"),
        ("registry:5000/a:1", "registry:5000/a:1"),
    ],
)
def test_short_names_mean_what_they_mean_to_container_tools(short: str, full: str) -> None:
    assert full_name(short) == full
