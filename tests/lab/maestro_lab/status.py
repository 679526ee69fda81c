# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""What of a lab is on and runs now: its hosts, its daemons and its add-ons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from . import addon, api, cgroups, hosts, record
from .addon import Addon
from .component import main_process, recorded
from .failure import LabError
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
        "addons": [_addon_state(lab, one, one.name in found.addons, components) for one in addon.known().values()],
        "memory_bytes": cgroups.memory(lab.cgroup),
        "seconds": dict(found.seconds),
    }


def _addon_state(lab: Lab, one: Addon, chosen: bool, components: Mapping[str, int | None]) -> dict[str, Any]:
    """One row of the table: an add-on is ready when its daemons run and its Deployment has all its pods."""
    row = {"name": one.name, "title": one.title}
    if not chosen:
        return {**row, "state": "not chosen", "pods": ""}
    running = all(components.get(name) for name in one.components)
    pods, wanted = _pods(lab, one)
    state = "ready" if running and pods == wanted else "not ready"
    return {**row, "state": state, "pods": f"{pods}/{wanted}" if one.deployment else ""}


def _pods(lab: Lab, one: Addon) -> tuple[int, int]:
    """The pods that the add-on's Deployment has ready and those that it wants."""
    if one.deployment is None:
        return 0, 0
    path = f"/apis/apps/v1/namespaces/{one.deployment.namespace}/deployments/{one.deployment.name}"
    try:
        found = api.get(lab, path)
    except LabError:
        return 0, 1
    return found["status"].get("readyReplicas", 0), found["spec"]["replicas"]


def as_text(state: dict[str, Any]) -> str:
    """The same for a person."""
    lines = [f"Lab {state['name']} is {state['state']} ({state['directory']})"]
    if "hosts" not in state:
        return lines[0]
    lines.append(f"API server {state['api_server']}, network {state['network']}, bridge {state['bridge']}")
    lines.append(f"Memory of all its processes: {state['memory_bytes'] / 2**30:.1f} GiB")
    lines += _table(
        ("HOST", "ADDRESS", "STATE"), [(host["name"], host["address"], _host_state(host)) for host in state["hosts"]]
    )
    processes = [
        (name, f"process {process}" if process else "stopped") for name, process in state["components"].items()
    ]
    lines += _table(("DAEMON", "STATE"), processes)
    addons = [(one["name"], one["state"], one["pods"], one["title"]) for one in state["addons"]]
    lines += _table(("ADD-ON", "STATE", "PODS", "WHAT"), addons)
    return "\n".join(lines)


def _host_state(host: Mapping[str, Any]) -> str:
    ready = {True: ", Ready", False: ", not Ready", None: ""}[host.get("ready")]
    return f"{'on' if host['on'] else 'off'}{ready}"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    padded = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in (head, *rows)
    )
    return ["", *padded]
