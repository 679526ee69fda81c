# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a workload can get another selector while its pods go on serving. Pure.

The API server lets nobody change the selector of a workload. The workload is deleted without its pods and created
anew, and the new one adopts what matches its selector. So the pods get the labels that they lack first; a label by
which their own ReplicaSet selects them must not change, or that would let go of them.
"""

from __future__ import annotations

import typing as t

from ..._objects.manifest import Manifest

FIXED: dict[str, tuple[str, ...]] = {"Deployment": (), "StatefulSet": ("serviceName", "podManagementPolicy")}
"""The kinds whose pods outlive them, with the other fields of `spec` that must be as they are."""


def labels_to_add(manifest: Manifest, live: Manifest) -> dict[str, str] | None:
    """The labels that the pods of `live` lack to be adopted by `manifest`; None when they cannot be adopted.

    None as well when the selector stays: then another field is what cannot be changed.
    """
    if manifest["kind"] not in FIXED or live["kind"] != manifest["kind"]:
        return None
    before, after = _labels(live), _labels(manifest)
    if not before or not after or before == after or not _keeps(manifest, live):
        return None
    if any(before.get(name, value) != value for name, value in after.items()):
        return None
    return {name: value for name, value in after.items() if name not in before}


def _labels(workload: Manifest) -> dict[str, str] | None:
    """The labels that the selector asks for; None when it asks for anything else."""
    selector = (workload.get("spec") or {}).get("selector") or {}
    return dict(selector.get("matchLabels") or {}) if selector.keys() <= {"matchLabels"} else None


def _keeps(manifest: Manifest, live: Manifest) -> bool:
    """Whether all else that cannot be changed stays; labels of claims are for claims to come."""
    declared, there = manifest["spec"], live["spec"]
    fixed = FIXED[manifest["kind"]]
    return all(declared[name] == there.get(name) for name in fixed if name in declared) and _claims_stay(
        declared, there
    )


def _claims_stay(declared: Manifest, there: Manifest) -> bool:
    wanted = declared.get("volumeClaimTemplates") or []
    found = there.get("volumeClaimTemplates") or []
    return len(wanted) == len(found) and all(
        one["metadata"]["name"] == other["metadata"]["name"] and _within(one.get("spec"), other.get("spec"))
        for one, other in zip(wanted, found, strict=True)
    )


def _within(declared: t.Any, there: t.Any) -> bool:
    """Whether all that is declared is there, whatever the server has filled in beside it."""
    if isinstance(declared, dict) and isinstance(there, dict):
        return all(name in there and _within(value, there[name]) for name, value in declared.items())
    return bool(declared == there)
