# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fences every write of a release: it holds only for the object that this run has seen while it held the lock.

A run that was stopped and taken over may go on at any moment, also between asking for its lock and writing. So a
write carries the resource version (and the identity) of the object that it is meant for, and an object that is to be
created the condition that there is none. The run that takes over marks every object that the former one may still
change: its writes are refused from then on. When a write is refused, the object is read first and the lock asked for
after that: whoever still holds the lock then cannot have read what a successor had marked already.
"""

from __future__ import annotations

import random
import time
import typing as t

from .._cluster.api_resources import Manifest
from .._cluster.client import ApiError, Cluster
from .._objects.manifest import Key, key_of
from .objects.ownership import MANAGER, TAKEN_OVER, owner_of
from .record.lease_lock import Lock

MARKER = "intelgraph.maestro-fence"
"""Field manager of the mark, so that no release owns or removes it."""
NO_VERSION = "1"
"""A resource version that no object ever has: an apply with it creates an object and changes none."""
TRIES = 30
Result = t.TypeVar("Result")


class Writer:
    """Writes to one cluster as long as the lock is held."""

    def __init__(self, cluster: Cluster, lock: Lock) -> None:
        self._cluster = cluster
        self._lock = lock

    def apply(self, manifest: Manifest, live: Manifest | None, manager: str = MANAGER, force: bool = False) -> Manifest:
        """Server-side apply to the object as `live` shows it, or create it when that is None; returns what it became.

        An object that changed meanwhile is read anew. Raises Superseded when this run is the holder no more.
        """
        key = key_of(manifest)

        def send(seen: Manifest | None) -> Manifest:
            return self._cluster.apply(_on_condition(manifest, seen), manager, force=force)

        return self._written(key, live, send)

    def hand_over(self, key: Key, live: Manifest, entries: t.Callable[[Manifest], list[Manifest]]) -> Manifest:
        """Write the `managedFields` of an object anew, and nothing else of it; returns what it became."""

        def send(seen: Manifest | None) -> Manifest:
            if seen is None:
                return live
            condition = {field: seen["metadata"][field] for field in ("uid", "resourceVersion")}
            body = {"metadata": {**condition, "managedFields": entries(seen)}}
            return self._cluster.merge(self._cluster.path(*key), body, fieldManager=MANAGER)

        return self._written(key, live, send)

    def delete(self, key: Key, live: Manifest, propagation: str = "Background") -> bool:
        """Delete the object and what it owns, which `Orphan` leaves alone; nothing happens when it is gone.

        False when it is another object than the one that was seen, or has another owner: then it stays.
        """

        def send(seen: Manifest | None) -> bool:
            if seen is None:
                return True
            if not _is_still(seen, live):
                return False
            self._cluster.delete(self._cluster.path(*key), deletion(seen, propagation))
            return True

        return self._written(key, live, send)

    def label(self, key: Key, uid: str, labels: t.Mapping[str, str]) -> None:
        """Add labels to an object of a controller, whatever state it is in; one that is gone or another needs none."""
        self._lock.require()
        body = {"metadata": {"uid": uid, "labels": dict(labels)}}
        try:
            self._cluster.merge(self._cluster.path(*key), body, fieldManager=MARKER)
        except ApiError as error:
            if not (error.not_found or error.conflict):
                raise

    def mark(self, keys: t.Iterable[Key]) -> None:
        """Give the objects that are there new resource versions, so that nobody's earlier look at them counts."""
        self._cluster.parallel(self._mark_one, sorted(keys))

    def _mark_one(self, key: Key) -> None:
        body = {"metadata": {"annotations": {TAKEN_OVER: self._lock.token}}}

        def send(seen: Manifest | None) -> None:
            if seen is not None:
                self._cluster.merge(self._cluster.path(*key), body, fieldManager=MARKER)

        try:
            self._written(key, {}, send)
        except ApiError as error:
            if not error.not_found:
                raise

    def _written(self, key: Key, seen: Manifest | None, send: t.Callable[[Manifest | None], Result]) -> Result:
        attempt = 0
        while True:
            attempt += 1
            self._lock.require()
            try:
                return send(seen)
            except ApiError as error:
                if not is_outdated(error) or attempt == TRIES:
                    raise
            time.sleep(random.uniform(0, min(0.02 * attempt, 0.2)))  # only a pause  # nosec B311
            seen = self._cluster.find(*key)
            self._lock.require(surely=True)


def deletion(live: Manifest, propagation: str = "Background") -> Manifest:
    """How an object is deleted: exactly the one that was seen."""
    seen = {field: live["metadata"][field] for field in ("uid", "resourceVersion") if field in live["metadata"]}
    return {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "propagationPolicy": propagation,
        "preconditions": seen,
    }


def _is_still(seen: Manifest, live: Manifest) -> bool:
    return bool(seen["metadata"]["uid"] == live["metadata"]["uid"] and owner_of(seen) == owner_of(live))


def is_outdated(error: ApiError) -> bool:
    """Whether a write was refused because the object is not as it was; a conflict of field managers has causes."""
    return error.conflict and not error.causes


def _on_condition(manifest: Manifest, seen: Manifest | None) -> Manifest:
    if seen is None:
        condition = {"resourceVersion": NO_VERSION}
    else:
        condition = {field: seen["metadata"][field] for field in ("uid", "resourceVersion")}
    return {**manifest, "metadata": {**manifest["metadata"], **condition}}
