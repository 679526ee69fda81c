# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Images: the same content gives the same digest, and what comes out is what OCI says an image is."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import tarfile
from pathlib import Path

import pytest

from maestro_lab.images import (
    Image,
    ImageError,
    Layout,
    binary,
    build,
    directory,
    read_layout,
    symlink,
    text,
    unpack,
)


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "program"
    path.write_bytes(b"\x7fELF" + bytes(100_000))
    return path


def image(program: Path, **changes: object) -> Image:
    values: dict[str, object] = {
        "reference": "ghcr.io/a/b:1",
        "entries": (binary("/usr/bin/program", program), directory("/tmp", 0o1777), symlink("/sh", "usr/bin/program")),
        "entrypoint": ("/usr/bin/program",),
        "user": "10001:10001",
        "environment": {"B": "2", "A": "1"},
        "labels": {"version": "1"},
    }
    return Image(**{**values, **changes})  # type: ignore[arg-type]


def config(layout: Layout) -> dict[str, object]:
    result: dict[str, object] = json.loads(layout.blob(layout.blobs()[0]).read_bytes())
    return result


def members(layout: Layout) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(layout.blob(layout.blobs()[1])) as layer:
        return {member.name: member for member in layer.getmembers()}


def test_digest_depends_on_content_only(program: Path, tmp_path: Path) -> None:
    first = build(image(program), tmp_path / "one")
    program.chmod(0o600)
    os.utime(program, (1, 1))
    second = build(image(program), tmp_path / "two")
    assert first.digest == second.digest
    assert first.digest == "sha256:" + hashlib.sha256(first.manifest()).hexdigest()


def test_other_content_gives_another_digest(program: Path, tmp_path: Path) -> None:
    first = build(image(program), tmp_path)
    program.write_bytes(b"other")
    assert build(image(program), tmp_path).digest != first.digest


def test_blobs_are_stored_under_their_own_digests(program: Path, tmp_path: Path) -> None:
    layout = build(image(program), tmp_path)
    for digest in [layout.digest, *layout.blobs()]:
        assert "sha256:" + hashlib.sha256(layout.blob(digest).read_bytes()).hexdigest() == digest


def test_config_tells_how_the_image_starts(program: Path, tmp_path: Path) -> None:
    built = config(build(image(program), tmp_path))
    assert built["config"] == {
        "User": "10001:10001",
        "Entrypoint": ["/usr/bin/program"],
        "Cmd": [],
        "Env": ["A=1", "B=2"],
        "WorkingDir": "/",
        "Labels": {"version": "1"},
    }


def test_layer_holds_the_entries_and_the_folders_that_they_lie_in(program: Path, tmp_path: Path) -> None:
    found = members(build(image(program), tmp_path))
    assert list(found) == ["sh", "tmp", "usr", "usr/bin", "usr/bin/program"]
    assert found["usr/bin/program"].mode == 0o755
    assert found["usr/bin/program"].size == program.stat().st_size
    assert found["tmp"].mode == 0o1777
    assert found["sh"].linkname == "usr/bin/program"
    assert {member.mtime for member in found.values()} == {0}


def test_second_build_is_a_look_up(program: Path, tmp_path: Path) -> None:
    first = build(image(program), tmp_path)
    marker = first.path / "marker"
    marker.touch()
    assert (build(image(program), tmp_path).path / "marker").exists()


def test_missing_source_is_named(program: Path, tmp_path: Path) -> None:
    broken = image(program)
    program.unlink()
    with pytest.raises(ImageError, match="/usr/bin/program cannot be read"):
        build(broken, tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_failed_build_leaves_nothing(program: Path, tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        build(image(program, labels={"version": object()}), tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def archive_of(folder: Path, target: Path) -> Path:
    with tarfile.open(target, "w") as archive:
        for path in sorted(folder.iterdir()):
            archive.add(path, path.name)
    return target


def test_oci_archive_keeps_its_digest(program: Path, tmp_path: Path) -> None:
    layout = build(image(program), tmp_path / "cache")
    archive = archive_of(layout.path, tmp_path / "image.tar")
    assert unpack(archive, tmp_path / "unpacked").digest == layout.digest


def docker_archive(tmp_path: Path, compressed: bool) -> tuple[Path, bytes]:
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as content:
        content.addfile(tarfile.TarInfo("file"))
    plain = layer.getvalue()
    folder = tmp_path / "saved"
    folder.mkdir()
    (folder / "layer.tar").write_bytes(gzip.compress(plain) if compressed else plain)
    diff_id = f"sha256:{hashlib.sha256(plain).hexdigest()}"
    (folder / "config.json").write_text(json.dumps({"rootfs": {"type": "layers", "diff_ids": [diff_id]}}))
    manifest = [{"Config": "config.json", "RepoTags": ["a/b:1"], "Layers": ["layer.tar"]}]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return archive_of(folder, tmp_path / "docker.tar"), plain


@pytest.mark.parametrize("compressed", [False, True])
def test_docker_archive_becomes_a_layout_whose_layers_match_the_config(tmp_path: Path, compressed: bool) -> None:
    archive, plain = docker_archive(tmp_path, compressed)
    layout = unpack(archive, tmp_path / "layout")
    assert layout.blob(layout.blobs()[1]).read_bytes() == plain
    assert read_layout(layout.path).digest == layout.digest


def test_what_is_no_archive_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "x.tar").write_text("no tar")
    with pytest.raises(ImageError, match=r"x\.tar is no image archive"):
        unpack(tmp_path / "x.tar", tmp_path / "layout")


def test_tar_without_an_image_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "readme").touch()
    archive = archive_of(tmp_path / "folder", tmp_path / "y.tar")
    with pytest.raises(ImageError, match=r"neither index\.json nor manifest\.json"):
        unpack(archive, tmp_path / "layout")


def test_archive_of_two_images_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "manifest.json").write_text(json.dumps([{}, {}]))
    with pytest.raises(ImageError, match="2 images"):
        unpack(archive_of(folder, tmp_path / "z.tar"), tmp_path / "layout")


def test_text_is_readable_by_all(tmp_path: Path) -> None:
    layout = build(Image("a/b:1", (text("/etc/passwd", "root\n"),), ("/x",)), tmp_path)
    assert members(layout)["etc/passwd"].mode == 0o644
