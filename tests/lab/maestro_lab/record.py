# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""lab.json and facts.json: what a lab writes down of itself."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

from . import pki
from .kubernetes import programs
from .names import REGION, Lab


@dataclass(frozen=True)
class Record:
    """What is known of a lab that was started: its network, its sources, its add-ons, and whether its start ended."""

    network: str
    sources: str
    complete: bool = False
    seconds: Mapping[str, float] = field(default_factory=dict)
    addons: Sequence[str] = field(default_factory=list)


def read(lab: Lab) -> Record | None:
    """The record of the lab; None when there is none or it is half written."""
    try:
        return Record(**json.loads(lab.record.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def write(lab: Lab, record: Record) -> None:
    _write_whole(lab.record, asdict(record))


def opened(lab: Lab) -> Lab:
    """The lab with the network that its record names; as it is without a record."""
    record = read(lab)
    return replace(lab, network=IPv4Network(record.network)) if record else lab


def write_facts(lab: Lab, added: Mapping[str, object]) -> None:
    """facts.json: what the steps gave and the core's own facts, which are always as they are now."""
    _write_whole(lab.facts, {**added, **core_facts(lab)})


def read_facts(lab: Lab) -> dict[str, Any]:
    facts = json.loads(lab.facts.read_text())
    assert isinstance(facts, dict)
    return facts


def core_facts(lab: Lab) -> dict[str, object]:
    return {
        "name": lab.name,
        "api_server": lab.api_server,
        "kubeconfig": str(lab.kubeconfig),
        "kubectl": str(programs() / "kubectl"),
        "ca": str(pki.pair(lab, pki.CLUSTER_CA).certificate),
        "ca_bundle": str(pki.pair(lab, pki.SERVICES_CA).certificate),
        "audit_log": str(lab.log("audit")),
        "bridge_ip": str(lab.address),
        "dns": str(lab.dns),
        "region": REGION,
        "nodes": [{"name": node.name, "zone": node.zone, "address": str(node.address)} for node in lab.nodes],
    }


def _write_whole(path: Path, content: Mapping[str, object]) -> None:
    """Write so that a reader sees the old file or the new one, never a part."""
    scratch = path.with_suffix(".new")
    scratch.touch(mode=0o600)
    scratch.write_text(json.dumps(content, indent=2) + "\n")
    scratch.replace(path)
