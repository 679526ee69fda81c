# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Control groups, version 1 and 2: every process of a lab lives below the lab's own group.

So the groups are the truth on what runs: no process ids are kept, and a lab can be taken down knowing its name only.
A group is named by its path below the root of every hierarchy, such as /maestro-lab123456/node-1/kubelet.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from functools import cache
from pathlib import Path

from .failure import LabError
from .waiting import INTERVAL, until

TRACKED_BY = ("memory", "pids", "cpu")
CPUSET_FILES = ("cpuset.cpus", "cpuset.mems")


@cache
def hierarchies() -> tuple[Path, ...]:
    """The mount points of all hierarchies; one of version 2 alone, or those of version 1 (and a hybrid's second)."""
    return parse_mounts(Path("/proc/self/mountinfo").read_text())


def parse_mounts(mountinfo: str) -> tuple[Path, ...]:
    """The mount points of type cgroup and cgroup2, each hierarchy once."""
    found: dict[str, Path] = {}
    for line in mountinfo.splitlines():
        left, _, right = line.partition(" - ")
        device, mount_point = left.split()[2], Path(left.split()[4])
        if right.split()[0] in ("cgroup", "cgroup2"):
            found.setdefault(device, mount_point)
    return tuple(found.values())


def is_unified() -> bool:
    """Whether the host has version 2 only."""
    return (Path("/sys/fs/cgroup") / "cgroup.controllers").exists()


@cache
def tracking() -> Path:
    """The hierarchy in which processes are looked for."""
    if is_unified():
        return Path("/sys/fs/cgroup")
    by_name = {controller: path for path in hierarchies() for controller in path.name.split(",")}
    for controller in TRACKED_BY:
        if controller in by_name:
            return by_name[controller]
    raise LabError(f"No cgroup hierarchy of {', '.join(TRACKED_BY)} is mounted; the lab's processes need one of them")


def memory(group: str) -> int:
    """The bytes that the processes of the group and those below hold, without the page cache; 0 when nobody counts."""
    key = "anon" if is_unified() else "total_rss"
    for hierarchy in hierarchies():
        if is_unified() or "memory" in hierarchy.name.split(","):
            with contextlib.suppress(OSError):
                lines = (
                    line.split() for line in (hierarchy / group.lstrip("/") / "memory.stat").read_text().splitlines()
                )
                return int(dict(lines).get(key, 0))
    return 0


def create(group: str) -> None:
    """Make the group and those above it in every hierarchy, able to hold processes and containers."""
    for root in hierarchies():
        for path in _lineage(root, group):
            path.mkdir(exist_ok=True)
            _inherit_cpuset(path)
    if is_unified():
        for parent in [tracking(), *_lineage(tracking(), group)[:-1]]:
            _delegate(parent)


def directories(group: str) -> list[str]:
    """The group's directory in each hierarchy, for a process that is to join it."""
    return [str(root / group.lstrip("/")) for root in hierarchies()]


def processes(group: str, *, below: bool = True) -> list[int]:
    """The ids of the processes in the group, and in the groups below it."""
    top = tracking() / group.lstrip("/")
    found: list[int] = []
    for directory, _, _ in os.walk(top) if below else [(str(top), [], [])]:
        with contextlib.suppress(OSError):
            found += [int(pid) for pid in Path(directory, "cgroup.procs").read_text().split()]
    return found


def kill(group: str, timeout: float = 10.0) -> None:
    """Kill every process in the group and below it, and wait until none is left."""

    def gone() -> bool:
        pids = processes(group)
        for pid in pids:
            send(pid, signal.SIGKILL)
        return not pids

    until(gone, lambda: f"Processes {processes(group)} of {group} survive SIGKILL; they hang in the kernel", timeout)


def terminate(group: str, grace: float) -> None:
    """Ask every process in the group and below it to end, wait for `grace` seconds at most, and kill the rest."""
    for pid in processes(group):
        send(pid, signal.SIGTERM)
    deadline = time.monotonic() + grace
    while processes(group) and time.monotonic() < deadline:
        time.sleep(INTERVAL)
    kill(group)


def remove(group: str, timeout: float = 10.0) -> None:
    """Take away the group and all below it, in every hierarchy; no process may be in them any more."""

    def gone() -> bool:
        left = [root for root in hierarchies() if not _remove_tree(root / group.lstrip("/"))]
        return not left

    until(gone, f"Control group {group} cannot be removed: the kernel says that it is busy", timeout)


def send(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process that may just have ended."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _lineage(root: Path, group: str) -> list[Path]:
    parts = Path(group.lstrip("/")).parts
    return [root.joinpath(*parts[: depth + 1]) for depth in range(len(parts))]


def _inherit_cpuset(path: Path) -> None:
    """A new cpuset of version 1 is empty, and nothing can run in it, until it is told what its parent has."""
    for name in CPUSET_FILES:
        setting = path / name
        if not is_unified() and setting.exists() and not setting.read_text().strip():
            setting.write_text((path.parent / name).read_text())


def _delegate(path: Path) -> None:
    """Version 2: let the groups below have all controllers that this one has."""
    available = set((path / "cgroup.controllers").read_text().split())
    enabled = set((path / "cgroup.subtree_control").read_text().split())
    for controller in sorted(available - enabled):
        try:
            (path / "cgroup.subtree_control").write_text(f"+{controller}")
        except OSError as error:
            if controller in ("cpu", "memory", "pids"):
                raise LabError(f"cgroup v2 does not give {controller} to the groups below {path}: {error}") from error


def _remove_tree(top: Path) -> bool:
    for directory, _, _ in os.walk(top, topdown=False):
        with contextlib.suppress(OSError):
            os.rmdir(directory)
    return not top.exists()
