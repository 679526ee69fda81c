# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which pods should answer, and with which revision."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.errors import ApiError
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.endpoints import NoWorkload, serving

SELECTOR = {"matchLabels": {"app": "maestro"}}
UID = "u1"


class Cluster:
    """Answers from a table of kinds."""

    def __init__(self, **objects: t.Any) -> None:
        self._objects = objects

    def find(self, _version: str, kind: str, _namespace: str, _name: str) -> t.Any:
        return self._objects.get(kind)

    def list_objects(self, _version: str, kind: str, _namespace: str, **query: t.Any) -> t.Any:
        is_slice = kind == "EndpointSlice"
        assert query == {"labelSelector": "kubernetes.io/service-name=maestro" if is_slice else "app=maestro"}
        items = self._objects.get(f"{kind}s", [])
        if isinstance(items, ApiError):
            raise items
        return {"items": items}


def pod(name: str, ready: str = "True", **metadata: t.Any) -> dict[str, t.Any]:
    return {"metadata": {"name": name, **metadata}, "status": {"conditions": [{"type": "Ready", "status": ready}]}}


def replica_set(revision: str, label: str, owner: str = UID) -> dict[str, t.Any]:
    return {
        "metadata": {
            "uid": f"{label}-{owner}",
            "labels": {"pod-template-hash": label},
            "annotations": {"deployment.kubernetes.io/revision": revision},
            "ownerReferences": [{"uid": owner}],
        }
    }


def deployment(revision: str) -> dict[str, t.Any]:
    annotations = {"deployment.kubernetes.io/revision": revision}
    return {"metadata": {"uid": UID, "annotations": annotations}, "spec": {"selector": SELECTOR}}


def seen(**objects: t.Any) -> t.Any:
    return serving(t.cast("t.Any", Cluster(**objects)), "maestro-system", "maestro")


def test_the_revision_is_that_of_the_newest_replica_set() -> None:
    sets = [replica_set("1", "old"), replica_set("2", "new"), replica_set("2", "foreign", owner="u2")]
    found = seen(Deployment=deployment("2"), ReplicaSets=sets[::-1], Pods=[pod("b"), pod("a")])
    assert (found.pods, found.revision) == (("a", "b"), "new")


def test_pods_that_end_or_are_not_ready_need_not_answer() -> None:
    pods = [
        pod("a"),
        pod("b", "False"),
        pod("c", deletionTimestamp="2026-01-01T00:00:00Z"),
        {"metadata": {"name": "d"}},
    ]
    found = seen(Deployment=deployment("1"), Pods=pods)
    assert (found.pods, found.leaving) == (("a",), ("c",))


def endpoint(pod: str, **conditions: bool) -> dict[str, t.Any]:
    return {"targetRef": {"kind": "Pod", "name": pod}, "conditions": conditions}


def test_who_gets_requests_should_answer_and_who_gets_none_is_told() -> None:
    slices = [
        {
            "endpoints": [endpoint("a"), endpoint("foreign", ready=True), {"addresses": ["192.0.2.1"]}],
            "ports": [{"name": "metrics", "port": 9090}, {"name": "http", "port": 8080}],
        },
        {"endpoints": [endpoint("c", ready=False)]},
        {"endpoints": None},
    ]
    found = seen(Deployment=deployment("1"), Pods=[pod("a"), pod("b"), pod("c", "False")], EndpointSlices=slices)
    assert (found.pods, found.unlisted, found.port) == (("a", "b", "foreign"), ("b",), 8080)


def test_where_endpoints_may_not_be_read_no_pod_is_called_unlisted() -> None:
    forbidden = ApiError(403, "Forbidden", "no")
    found = seen(Deployment=deployment("1"), Pods=[pod("a")], EndpointSlices=forbidden)
    assert (found.pods, found.unlisted, found.port) == (("a",), (), 0)


def test_pods_that_no_controller_of_the_release_owns_are_told() -> None:
    """One was given another label, so that its ReplicaSet let it go; one is of somebody else's ReplicaSet."""
    sets = [replica_set("1", "old"), replica_set("2", "new"), replica_set("2", "foreign", owner="u2")]
    pods = [
        pod("new-1", ownerReferences=[{"uid": "new-u1"}]),
        pod("old-1", ownerReferences=[{"uid": "old-u1"}]),
        pod("kept"),
        pod("foreign", ownerReferences=[{"uid": "foreign-u2"}]),
        pod("gone", deletionTimestamp="2026-01-01T00:00:00Z"),
    ]
    assert seen(Deployment=deployment("2"), ReplicaSets=sets, Pods=pods).unowned == ("foreign", "kept")
    stateful = {"metadata": {"uid": UID}, "spec": {"selector": SELECTOR}}
    pods = [pod("maestro-0", ownerReferences=[{"uid": UID}]), pod("maestro-1")]
    assert seen(StatefulSet=stateful, Pods=pods).unowned == ("maestro-1",)


def test_a_stateful_set_has_its_own_revision() -> None:
    workload = {"metadata": {"uid": UID}, "spec": {"selector": SELECTOR}, "status": {"updateRevision": "maestro-7d"}}
    assert seen(StatefulSet=workload).revision == "maestro-7d"


def test_without_a_workload_there_is_nobody_to_answer() -> None:
    with pytest.raises(NoWorkload, match="maestro-system has no Deployment"):
        seen()
