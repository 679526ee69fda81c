# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Every name, address and path of a lab, derived from its name, its state directory and the /16 it claimed.

Layout of the /16 (10.B.0.0):
    10.B.0.1        the bridge on the machine: control plane, registry
    10.B.0.11-13    the nodes
    10.B.0.21-      other hosts: the databases', the load balancer's
    10.B.17-19.0/24 the pods of each node (inside 10.B.16.0/20)
    10.B.32.0/20    Services
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

from .failure import LabError

DEFAULT_NAME = "maestro"
DEFAULT_STATE = Path("/var/lib/maestro-lab")
STATE_VARIABLE = "MAESTRO_LAB_STATE"
REGION = "lab"
NODE_COUNT = 3
OTHER_HOSTS = ("db", "lb")
NAME_RULE = re.compile(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?")

API_PORT = 6443
ETCD_PORT = 2379
REGISTRY_PORT = 5000


@dataclass(frozen=True)
class Host:
    """A machine of its own on the lab's bridge, as far as the kernel's namespaces make one.

    `veth` is the machine's end of its cable; `cgroup` holds all its processes; `directory` holds its files, of which
    `lib`, `log` and `run` are the host's own /var/lib, /var/log and /run.
    """

    name: str
    address: IPv4Address
    veth: str
    cgroup: str
    directory: Path


@dataclass(frozen=True)
class Node(Host):
    """A host that runs a kubelet, with its zone and its pods' /24."""

    zone: str
    pods: IPv4Network


@dataclass(frozen=True)
class Lab:
    """One lab. `network` is None until the lab has claimed its /16 (see network.claim)."""

    name: str
    state: Path
    network: IPv4Network | None = None

    @cached_property
    def ident(self) -> str:
        """What names the lab on the machine: other for each state directory, short enough for a link's name."""
        return "lab" + hashlib.sha256(str(self.state).encode()).hexdigest()[:6]

    @property
    def bridge(self) -> str:
        return self.ident

    @property
    def cgroup(self) -> str:
        """Path below the root of every cgroup hierarchy."""
        return f"/maestro-{self.ident}"

    @property
    def claimed(self) -> IPv4Network:
        if self.network is None:
            raise LabError(f"Lab {self.name} is not up. Start it: tests/lab/lab --name {self.name} up")
        return self.network

    @property
    def address(self) -> IPv4Address:
        """The machine's own address on the bridge."""
        return self.claimed[1]

    @property
    def pods(self) -> IPv4Network:
        return IPv4Network((int(self.claimed[0]) + (16 << 8), 20))

    @property
    def services(self) -> IPv4Network:
        return IPv4Network((int(self.claimed[0]) + (32 << 8), 20))

    @property
    def dns(self) -> IPv4Address:
        """The cluster IP that pods use as their name server."""
        return self.services[10]

    @property
    def api_server(self) -> str:
        return f"https://{self.address}:{API_PORT}"

    @property
    def registry(self) -> str:
        """host:port of the image registry, plain HTTP."""
        return f"{self.address}:{REGISTRY_PORT}"

    @property
    def nodes(self) -> tuple[Node, ...]:
        return tuple(self._node(number) for number in range(1, NODE_COUNT + 1))

    @property
    def hosts(self) -> tuple[Host, ...]:
        """All hosts on the bridge: the nodes first, then the others."""
        return (*self.nodes, *(self.host(name) for name in OTHER_HOSTS))

    def host(self, name: str) -> Host:
        return Host(**self._host(name, 21 + OTHER_HOSTS.index(name)))

    def node(self, name: str) -> Node:
        for node in self.nodes:
            if node.name == name:
                return node
        raise LabError(f"Lab {self.name} has no node {name}; it has {', '.join(node.name for node in self.nodes)}")

    def host_named(self, name: str) -> Host:
        for host in self.hosts:
            if host.name == name:
                return host
        raise LabError(f"Lab {self.name} has no host {name}; it has {', '.join(host.name for host in self.hosts)}")

    def _node(self, number: int) -> Node:
        pods = IPv4Network((int(self.pods[0]) + (number << 8), 24))
        return Node(**self._host(f"node-{number}", 10 + number), zone=f"zone-{number}", pods=pods)

    def _host(self, name: str, number: int) -> dict[str, Any]:
        return {
            "name": name,
            "address": self.claimed[number],
            "veth": f"{self.ident}-{name.replace('node-', 'n')}",
            "cgroup": f"{self.cgroup}/{name}",
            "directory": self.state / "hosts" / name,
        }

    @property
    def pki(self) -> Path:
        return self.state / "pki"

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    @property
    def kubeconfig(self) -> Path:
        return self.state / "kubeconfig"

    @property
    def record(self) -> Path:
        """lab.json: what the lab's own commands need to know of a running lab."""
        return self.state / "lab.json"

    @property
    def facts(self) -> Path:
        """facts.json: what inventories and tests need to know of a running lab."""
        return self.state / "facts.json"

    def log(self, component: str) -> Path:
        return self.logs / f"{component.replace(':', '-')}.log"


def lab_named(name: str) -> Lab:
    """The lab of that name in the state directory of this user, without its addresses."""
    if not NAME_RULE.fullmatch(name):
        raise LabError(f"{name!r} cannot name a lab: use up to 32 lower-case letters, digits and hyphens")
    parent = Path(os.environ.get(STATE_VARIABLE) or DEFAULT_STATE).absolute()
    return Lab(name, parent / name)


def cache_directory() -> Path:
    """Where builds and other things that outlive a lab are kept."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").absolute() / "intelgraph-maestro"
