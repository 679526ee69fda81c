# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deletes the broken pods of an older revision that hold up a StatefulSet of the release."""

from __future__ import annotations

import typing as t

from .._cluster.client import Cluster
from .._findings.finding import Finding
from .._findings.registry import UPDATE_BLOCKED
from .._objects.manifest import Key
from .fenced_writer import Writer

MOST = 20
"""Pods that one release deletes at most: each is replaced before the next one can be found stuck."""


def blocking(findings: t.Iterable[Finding]) -> list[Key]:
    """The pods that hold up an update; none where something else is wrong, which deleting them would not mend."""
    errors = [finding for finding in findings if finding.severity == "error"]
    if any(finding.id != UPDATE_BLOCKED.id for finding in errors):
        return []
    return [_key(finding) for finding in errors]


def unblock(cluster: Cluster, writer: Writer, pods: t.Iterable[Key]) -> list[Key]:
    """Delete these pods as they are now; those that are gone or are not a StatefulSet's are left alone."""
    deleted = []
    for key in pods:
        live = cluster.find(*key)
        owners = (live or {"metadata": {}})["metadata"].get("ownerReferences") or ()
        is_a_sets = any(owner.get("kind") == "StatefulSet" for owner in owners)
        if live is not None and is_a_sets and writer.delete(key, live):
            deleted.append(key)
    return deleted


def _key(finding: Finding) -> Key:
    namespace, _slash, name = finding.object.partition(" ")[2].rpartition("/")
    return Key("v1", "Pod", namespace, name)
