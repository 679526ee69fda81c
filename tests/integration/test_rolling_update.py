# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users do not notice an upgrade: a steady load through the ingress loses no request while all pods are replaced."""

from __future__ import annotations

import time
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from tests.integration import seeing
from tests.integration.conftest import Player
from tests.integration.load import Load, load, through_ingress

IMAGE = "ghcr.io/brianlong/intelgraph/maestro-control-plane"
OLD, NEW = "2.0.0-prod", "2.1.0-prod"
RATE = 200
SECONDS_BEFORE = 3
CALM = 1
"""Seconds of load after the last old pod is gone."""


def every_pod(cluster: Cluster, namespace: str) -> set[str]:
    """The names of the release's pods, those being deleted too."""
    items = cluster.list_objects("v1", "Pod", namespace, labelSelector="app.kubernetes.io/name=maestro")["items"]
    return {item["metadata"]["name"] for item in items}


def until_gone(cluster: Cluster, namespace: str, pods: set[str], running: Load) -> None:
    """Wait while the old pods end under load."""
    while left := pods & every_pod(cluster, namespace):
        assert running.sending, f"the load ended before the pods {left}"
        time.sleep(0.5)
    time.sleep(CALM)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"workload_image": f"{IMAGE}:{NEW}"}, id="new version"),
        pytest.param({"workload_orchestration_max_concurrent_sources": 7}, id="new settings"),
    ],
)
def test_a_rolling_update_loses_no_request(
    change: dict[str, t.Any], namespace: str, deploy: Player, cluster: Cluster, lab: dict[str, t.Any]
) -> None:
    first = deploy(workload_image=f"{IMAGE}:{OLD}")
    assert first.rc == 0, first.output
    old = every_pod(cluster, namespace)
    with load(through_ingress(lab, f"{namespace}.maestro.test"), RATE) as running:
        time.sleep(SECONDS_BEFORE)
        second = deploy(**{"workload_image": f"{IMAGE}:{OLD}", **change})
        until_gone(cluster, namespace, old, running)
        assert running.sending, "the load ended before the update"
    assert second.rc == 0, second.output

    report = running.report()
    assert report.lost == [], report
    assert report.results == {"200": report.sent}
    assert report.sent > RATE * (SECONDS_BEFORE + second.seconds)
    assert report.lateness < 0.5, report
    new = {pod["metadata"]["name"] for pod in seeing.pods(cluster, namespace)}
    assert old.isdisjoint(new)
    assert set(report.pods) == old | new
    expected = {OLD, NEW} if "workload_image" in change else {OLD}
    assert set(report.versions) == expected
