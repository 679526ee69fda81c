# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""The lab's bridge on the machine, and the cables from it to the hosts.

The bridge's own /16 covers all that the lab ever addresses, so that nothing meant for the lab leaves by another link.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from .command import attempt, run
from .failure import LabError
from .locks import held
from .names import Host, Lab
from .waiting import until

CANDIDATES = range(64, 128)


def claim(lab: Lab) -> Lab:
    """The lab with a /16 of its own, and its bridge made in the same breath so that no other lab takes the same."""
    with held("networks", "another lab's start"):
        claimed = replace(lab, network=free_network(lab.ident, networks_in_use()))
        _make_bridge(claimed)
    return claimed


def free_network(ident: str, used: Iterable[IPv4Network]) -> IPv4Network:
    """The first /16 of the candidates that overlaps nothing in use, beginning at a place that `ident` decides."""
    taken = list(used)
    first = int(ident.removeprefix("lab"), 16)
    for offset in range(len(CANDIDATES)):
        network = IPv4Network(f"10.{CANDIDATES[(first + offset) % len(CANDIDATES)]}.0.0/16")
        if not any(network.overlaps(other) for other in taken):
            return network
    raise LabError(
        f"All networks from 10.{CANDIDATES[0]}.0.0/16 to 10.{CANDIDATES[-1]}.0.0/16 are in use on this machine. "
        "Take labs down that nobody needs, or remove routes to these networks (`ip route`)."
    )


def networks_in_use() -> Iterator[IPv4Network]:
    """Every network that the machine has a route to, beside the default one."""
    for route in json.loads(run("ip", "-json", "-4", "route", "show", "table", "all")):
        if route["dst"] != "default":
            yield IPv4Network(route["dst"], strict=False)


def plug(lab: Lab, host: Host, process: int) -> None:
    """Lay the cable from the bridge to the host whose namespaces `process` is in, and give the host its address."""
    inner = ("name", "eth0", "address", hardware_address(host.address), "netns", str(process))
    run("ip", "link", "add", host.veth, "type", "veth", "peer", *inner)
    run("ip", "link", "set", host.veth, "master", lab.bridge, "up")
    inside = [
        "link set lo up",
        f"addr add {host.address}/24 dev eth0",
        "link set eth0 up",
        *(f"route add {node.pods} via {node.address}" for node in lab.nodes if node.name != host.name),
    ]
    run("nsenter", f"--target={process}", "--net", "ip", "-batch", "-", stdin="\n".join(inside))


def hardware_address(address: IPv4Address) -> str:
    """The same for the same address, so that neighbours find a host again at once when it was off."""
    return ":".join(f"{octet:02x}" for octet in (2, 0, *address.packed))


def unplug(lab: Lab, host: Host) -> None:
    """Take the cable away; with it go the host's address and routes."""
    attempt("ip", "link", "delete", host.veth)
    until(lambda: host.veth not in links(lab), f"The link {host.veth} cannot be deleted", 10)


def remove_bridge(lab: Lab) -> None:
    """Take away the bridge and every cable of the lab, known by their names alone."""
    _accept_forwarding(lab, wanted=False)
    for link in links(lab):
        attempt("ip", "link", "delete", link)
    until(lambda: not links(lab), lambda: f"Links {', '.join(links(lab))} cannot be deleted", 10)


def links(lab: Lab) -> list[str]:
    """The machine's links that belong to this lab."""
    own = (path.name for path in Path("/sys/class/net").iterdir())
    return sorted(name for name in own if name == lab.bridge or name.startswith(f"{lab.ident}-"))


def connect(host: Host, *, connected: bool) -> None:
    """Let the bridge pass the host's frames, or drop them all silently as a broken cable or switch would."""
    run("bridge", "link", "set", "dev", host.veth, "state", "forwarding" if connected else "disabled")


def attach(lab: Lab, host: Host) -> None:
    """Put the host's cable on the bridge, where it belongs."""
    if not is_bridged(host):
        run("ip", "link", "set", host.veth, "master", lab.bridge)


def is_bridged(host: Host) -> bool:
    return Path(f"/sys/class/net/{host.veth}/master").exists()


def _make_bridge(lab: Lab) -> None:
    commands = [
        f"link add {lab.bridge} address {hardware_address(lab.address)} type bridge",
        f"addr add {lab.address}/16 dev {lab.bridge}",
        f"link set {lab.bridge} up",
        *(f"route add {node.pods} via {node.address} dev {lab.bridge}" for node in lab.nodes),
    ]
    run("ip", "-batch", "-", stdin="\n".join(commands))
    _accept_forwarding(lab, wanted=True)


def _accept_forwarding(lab: Lab, *, wanted: bool) -> None:
    """Where the host's firewall drops what it forwards and sees bridged frames too, except the lab's bridge from it."""
    rule = ("FORWARD", "-i", lab.bridge, "-o", lab.bridge, "-j", "ACCEPT")
    if not wanted:
        if _firewall_drops():
            attempt("iptables", "--wait", "-D", *rule)
    elif _firewall_drops():
        run("iptables", "--wait", "-I", *rule)


def _firewall_drops() -> bool:
    """Whether the FORWARD chain exists and drops what no rule accepts; asking makes no table."""
    listed = run("nft", "--json", "list", "chains")
    chains = (entry["chain"] for entry in json.loads(listed)["nftables"] if "chain" in entry)
    return any(chain["name"] == "FORWARD" and chain.get("policy") == "drop" for chain in chains)
