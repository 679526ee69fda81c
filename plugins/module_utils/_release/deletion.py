# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what was deleted is gone: a finalizer holds an object for as long as its owner likes."""

from __future__ import annotations

import time
import typing as t

from .._cluster.client import Cluster
from .._findings import registry
from .._findings.finding import Finding
from .._objects.manifest import Key, Manifest
from .namespace_conditions import holding, what_to_do
from .planning.plan import PRUNE, Step, being_deleted

FIRST, LONGEST = 0.1, 1.0
"""Seconds between two looks: objects are asked for by name, which needs no permission that a removal has not."""


def await_gone(cluster: Cluster, steps: t.Iterable[Step], timeout: float) -> list[Finding]:
    """Wait until the objects of these prunes are gone; a finding for each that is still there."""
    deadline, pause = time.monotonic() + timeout, FIRST
    pending = {step.key: step.live for step in steps if step.action == PRUNE and step.live is not None}
    while True:
        left = _left(cluster, pending)
        late = time.monotonic() >= deadline
        if not left or late:
            return [stuck(key, live, timeout) for key, live in left.items()]
        pending = {key: pending[key] for key in left}
        time.sleep(min(pause, max(deadline - time.monotonic(), 0.0)))
        pause = min(pause * 2, LONGEST)


def _left(cluster: Cluster, pending: t.Mapping[Key, Manifest]) -> dict[Key, Manifest]:
    """Those that are there still, not others that were made anew by the same name."""
    found = zip(pending, cluster.parallel(lambda key: cluster.find(*key), pending), strict=True)
    return {
        key: live
        for key, live in found
        if live is not None and live["metadata"].get("uid") == pending[key]["metadata"].get("uid")
    }


def stuck(key: Key, live: Manifest, waited: float) -> Finding:
    """The finding for an object that is still there; a namespace says in its conditions what holds it."""
    why = being_deleted(live)
    message = f"it is still there {waited:.0f} s after its deletion was asked for{f': {why}' if why else ''}"
    held, next_step = (holding(live), what_to_do(live)) if key.kind == "Namespace" else ([], "")
    return registry.DELETION_STUCK.found(key, message, held, next_step=next_step)
