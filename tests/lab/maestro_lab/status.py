# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""What of a lab is on and runs now."""

from __future__ import annotations

from typing import Any

from . import api, hosts, record
from .component import main_process, recorded
from .names import Lab


def status(lab: Lab) -> dict[str, Any]:
    """The lab's state: absent, starting (or left half up), up, or degraded, with its hosts and components."""
    found = record.read(lab)
    if found is None:
        return {"name": lab.name, "state": "absent", "directory": str(lab.state)}
    ready = api.ready_nodes(lab)
    components = {name: main_process(lab, component) for name, component in recorded(lab).items()}
    node_names = {node.name for node in lab.nodes}
    whole = all(components.values()) and ready == node_names
    return {
        "name": lab.name,
        "state": ("up" if whole else "degraded") if found.complete else "starting",
        "directory": str(lab.state),
        "api_server": lab.api_server,
        "network": str(lab.network),
        "bridge": lab.bridge,
        "hosts": [
            {
                "name": host.name,
                "address": str(host.address),
                "on": hosts.is_on(lab, host),
                **({"ready": host.name in ready} if host.name in node_names else {}),
            }
            for host in lab.hosts
        ],
        "components": components,
        "seconds": dict(found.seconds),
    }


def as_text(state: dict[str, Any]) -> str:
    """The same for a person."""
    lines = [f"Lab {state['name']} is {state['state']} ({state['directory']})"]
    if "hosts" not in state:
        return lines[0]
    lines.append(f"API server {state['api_server']}, network {state['network']}, bridge {state['bridge']}")
    for host in state["hosts"]:
        power = "on" if host["on"] else "off"
        ready = {True: ", Ready", False: ", not Ready", None: ""}[host.get("ready")]
        lines.append(f"  {host['name']:<10} {host['address']:<16} {power}{ready}")
    for name, process in state["components"].items():
        lines.append(f"  {name:<24} {f'process {process}' if process else 'stopped'}")
    return "\n".join(lines)
