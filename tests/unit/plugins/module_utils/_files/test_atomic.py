# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file is whole or not there, its owner's alone, and nobody else's link or folder decides where it goes."""

from __future__ import annotations

import os
import pathlib
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.intelgraph.maestro.plugins.module_utils._files import atomic
from ansible_collections.intelgraph.maestro.plugins.module_utils._files.atomic import safe_name, safe_path, write
from tests.unit.full_disk import full_disk

NOBODY = 65534
is_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to others")


def test_the_file_and_the_folders_made_for_it_are_for_their_owner_only(tmp_path: pathlib.Path) -> None:
    path = write(tmp_path / "new" / "inner" / "file", "text")
    assert path.read_text(encoding="utf-8") == "text"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {stat.S_IMODE(place.stat().st_mode) for place in (path.parent, path.parent.parent)} == {0o700}


def test_a_former_file_is_replaced_whole_whatever_others_may_read_of_it(tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").write_text("former", encoding="utf-8")
    (tmp_path / "file").chmod(0o666)
    write(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"new"
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o600


def test_a_link_in_the_place_of_the_file_is_replaced_and_not_followed(tmp_path: pathlib.Path) -> None:
    (tmp_path / "precious").write_text("keep me", encoding="utf-8")
    (tmp_path / "file").symlink_to(tmp_path / "precious")
    write(tmp_path / "file", "new")
    assert (tmp_path / "precious").read_text(encoding="utf-8") == "keep me"
    assert not (tmp_path / "file").is_symlink()


def test_an_own_link_to_a_folder_is_followed(tmp_path: pathlib.Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write(tmp_path / "link" / "file", "text")
    assert (tmp_path / "real" / "file").is_file()


@is_root
def test_a_link_of_another_user_on_the_way_is_not_followed(tmp_path: pathlib.Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    os.chown(tmp_path / "link", NOBODY, NOBODY, follow_symlinks=False)
    with pytest.raises(PermissionError, match="a link of another user leads there"):
        write(tmp_path / "link" / "file", "text")
    assert list((tmp_path / "real").iterdir()) == []


@is_root
def test_a_folder_of_another_user_is_refused(tmp_path: pathlib.Path) -> None:
    (tmp_path / "theirs").mkdir()
    os.chown(tmp_path / "theirs", NOBODY, NOBODY)
    with pytest.raises(PermissionError, match="the folder belongs to another user"):
        write(tmp_path / "theirs" / "file", "text")


def test_a_folder_that_every_user_may_change_is_refused_unless_they_cannot_touch_our_files(
    tmp_path: pathlib.Path,
) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(PermissionError, match="every user may change the folder"):
        write(tmp_path / "file", "text")
    tmp_path.chmod(0o1777)
    assert write(tmp_path / "file", "text").is_file()


def test_a_full_disk_leaves_the_former_file_and_no_draft(tmp_path: pathlib.Path) -> None:
    write(tmp_path / "file", "former")
    with full_disk(), pytest.raises(OSError, match="File too large"):
        write(tmp_path / "file", "new and longer")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_text(encoding="utf-8") == "former"


def test_file_and_folder_are_on_the_disk_before_it_returns(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    fsync, replace = os.fsync, os.replace

    def synced(handle: int) -> None:
        order.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        fsync(handle)

    def renamed(*names: str, **folders: int) -> None:
        order.append("rename")
        replace(*names, **folders)

    monkeypatch.setattr(atomic.os, "fsync", synced)
    monkeypatch.setattr(atomic.os, "replace", renamed)
    write(tmp_path / "file", "text")
    assert order == ["file", "rename", "folder"]


@pytest.mark.parametrize(
    "name", ["maestro-7d9f", "system:controller", "a.b_c@d+e=f,g", "report-2026-11-30T200000Z.json"]
)
def test_names_that_are_safe_stay_as_they_are(name: str) -> None:
    assert safe_name(name) == name


@given(st.text(max_size=300))
def test_no_name_leads_out_of_its_folder(text: str) -> None:
    name = safe_name(text)
    assert name
    assert name not in (".", "..")
    assert "/" not in name
    assert "\0" not in name
    assert not name.startswith((".", "-"))
    assert name.isascii()
    assert len(name) <= 130


def test_names_that_had_to_be_changed_stay_apart() -> None:
    assert len({safe_name("a/b"), safe_name("a-b"), safe_name("a\\b"), safe_name("../a/b")}) == 4


def test_a_path_of_others_stays_below() -> None:
    assert safe_path("objects/Pod/maestro-1.yaml") == "objects/Pod/maestro-1.yaml"
    assert ".." not in safe_path("logs/../../etc/passwd").split("/")
    assert not safe_path("/etc/passwd").startswith("/")
