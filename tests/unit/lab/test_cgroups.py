# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Control groups: both versions' mounts are read, and a tree of groups is made, found and removed."""

from __future__ import annotations

from pathlib import Path

import pytest

from maestro_lab import cgroups

VERSION_1 = """\
25 1 0:22 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755
26 25 0:23 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
27 25 0:24 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
28 25 0:25 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd
29 25 0:26 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
30 1 0:24 / /elsewhere/memory rw,relatime - cgroup cgroup rw,memory
"""
VERSION_2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"


def test_each_hierarchy_of_version_1_counts_once() -> None:
    names = [path.name for path in cgroups.parse_mounts(VERSION_1)]
    assert names == ["cpu,cpuacct", "memory", "systemd", "unified"]


def test_version_2_is_one_hierarchy() -> None:
    assert cgroups.parse_mounts(VERSION_2) == (Path("/sys/fs/cgroup"),)


@pytest.fixture
def unified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory that looks like the root of version 2, as far as plain files can."""
    monkeypatch.setattr(cgroups, "hierarchies", lambda: (tmp_path,))
    monkeypatch.setattr(cgroups, "tracking", lambda: tmp_path)
    monkeypatch.setattr(cgroups, "is_unified", lambda: True)
    for path in (tmp_path, tmp_path / "lab", tmp_path / "lab" / "node-1"):
        path.mkdir(exist_ok=True)
        (path / "cgroup.controllers").write_text("cpu memory pids\n")
        (path / "cgroup.subtree_control").write_text("cpu memory pids\n")
    return tmp_path


def test_version_2_groups_hand_their_controllers_on(unified: Path) -> None:
    (unified / "lab" / "cgroup.subtree_control").write_text("memory\n")
    cgroups.create("/lab/node-1/kubelet")
    assert (unified / "lab" / "node-1" / "kubelet").is_dir()
    assert (unified / "lab" / "cgroup.subtree_control").read_text() == "+pids"


def test_version_2_does_not_touch_what_is_handed_on_already(unified: Path) -> None:
    cgroups.create("/lab/node-1/kubelet")
    assert (unified / "cgroup.subtree_control").read_text() == "cpu memory pids\n"


def test_a_new_cpuset_of_version_1_gets_what_its_parent_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cgroups, "is_unified", lambda: False)
    monkeypatch.setattr(cgroups, "hierarchies", lambda: (tmp_path,))
    (tmp_path / "cpuset.cpus").write_text("0-1\n")
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "cpuset.cpus").write_text("\n")
    cgroups.create("/lab")
    assert (tmp_path / "lab" / "cpuset.cpus").read_text() == "0-1\n"


def test_processes_of_a_group_and_of_those_below_it(unified: Path) -> None:
    (unified / "lab" / "cgroup.procs").write_text("11\n12\n")
    (unified / "lab" / "node-1" / "cgroup.procs").write_text("21\n")
    assert sorted(cgroups.processes("/lab")) == [11, 12, 21]
    assert cgroups.processes("/lab", below=False) == [11, 12]


def test_a_group_that_does_not_exist_has_no_processes(unified: Path) -> None:
    assert cgroups.processes("/nowhere") == []
