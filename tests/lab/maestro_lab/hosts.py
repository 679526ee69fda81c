# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Hosts: the kernel's namespaces that make a node, or the databases' machine, out of a part of this one.

A host's first process, its holder, keeps a network, a mount and a UTS namespace. All that is mounted or configured
there is gone with the host's last process; nothing of it is seen on the machine.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path

from . import cgroups, network
from .component import JOIN, holder, main_process
from .failure import LabError
from .names import Host, Lab, Node
from .waiting import until

SYSCTLS = {"net/ipv4/ip_forward": "1", "net/ipv4/conf/all/rp_filter": "0", "net/ipv4/conf/default/rp_filter": "0"}
TUNABLES = {
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "kernel/keys/root_maxbytes": "25000000",
    "kernel/keys/root_maxkeys": "1000000",
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
}


def switch_on_all(lab: Lab) -> None:
    """Every host of the lab."""
    for host in lab.hosts:
        switch_on(lab, host)


def switch_on(lab: Lab, host: Host) -> None:
    """Make the host's namespaces and plug it in; nothing to do when it is on already."""
    keeper = holder(host.name)
    if main_process(lab, keeper) is not None:
        return
    network.unplug(lab, host)
    cgroups.create(keeper.group(lab))
    started = subprocess.Popen(
        ["unshare", "--net", "--mount", "--uts", "sh", "-c", JOIN, "sh", "sh", "-c", _setup(lab, host)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd="/",
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LAB_GROUPS": " ".join(cgroups.directories(keeper.group(lab)))},
        start_new_session=True,
    )
    until(
        lambda: started.poll() is not None or main_process(lab, keeper) is not None, f"{host.name} does not start", 10
    )
    if started.poll() is not None:
        said = started.stderr.read().decode() if started.stderr else ""
        raise LabError(f"{host.name} cannot be set up on this machine: {said.strip()}")
    network.plug(lab, host, started.pid)


def switch_off(lab: Lab, host: Host) -> None:
    """End every process of the host at once, as a power cut does; its files stay."""
    cgroups.kill(host.cgroup)
    network.unplug(lab, host)
    cgroups.remove(host.cgroup)


def is_on(lab: Lab, host: Host) -> bool:
    return main_process(lab, holder(host.name)) is not None


def _setup(lab: Lab, host: Host) -> str:
    """What the holder does before it falls asleep, as a shell script inside the new namespaces."""
    lines = ["set -e", f"hostname {host.name}", "mount --make-rprivate /", "mount --make-rshared /"]
    lines += [f"echo {value} > /proc/sys/{name}" for name, value in SYSCTLS.items()]
    if isinstance(host, Node):
        lines += [*_tunables(host), _shared(lab, host)]
    return "\n".join([*lines, *_file_system(lab, host), "exec 2>/dev/null", "exec /usr/bin/sleep infinity"])


def _file_system(lab: Lab, host: Host) -> list[str]:
    """Give the host directories of its own where programs insist on fixed paths; the lab's state stays visible."""
    shutil.rmtree(host.directory / "run", ignore_errors=True)
    for name in ("lib", "log", "run"):
        (host.directory / name).mkdir(parents=True, exist_ok=True)
    lines = []
    if lab.state.is_relative_to("/var/lib"):
        inside = host.directory / "lib" / lab.state.relative_to("/var/lib")
        inside.mkdir(parents=True, exist_ok=True)
        lines.append(_bind(lab.state, inside))
    return [
        *lines,
        _bind(host.directory / "log", Path("/var/log")),
        _bind(host.directory / "run", Path("/run")),
        f"mount --rbind {shlex.quote(str(host.directory / 'lib'))} /var/lib",
    ]


def _shared(lab: Lab, node: Node) -> str:
    """One directory that all nodes have in common, as a file server would give them."""
    source, target = lab.state / "shared", node.directory / "lib" / "maestro-shared"
    source.mkdir(exist_ok=True)
    target.mkdir(parents=True, exist_ok=True)
    return _bind(source, target)


def _tunables(node: Node) -> list[str]:
    """The kubelet insists on kernel settings; show it files that have them and leave the machine's own alone."""
    lines = []
    for name, value in TUNABLES.items():
        shown = node.directory / "sys" / name.replace("/", "-")
        shown.parent.mkdir(parents=True, exist_ok=True)
        shown.write_text(f"{value}\n")
        lines.append(f"[ ! -e /proc/sys/{name} ] || {_bind(shown, Path('/proc/sys') / name)}")
    return lines


def _bind(source: Path, target: Path) -> str:
    return f"mount --bind {shlex.quote(str(source))} {shlex.quote(str(target))}"
