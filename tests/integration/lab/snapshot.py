# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""What is to be seen of a lab on its machine: all that a lab taken down must not leave.

Things of other labs on the machine (tests may run beside one) are left out by their name, labNNNNNN.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

DIRECTORIES = (
    "/etc",
    "/opt",
    "/run",
    "/tmp",
    "/var/lib",
    "/var/log",
    "/var/run",
    "/usr/libexec",
    "/etc/cni",
    "/var/cache",
)
SYSCTLS = (
    "kernel/keys/root_maxbytes",
    "kernel/keys/root_maxkeys",
    "kernel/panic",
    "kernel/panic_on_oops",
    "net/ipv4/conf/all/rp_filter",
    "net/ipv4/conf/all/route_localnet",
    "net/ipv4/ip_forward",
    "net/netfilter/nf_conntrack_max",
    "vm/overcommit_memory",
    "vm/panic_on_oom",
)
PASSING = re.compile(r"/tmp/|/var/lib/maestro-lab/(?!test-)|ansible|pytest|postgresql/|\.lock$")


def traces(idents: set[str]) -> dict[str, set[str]]:
    """All that a lab touches, by kind. `idents` are the labs under test; of other labs nothing is told."""
    kinds = {
        "processes": processes(),
        "mounts": mounts(),
        "links": links(),
        "routes": routes(),
        "nftables": set(_output("nft", "list", "tables").splitlines()),
        "iptables": set(_output("iptables-save").splitlines()) - {""},
        "control groups": control_groups(),
        "files": files(),
        "settings": {f"{name}={_read(Path('/proc/sys') / name)}" for name in SYSCTLS},
        "locks": set(re.findall(r"@maestro-lab/lab:\S*/test-\S*", Path("/proc/net/unix").read_text())),
    }
    return {kind: {thing for thing in things if not _foreign(thing, idents)} for kind, things in kinds.items()}


def processes() -> set[str]:
    """Processes that a lab may have started: in a lab's control group, or in a network namespace of their own."""
    own = _link(Path("/proc/self/ns/net"))
    found = set()
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            groups = _read(process / "cgroup")
            namespace = _link(process / "ns" / "net")
            if "/maestro-lab" in groups or namespace not in ("", own):
                lab = re.search(r"lab[0-9a-f]{6}", groups)
                found.add(f"{process.name} {_read(process / 'comm')} {lab.group() if lab else namespace}")
    return found


def mounts() -> set[str]:
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return {" ".join(line.split()[3:5]) for line in lines}


def links() -> set[str]:
    return {path.name for path in Path("/sys/class/net").iterdir()}


def routes() -> set[str]:
    listed = json.loads(_output("ip", "-json", "route", "show", "table", "all"))
    return {f"{route.get('type', '')} {route['dst']} {route.get('dev', '')}" for route in listed}


def control_groups() -> set[str]:
    found = {path for top in Path("/sys/fs/cgroup").glob("**/maestro-lab*") for path in _tree(top)}
    return {str(path) for path in found}


def files() -> set[str]:
    """What lies directly in the directories that programs like to write to, and every lab's state."""
    found = {str(path) for top in DIRECTORIES if Path(top).is_dir() for path in Path(top).iterdir()}
    found |= {str(path) for path in Path("/var/lib/maestro-lab").glob("*")}
    return {path for path in found if not PASSING.search(path)}


def _foreign(thing: str, idents: set[str]) -> bool:
    named = set(re.findall(r"lab[0-9a-f]{6}", thing))
    return bool(named) and not named & idents


def _tree(top: Path) -> Iterator[Path]:
    for directory, _, _ in os.walk(top):
        yield Path(directory)


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def _link(path: Path) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""
