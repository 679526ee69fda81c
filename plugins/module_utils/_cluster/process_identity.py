# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which process something was done by, so that another one of the same host can tell whether it still runs."""

from __future__ import annotations

import os
import pathlib
import re
import socket
import time

PROC = pathlib.Path("/proc")
BOOT_ID = PROC / "sys/kernel/random/boot_id"
NAMESPACE = PROC / "self/ns/pid"
PID = re.compile(r"[1-9][0-9]{0,9}")
STATE, START_TIME = 0, 19
"""Places in /proc/PID/stat, counted from behind the name of the program."""
ENDED = ("Z", "X")
"""The states of a process that is dead and that its parent has not asked for yet."""


def identity_of(pid: int) -> str:
    """Host, boot, process namespace, id and start time of a process; empty where the system does not tell."""
    try:
        return f"{_here()} {pid} {_stat(pid)[START_TIME]}"
    except (OSError, IndexError):
        return ""


def is_gone(identity: str) -> bool:
    """Whether a process of this host, since it was booted and in this process namespace, is known to have ended.

    False for a process of another host or container, and for whatever is no identity.
    """
    where, pid, started = ["", "", "", *identity.rsplit(" ", 2)][-3:]
    try:
        if where != _here() or not PID.fullmatch(pid):
            return False
        if not _is_there(int(pid)):
            return True
        stat = _stat(int(pid))
        return stat[START_TIME] != started or stat[STATE] in ENDED
    except (OSError, IndexError, ValueError, OverflowError):
        return False


def age_of(pid: int) -> float | None:
    """Seconds since a process was started; None where the system does not tell."""
    try:
        ticks = int(_stat(pid)[START_TIME])
        return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK"))
    except (AttributeError, OSError, IndexError, ValueError):
        return None


def _here() -> str:
    """Within what a process id means something."""
    return f"{socket.gethostname()} {BOOT_ID.read_text(encoding='ascii').strip()} {os.readlink(NAMESPACE)}"


def _is_there(pid: int) -> bool:
    """Whether there is a process with this id, also one that may not be looked at."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _stat(pid: int) -> list[str]:
    """The fields behind the name of the program, which may hold spaces and brackets."""
    return (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
