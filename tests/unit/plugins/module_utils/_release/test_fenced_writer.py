# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A write holds only for the object that was seen under the lock: a run that was taken over changes nothing more."""

from __future__ import annotations

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.api_resources import Manifest
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import ApiError
from ansible_collections.intelgraph.maestro.plugins.module_utils._objects.manifest import key_of
from ansible_collections.intelgraph.maestro.plugins.module_utils._release import fenced_writer
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.fenced_writer import Writer
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.objects.ownership import (
    HOME,
    MANAGER,
    TAKEN_OVER,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.record.lease_lock import Lock, Superseded
from tests.unit.api_double import ApiDouble
from tests.unit.plugins.module_utils._release.record.test_lease_lock import expires_at_once, held
from tests.unit.plugins.samples import LABELS, NAMESPACE, config_map, service


@pytest.fixture
def cluster() -> ApiDouble:
    return ApiDouble(NAMESPACE)


@pytest.fixture
def orphan(cluster: ApiDouble) -> Lock:
    """The lock of a run that stands still and believes to hold it."""
    return held(cluster, "orphan")


def take_over(cluster: ApiDouble, *seen: Manifest) -> Lock:
    """What a successor does before anything else."""
    expires_at_once(cluster)
    lock = held(cluster, "successor")
    Writer(cluster, lock).mark(map(key_of, seen))
    return lock


def at(cluster: ApiDouble, port: int) -> Manifest:
    """A Service of the release, as it lives now."""
    return cluster.apply(service(clusterIP=str(port)), MANAGER)


def ip(cluster: ApiDouble) -> str:
    live = cluster.live("services/maestro")
    assert live
    return str(live["spec"]["clusterIP"])


@pytest.mark.parametrize("labels", [{"app.kubernetes.io/managed-by": "Helm"}, {**LABELS, HOME: "other-namespace"}])
def test_what_became_anothers_meanwhile_is_not_deleted(
    cluster: ApiDouble, orphan: Lock, labels: dict[str, str]
) -> None:
    live = at(cluster, 1)
    theirs = service(clusterIP="2")
    theirs["metadata"]["labels"] = labels
    cluster.put(theirs, "helm")
    assert not Writer(cluster, orphan).delete(key_of(live), live)
    assert ip(cluster) == "2"


def test_what_was_made_anew_meanwhile_is_not_deleted(cluster: ApiDouble, orphan: Lock) -> None:
    live = at(cluster, 1)
    previous = {**live, "metadata": {**live["metadata"], "uid": "former"}}
    assert not Writer(cluster, orphan).delete(key_of(live), previous)
    assert ip(cluster) == "1"


def test_what_somebody_changed_meanwhile_or_is_gone_is_deleted(cluster: ApiDouble, orphan: Lock) -> None:
    live = at(cluster, 1)
    at(cluster, 2)
    assert Writer(cluster, orphan).delete(key_of(live), live)
    assert cluster.names("services") == []
    assert Writer(cluster, orphan).delete(key_of(live), live)


def test_who_holds_the_lock_writes(cluster: ApiDouble, orphan: Lock) -> None:
    live = at(cluster, 1)
    assert Writer(cluster, orphan).apply(service(clusterIP="2"), live)["spec"]["clusterIP"] == "2"


def test_an_orphan_cannot_change_what_its_successor_has_marked(cluster: ApiDouble, orphan: Lock) -> None:
    live = at(cluster, 1)
    take_over(cluster, live)
    with pytest.raises(Superseded):
        Writer(cluster, orphan).apply(service(clusterIP="2"), live)
    assert ip(cluster) == "1"


def test_an_orphan_cannot_delete_it_either(cluster: ApiDouble, orphan: Lock) -> None:
    live = at(cluster, 1)
    take_over(cluster, live)
    with pytest.raises(Superseded):
        Writer(cluster, orphan).delete(key_of(live), live)
    assert ip(cluster) == "1"


def test_an_orphan_cannot_change_what_it_wanted_to_create(cluster: ApiDouble, orphan: Lock) -> None:
    take_over(cluster)
    at(cluster, 1)
    with pytest.raises(Superseded):
        Writer(cluster, orphan).apply(service(clusterIP="2"), None)
    assert ip(cluster) == "1"


def test_an_orphan_cannot_create_what_its_successor_removed(cluster: ApiDouble, orphan: Lock) -> None:
    live = at(cluster, 1)
    take_over(cluster, live)
    cluster.delete(cluster.path(*key_of(live)))
    with pytest.raises(Superseded):
        Writer(cluster, orphan).apply(service(clusterIP="2"), live)
    assert cluster.live("services/maestro") is None


def test_a_controller_that_was_faster_is_no_obstacle(cluster: ApiDouble, orphan: Lock) -> None:
    live = at(cluster, 1)
    cluster.put(service(externalName="by a controller"), "controller")
    Writer(cluster, orphan).apply(service(clusterIP="2"), live)
    assert ip(cluster) == "2"


def test_an_object_that_is_gone_is_made_anew(cluster: ApiDouble, orphan: Lock) -> None:
    live = at(cluster, 1)
    cluster.delete(cluster.path(*key_of(live)))
    Writer(cluster, orphan).apply(service(clusterIP="2"), live)
    assert ip(cluster) == "2"


def test_what_is_gone_already_needs_no_deletion(cluster: ApiDouble, orphan: Lock) -> None:
    live = at(cluster, 1)
    cluster.delete(cluster.path(*key_of(live)))
    cluster.writes.clear()
    Writer(cluster, orphan).delete(key_of(live), live)
    assert ("DELETE", "services/maestro") not in cluster.writes


def test_fields_of_another_manager_are_a_conflict_as_before(cluster: ApiDouble, orphan: Lock) -> None:
    live = cluster.put(service(clusterIP="1"), "kubectl-edit")
    with pytest.raises(ApiError, match="kubectl-edit"):
        Writer(cluster, orphan).apply(service(clusterIP="2"), live)


def test_an_object_that_never_stays_as_it_is_ends_in_the_servers_words(
    cluster: ApiDouble, orphan: Lock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fenced_writer, "TRIES", 3)
    cluster.fail("PATCH", "/services/", ApiError(409, "Conflict", "the object has been modified"))
    with pytest.raises(ApiError, match="has been modified"):
        Writer(cluster, orphan).apply(service(), None)


def test_a_mark_changes_nothing_that_a_release_declares(cluster: ApiDouble, orphan: Lock) -> None:
    live = at(cluster, 1)
    gone = config_map("gone")
    Writer(cluster, orphan).mark([key_of(live), key_of(gone)])
    marked = cluster.live("services/maestro")
    assert marked
    assert marked["metadata"]["annotations"] == {TAKEN_OVER: orphan.token}
    assert marked["metadata"]["resourceVersion"] != live["metadata"]["resourceVersion"]
    assert marked["spec"] == live["spec"]
    assert cluster.live("configmaps/gone") is None
