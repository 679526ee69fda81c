# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The archive is whole or not there, and nobody else's to read."""

from __future__ import annotations

import io
import os
import pathlib
import stat
import tarfile

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._support_bundle.archive import (
    CannotWrite,
    archive_name,
    packed,
    write,
)


def test_the_name_says_release_namespace_cluster_and_time() -> None:
    name = archive_name("maestro", "prod", "https://api.example.com:6443/", 1_795_464_000.0)
    assert name == "maestro-prod-api.example.com-6443-20261123T200000Z"


def test_every_part_lies_below_one_folder_and_equal_parts_give_equal_bytes() -> None:
    content = packed("d", {"README.md": "é", "logs/a/b.log": ""}, 1.0)
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        assert archive.getnames() == ["d/README.md", "d/logs/a/b.log"]
        first = archive.extractfile("d/README.md")
        assert first is not None
        assert first.read() == "é".encode()
    assert content == packed("d", {"README.md": "é", "logs/a/b.log": ""}, 1.0)


def test_the_file_and_a_folder_made_for_it_are_for_their_owner_only(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "new" / "a.tar.gz"
    write(b"content", path)
    assert path.read_bytes() == b"content"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_write_that_breaks_off_leaves_nothing(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CannotWrite, match="No space left on device"):
        write(b"content", tmp_path / "a.tar.gz")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_a_file_is_refused_with_the_reason(tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CannotWrite, match="Not a directory"):
        write(b"content", tmp_path / "file" / "a.tar.gz")


def test_a_name_from_the_cluster_never_leads_out_of_the_archives_folder() -> None:
    content = packed("d", {"objects/Role/../../../etc/x.yaml": "", "logs/a/\x1b[2Jb.log": ""}, 1.0)
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        names = archive.getnames()
    assert all(name.startswith("d/") and ".." not in name.split("/") and name.isprintable() for name in names)
