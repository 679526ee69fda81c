# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which pods a release deletes because they hold up a StatefulSet, and which it leaves alone."""

from __future__ import annotations

import typing as t

from ansible_collections.intelgraph.maestro.plugins.module_utils._findings import registry
from ansible_collections.intelgraph.maestro.plugins.module_utils._objects.manifest import Key
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.blocked_updates import blocking, unblock
from tests.unit.api_double import ApiDouble
from tests.unit.plugins.samples import NAMESPACE, Manifest, manifest

BLOCKED = registry.UPDATE_BLOCKED.found(f"Pod {NAMESPACE}/db-1", "it holds up StatefulSet db")
POD = Key("v1", "Pod", NAMESPACE, "db-1")


class Recorder:
    """A writer that only notes what it is told to delete."""

    def __init__(self) -> None:
        self.deleted: list[Key] = []

    def delete(self, key: Key, live: Manifest) -> bool:
        self.deleted.append(key)
        return True


def deleted(*pods: Manifest) -> list[Key]:
    cluster, writer = ApiDouble(NAMESPACE), Recorder()
    for pod in pods:
        cluster.put(pod)
    assert unblock(cluster, t.cast("t.Any", writer), [POD]) == writer.deleted
    return writer.deleted


def pod(owner: str) -> Manifest:
    made = manifest("v1", "Pod", "db-1", spec={})
    made["metadata"]["ownerReferences"] = [{"kind": owner, "name": "db", "uid": "1"}]
    return made


def test_only_what_holds_up_an_update_is_deleted() -> None:
    assert blocking([BLOCKED, registry.PODS_OUTDATED.found("StatefulSet x/db", "said")]) == [POD]
    assert blocking([]) == []


def test_nothing_is_deleted_where_that_would_not_mend_the_release() -> None:
    assert blocking([BLOCKED, registry.IMAGE_NOT_FOUND.found("StatefulSet x/db", "not found")]) == []


def test_a_pod_of_a_stateful_set_is_deleted_and_no_other() -> None:
    assert deleted(pod("StatefulSet")) == [POD]
    assert deleted(pod("ReplicaSet")) == []
    assert deleted() == []
