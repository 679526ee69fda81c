# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a pod stands, in one word, and how many stand there."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._health import pod_phases
from tests.unit.plugins.samples import Manifest, manifest

READY = [{"type": "Ready", "status": "True"}]
UNREADY = [{"type": "Ready", "status": "False"}]


def pod(name: str = "maestro-1", revision: str = "", node: str = "node-1", **status: t.Any) -> Manifest:
    item = manifest("v1", "Pod", name, spec={"nodeName": node} if node else {}, status=status)
    if revision:
        item["metadata"]["labels"]["pod-template-hash"] = revision
    return item


def ending(item: Manifest) -> Manifest:
    return {**item, "metadata": {**item["metadata"], "deletionTimestamp": "2026-11-23T12:00:00Z"}}


def waiting(reason: str, **more: t.Any) -> Manifest:
    return {
        "conditions": UNREADY,
        "containerStatuses": [{"name": "c", "state": {"waiting": {"reason": reason}}}],
        **more,
    }


@pytest.mark.parametrize(
    ("item", "phase"),
    [
        (pod(conditions=READY), "ready"),
        (pod(conditions=UNREADY), "starting"),
        (pod(), "starting"),
        (pod(node=""), "pending"),
        (pod(phase="Failed"), "failing"),
        (pod(phase="Failed", reason="UnexpectedAdmissionError"), "failing"),
        (pod(phase="Failed", reason="Evicted"), ""),
        (pod(phase="Failed", reason="NodeShutdown"), ""),
        (pod(phase="Failed", reason="Terminated"), ""),
        (pod(phase="Succeeded"), ""),
        (ending(pod(conditions=READY)), "terminating"),
        (ending(pod(phase="Failed")), ""),
        (ending(pod(phase="Succeeded")), ""),
        (pod(**waiting("ErrImagePull")), "failing"),
        (pod(**waiting("ImagePullBackOff")), "failing"),
        (pod(**waiting("CreateContainerConfigError")), "failing"),
        (pod(**waiting("InvalidImageName")), "failing"),
        (pod(**waiting("ContainerCreating")), "starting"),
        (pod(initContainerStatuses=waiting("CrashLoopBackOff")["containerStatuses"]), "failing"),
    ],
)
def test_the_phase_of_a_pod(item: Manifest, phase: str) -> None:
    assert pod_phases.phase_of(item) == phase


def deployment(revision: str) -> Manifest:
    item = manifest("apps/v1", "Deployment", "maestro")
    item["metadata"].update(uid="d", annotations={pod_phases.REVISION: revision})
    return item


def replica_set(hashed: str, revision: str) -> Manifest:
    item = manifest("apps/v1", "ReplicaSet", f"maestro-{hashed}")
    item["metadata"].update(annotations={pod_phases.REVISION: revision}, ownerReferences=[{"uid": "d"}])
    item["metadata"]["labels"]["pod-template-hash"] = hashed
    return item


def test_pods_of_a_former_revision_are_old_until_they_are_asked_to_end() -> None:
    objects = {
        "Deployment": [deployment("2")],
        "ReplicaSet": [replica_set("aa", "1"), replica_set("bb", "2")],
        "Pod": [
            pod("1", "aa", conditions=READY),
            ending(pod("2", "aa", conditions=READY)),
            pod("3", "bb", conditions=READY),
            pod("4", "bb", conditions=UNREADY),
        ],
    }
    assert pod_phases.counted(objects) == {"ready": 1, "starting": 1, "old": 1, "terminating": 1}
    assert list(pod_phases.counted(objects)) == ["ready", "starting", "old", "terminating"], "always in one order"


@pytest.mark.parametrize(
    ("generation", "sets", "current"),
    [(4, ("2",), True), (5, ("2",), False), (4, ("1",), False), (4, (), False)],
    ids=["seen", "unseen", "its set is not here yet", "no set is here yet"],
)
def test_new_pods_can_be_told_from_old_ones_once_the_controller_has_seen_the_change(
    generation: int, sets: tuple[str, ...], current: bool
) -> None:
    item = {**deployment("2"), "status": {"observedGeneration": 4}}
    item["metadata"]["generation"] = generation
    objects = {"Deployment": [item], "ReplicaSet": [replica_set("aa", revision) for revision in sets]}
    assert pod_phases.are_current(objects) is current


def test_pods_of_a_stateful_set_have_its_revision() -> None:
    stateful = manifest("apps/v1", "StatefulSet", "maestro", status={"updateRevision": "maestro-7"})
    new, old = pod("1", conditions=READY), pod("2", conditions=READY)
    new["metadata"]["labels"]["controller-revision-hash"] = "maestro-7"
    old["metadata"]["labels"]["controller-revision-hash"] = "maestro-6"
    assert pod_phases.counted({"StatefulSet": [stateful], "Pod": [new, old]}) == {"ready": 1, "old": 1}


def test_no_pod_is_old_while_the_newest_revision_is_not_known() -> None:
    assert pod_phases.counted({"Pod": [pod(revision="aa", conditions=READY)]}) == {"ready": 1}
