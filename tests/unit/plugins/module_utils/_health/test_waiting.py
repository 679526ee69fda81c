# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting ends when everything is ready, when nothing can help any more, or when the time is over."""

from __future__ import annotations

import threading
import time
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import ApiError
from ansible_collections.intelgraph.maestro.plugins.module_utils._health.finding import Finding
from ansible_collections.intelgraph.maestro.plugins.module_utils._health.waiting import (
    findings,
    pod_troubles,
    wait_until_ready,
)
from tests.unit.api_double import ApiDouble
from tests.unit.plugins.samples import NAMESPACE, Manifest, deployment, manifest, service
from tests.unit.rendering import only

SELECTOR = "app.kubernetes.io/instance=maestro"


def pod(name: str = "maestro-1", **status: t.Any) -> Manifest:
    return manifest("v1", "Pod", name, status=status)


def container(name: str = "maestro", **state: t.Any) -> Manifest:
    return {"name": name, "restartCount": 3, **state}


def waiting(reason: str, message: str = "why") -> Manifest:
    return container(state={"waiting": {"reason": reason, "message": message}})


def cluster_with(status: Manifest, *others: Manifest) -> ApiDouble:
    cluster = ApiDouble(NAMESPACE)
    cluster.unready["Deployment maestro"] = status
    for item in (deployment(), *others):
        cluster.put(item)
    return cluster


def wait(cluster: ApiDouble, timeout: float = 0.2) -> list[Finding]:
    live = [item for path, item in cluster.store.items() if NAMESPACE in path]
    return wait_until_ready(cluster, live, NAMESPACE, SELECTOR, timeout)


UNREADY = {"observedGeneration": 99, "replicas": 3, "updatedReplicas": 3, "availableReplicas": 1}


def test_nothing_is_asked_when_everything_is_ready() -> None:
    cluster = ApiDouble(NAMESPACE)
    cluster.put(deployment())
    asked = cluster.requests
    assert wait(cluster) == []
    assert cluster.requests == asked


def test_waiting_ends_as_soon_as_everything_is_ready() -> None:
    cluster = cluster_with(UNREADY)

    def become_ready() -> None:
        cluster.unready.clear()
        cluster.put({**deployment(), "metadata": {**deployment()["metadata"], "annotations": {"now": "ready"}}})

    timer = threading.Timer(0.05, become_ready)
    timer.start()
    start = time.monotonic()
    assert wait(cluster, timeout=10) == []
    assert time.monotonic() - start < 5
    timer.join()


def test_what_is_not_ready_in_time_is_a_finding_with_what_the_pods_say() -> None:
    broken = pod(containerStatuses=[waiting("ImagePullBackOff", "not found")])
    foreign = pod("other", containerStatuses=[waiting("ErrImagePull")])
    foreign["metadata"]["labels"] = {}
    finding = only(wait(cluster_with(UNREADY, broken, foreign)))
    assert (finding.id, finding.severity) == ("not-ready", "error")
    assert finding.object == "Deployment maestro-system/maestro"
    assert finding.message == "1 of 3 pods are available"
    assert finding.evidence == ("Pod maestro-1, container maestro: ImagePullBackOff: not found",)
    assert finding.next_step == "See kubectl describe deployment maestro -n maestro-system."


def test_waiting_ends_early_when_it_cannot_help() -> None:
    stuck = {**UNREADY, "conditions": [{"type": "Progressing", "status": "False", "message": "deadline exceeded"}]}
    start = time.monotonic()
    finding = only(wait(cluster_with(stuck), timeout=10))
    assert finding.message == "deadline exceeded"
    assert time.monotonic() - start < 5


def test_what_may_not_be_watched_is_an_error() -> None:
    cluster = cluster_with(UNREADY)
    cluster.fail("GET", "/pods", ApiError(403, "Forbidden", "you may not list pods"))
    with pytest.raises(ApiError, match="you may not list pods"):
        wait(cluster)


def test_only_workloads_have_the_pods_evidence() -> None:
    balancer = {**service(type="LoadBalancer"), "status": {}}
    item = only(findings([balancer], [pod(containerStatuses=[waiting("ErrImagePull")])]))
    assert item.evidence == ()
    assert item.message == "its load balancer has no address yet"


def test_the_same_trouble_is_told_once() -> None:
    broken = pod(containerStatuses=[waiting("ErrImagePull")])
    live = {**deployment(), "status": {}}
    assert len(only(findings([live], [broken, broken])).evidence) == 1


@pytest.mark.parametrize(
    ("status", "line"),
    [
        ({"containerStatuses": [waiting("ErrImagePull")]}, "container maestro: ErrImagePull: why"),
        ({"containerStatuses": [waiting("CrashLoopBackOff")]}, "container maestro: CrashLoopBackOff: why"),
        ({"containerStatuses": [waiting("InvalidImageName")]}, "container maestro: InvalidImageName: why"),
        ({"containerStatuses": [waiting("CreateContainerConfigError")]}, "CreateContainerConfigError: why"),
        ({"initContainerStatuses": [waiting("RunContainerError")]}, "container maestro: RunContainerError: why"),
        (
            {"containerStatuses": [container(lastState={"terminated": {"exitCode": 137, "reason": "OOMKilled"}})]},
            "container maestro: ended with exit code 137 (OOMKilled), 3 restarts",
        ),
        (
            {"conditions": [{"type": "PodScheduled", "status": "False", "message": "0/3 nodes are available"}]},
            "Pod maestro-1: 0/3 nodes are available",
        ),
    ],
)
def test_what_a_pod_says_is_wrong(status: Manifest, line: str) -> None:
    trouble = only(pod_troubles(pod(**status)))
    assert trouble.startswith("Pod maestro-1")
    assert trouble.endswith(line)


@pytest.mark.parametrize(
    "status",
    [
        {},
        {"containerStatuses": None},
        {"containerStatuses": [waiting("ContainerCreating"), waiting("PodInitializing")]},
        {"containerStatuses": [container(state={"running": {}}, lastState={"terminated": {"exitCode": 0}})]},
        {"conditions": [{"type": "PodScheduled", "status": "True"}]},
    ],
)
def test_a_pod_on_its_way_has_no_trouble(status: Manifest) -> None:
    assert pod_troubles(pod(**status)) == []
