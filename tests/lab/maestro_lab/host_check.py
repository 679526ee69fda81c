# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Whether this machine can carry a lab; everything that it lacks is said at once."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from .cgroups import parse_mounts
from .failure import LabError
from .names import Lab

PACKAGES_FILE = Path(__file__).resolve().parent.parent / "debian-packages.txt"
PROGRAMS = {
    "runc": "/usr/sbin/runc",
    "containernetworking-plugins": "/usr/lib/cni/ptp",
    "iptables": "/usr/sbin/iptables",
    "nftables": "/usr/sbin/nft",
    "ipset": "/usr/sbin/ipset",
    "conntrack": "/usr/sbin/conntrack",
    "iproute2": "/usr/sbin/bridge",
    "busybox-static": "/usr/bin/busybox",
    "postgresql": "/usr/lib/postgresql",
    "redis-server": "/usr/bin/redis-server",
}
LIMITS = {"fs/inotify/max_user_instances": 4096, "fs/inotify/max_user_watches": 262_144}
CONTROLLERS = ("cpu", "cpuset", "memory", "pids")
TRIALS = {
    "network namespaces, veth links and bridges": (
        "ip link add labtrial0 type bridge && ip link add labtrial1 type veth peer name labtrial2 netns $$"
        " && ip link set labtrial1 master labtrial0"
    ),
    "nftables with connection tracking and NAT": (
        "nft add table ip trial && nft 'add chain ip trial nat { type nat hook postrouting priority 100; }'"
        " && nft 'add rule ip trial nat ct state new fib daddr type local masquerade'"
    ),
    "overlay file systems": (
        "mkdir lower upper work merged && mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work merged"
    ),
    "bind mounts over /proc/sys and mounts over /run": (
        "echo 0 > panic && mount --bind panic /proc/sys/kernel/panic && mount -t tmpfs tmpfs /run"
    ),
}


def check(lab: Lab, wanted: Sequence[str] = ()) -> None:
    """Refuse a machine that cannot carry the lab, with all that is missing in one message.

    `wanted` are the Debian packages of the lab's add-ons.
    """
    if os.geteuid() != 0:
        raise LabError("The lab makes namespaces, links and control groups, which only root may do. Run it as root.")
    missing = [*missing_packages(wanted), *missing_controllers(), *failed_trials(lab), *limits_not_raised()]
    if missing:
        raise LabError("This machine cannot carry the lab yet:\n" + "\n".join(f"  - {line}" for line in missing))


def missing_packages(wanted: Sequence[str] = ()) -> list[str]:
    """One line with the command that installs what is missing; nothing when all is there."""
    names = [name for name, program in PROGRAMS.items() if not Path(program).exists()]
    names += [name for name in wanted if name not in PROGRAMS and not is_installed(name)]
    if not names:
        return []
    every = " ".join(dict.fromkeys([*listed_packages(), *names]))
    return [f"Debian packages are missing ({', '.join(names)}): apt-get install --no-install-recommends -y {every}"]


def is_installed(package: str) -> bool:
    """Whether dpkg has the package; True on a host without dpkg, where nobody can tell."""
    if shutil.which("dpkg-query") is None:
        return True
    query = ["dpkg-query", "--show", "--showformat=${db:Status-Abbrev}", package]
    return subprocess.run(query, capture_output=True, text=True, check=False).stdout.startswith("ii")


def listed_packages() -> list[str]:
    """The names in debian-packages.txt."""
    lines = (line.partition("#")[0].strip() for line in PACKAGES_FILE.read_text().splitlines())
    return [line for line in lines if line]


def missing_controllers() -> list[str]:
    """The cgroup controllers that the kubelet needs and that the host does not offer."""
    missing = sorted(set(CONTROLLERS) - available_controllers())
    return [f"cgroup controllers are not mounted or not enabled: {', '.join(missing)}"] if missing else []


def available_controllers() -> set[str]:
    unified = Path("/sys/fs/cgroup/cgroup.controllers")
    if unified.exists():
        return set(unified.read_text().split())
    mounts = parse_mounts(Path("/proc/self/mountinfo").read_text())
    return {controller for path in mounts for controller in path.name.split(",")}


def limits_not_raised() -> list[str]:
    """Raise the machine's limits that three nodes' programs would meet; one line for each that cannot be raised."""
    return [line for name, least in LIMITS.items() if (line := _raise(Path("/proc/sys") / name, least))]


def failed_trials(lab: Lab) -> list[str]:
    """Try each kernel feature for real, in namespaces that end with the trial."""
    if shutil.which("unshare") is None:
        return ["`unshare` is missing: apt-get install util-linux"]
    scratch = _existing_parent(lab.state)
    return [line for feature, script in TRIALS.items() if (line := _failed(feature, script, scratch))]


def _failed(feature: str, script: str, scratch: Path) -> str:
    begin, end = (
        f'd=$(mktemp -d -p {scratch}) && cd "$d"',
        'cd /; umount "$d/merged" 2>/dev/null; rm -r "$d"; exit $code',
    )
    whole = f"{begin} && ({script}); code=$?; {end}"
    tried = subprocess.run(
        ["unshare", "--net", "--mount", "sh", "-c", whole], capture_output=True, text=True, check=False
    )
    return f"The kernel does not give {feature}: {tried.stderr.strip()}" if tried.returncode else ""


def _raise(limit: Path, least: int) -> str:
    found = int(limit.read_text())
    if found >= least:
        return ""
    try:
        limit.write_text(str(least))
    except OSError as error:
        return f"{limit} is {found}, which is less than the {least} that a lab needs, and cannot be raised: {error}"
    return ""


def _existing_parent(path: Path) -> Path:
    return path if path.exists() else _existing_parent(path.parent)
