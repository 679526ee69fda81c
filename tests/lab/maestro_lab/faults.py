# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Faults that tests ask for: components that stop or freeze, nodes without power, cables cut or slow.

A target is a component (apiserver, etcd, kubelet:node-1, redis, ...) or a whole host (node:node-1, node:db).
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from . import cgroups, component, hosts, network, nodes
from .component import Component, ensure, recorded
from .failure import LabError
from .names import Host, Lab, Node
from .waiting import until

NODE = "node"
GRACE = 5.0
LONGEST_DELAY = 60_000


def stop(lab: Lab, target: str) -> None:
    """Ask the target to end and wait until it has; a node's containers get a few seconds."""
    if host := _host(lab, target):
        _shut_down(lab, host)
    else:
        component.stop(lab, _component(lab, target))


def kill(lab: Lab, target: str) -> None:
    """End the target without a chance to tidy up, as a crash or a power cut does."""
    if host := _host(lab, target):
        hosts.switch_off(lab, host)
    else:
        component.kill(lab, _component(lab, target))


def start(lab: Lab, target: str) -> None:
    """Start what was stopped or killed and wait until it serves; a node until it is Ready."""
    if host := _host(lab, target):
        _power_on(lab, host)
    else:
        ensure(lab, _component(lab, target))


def pause(lab: Lab, target: str) -> None:
    """Freeze the component: its connections stay open and nothing answers."""
    component.suspend(lab, _component(lab, target), suspended=True)


def resume(lab: Lab, target: str) -> None:
    component.suspend(lab, _component(lab, target), suspended=False)


def cut(lab: Lab, name: str) -> None:
    """Let no frame pass between the host and the rest of the lab."""
    network.connect(lab.host_named(name), connected=False)


def delay(lab: Lab, name: str, milliseconds: int) -> None:
    """Hold every frame to and from the host back by this long, each way."""
    if not 0 < milliseconds <= LONGEST_DELAY:
        raise LabError(f"A delay of {milliseconds} ms is not between 1 and {LONGEST_DELAY}")
    heal(lab, name)
    host = lab.host_named(name)
    ensure(lab, _relay(host, milliseconds, lab))
    until(lambda: not network.is_bridged(host), f"The cable of {name} is not slowed; see {lab.log(f'delay:{name}')}", 5)


def heal(lab: Lab, name: str) -> None:
    """Undo cut and delay."""
    host = lab.host_named(name)
    component.forget(lab, _relay(host, 0, lab))
    network.attach(lab, host)
    network.connect(host, connected=True)


def targets(lab: Lab) -> list[str]:
    """All that can be stopped and started."""
    return [*sorted(recorded(lab)), *(f"{NODE}:{host.name}" for host in lab.hosts)]


def _power_on(lab: Lab, host: Host) -> None:
    """The host from its namespaces up, over the files that it left; a node until its kubelet says that it is Ready."""
    began = datetime.now(UTC)
    component.forget(lab, _relay(host, 0, lab))
    hosts.switch_on(lab, host)
    for one in component.of_host(lab, host.name):
        ensure(lab, one)
    if isinstance(host, Node):
        nodes.await_nodes(lab, (host,), since=began)


def _shut_down(lab: Lab, host: Host) -> None:
    for one in reversed(component.of_host(lab, host.name)):
        component.stop(lab, one)
    cgroups.terminate(f"{host.cgroup}/kubepods", GRACE)
    hosts.switch_off(lab, host)


def _host(lab: Lab, target: str) -> Host | None:
    kind, _, name = target.partition(":")
    return lab.host_named(name) if kind == NODE else None


def _component(lab: Lab, target: str) -> Component:
    known = recorded(lab)
    if target not in known:
        raise LabError(f"Lab {lab.name} has no {target}; it has {', '.join(targets(lab))}")
    return known[target]


def _relay(host: Host, milliseconds: int, lab: Lab) -> Component:
    package = str(Path(__file__).resolve().parent.parent)
    argv = (sys.executable, "-m", "maestro_lab.delay", host.veth, f"{host.veth}s", lab.bridge, str(milliseconds))
    return Component(f"delay:{host.name}", argv, environment={"PYTHONPATH": package})
