# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waits until the kinds that CustomResourceDefinitions bring are served, so that their objects can be applied."""

from __future__ import annotations

import time
import typing as t

from .._cluster.api_resources import Manifest
from .._cluster.client import ApiError, Cluster
from .._findings import registry
from .._findings.finding import Finding
from .._objects.manifest import key_of

INTERVAL = 0.1
"""Seconds between two looks: whether a kind is served is told by no watch."""
LONGEST = 30.0
"""Seconds after which a definition that is not established will not be: the API server needs one."""


def await_served(cluster: Cluster, definitions: t.Sequence[Manifest], timeout: float) -> list[Finding]:
    """Wait until the API server serves every version of these definitions; a finding for each that it does not."""
    deadline = time.monotonic() + min(timeout, LONGEST)
    pending = {key_of(definition): "" for definition in definitions}
    while True:
        pending = {key: why for key in pending if (why := _missing(cluster, cluster.find(*key)))}
        if not pending or time.monotonic() >= deadline:
            return [registry.DEFINITION_NOT_ESTABLISHED.found(key, why) for key, why in pending.items()]
        time.sleep(INTERVAL)


def _missing(cluster: Cluster, definition: Manifest | None) -> str:
    """Why objects of this kind cannot be applied yet, or an empty string."""
    if definition is None:
        return "it does not exist any more"
    conditions = {each["type"]: each for each in (definition.get("status") or {}).get("conditions") or ()}
    for kind in ("NamesAccepted", "Established"):
        found = conditions.get(kind) or {}
        if found.get("status") != "True":
            return str(found.get("message") or f"its condition {kind} is not reported yet")
    return _unserved(cluster, definition.get("spec") or {})


def _unserved(cluster: Cluster, spec: Manifest) -> str:
    cluster.forget_kinds()
    for version in (each["name"] for each in spec.get("versions") or () if each.get("served")):
        try:
            cluster.kind(f"{spec['group']}/{version}", spec["names"]["kind"])
        except ApiError as error:
            if not error.not_found:
                raise
            return f"version {version} is not served yet"
    return ""
