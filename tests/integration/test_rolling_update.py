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


KUBE_PROXY_CHOOSES = {"nginx.ingress.kubernetes.io/service-upstream": "true"}
"""Traefik before 3.7 sends requests of NGINX-annotated Ingresses to ending pods (traefik/traefik#13287)."""
NGINX = {"ingress_provider": "nginx", "ingress_class": "nginx", "ingress_annotations": KUBE_PROXY_CHOOSES}
TRAEFIK = {"ingress_provider": "traefik", "ingress_class": "traefik", "ingress_annotations": {}}
NEW_VERSION = {"workload_image": f"{IMAGE}:{NEW}"}
LEAVING = {"workload_pre_stop_seconds": 15, "workload_termination_grace_seconds": 60}
"""The role's own time for all who route requests to hear that a pod leaves; the lab's inventory has a shorter one."""
NEW_SETTINGS = {"workload_orchestration_max_concurrent_sources": 7}


@pytest.mark.parametrize(
    ("ingress", "change", "versions"),
    [
        pytest.param(NGINX, NEW_VERSION, {OLD, NEW}, id="new-version-nginx"),
        pytest.param(TRAEFIK, NEW_VERSION, {OLD, NEW}, id="new-version-traefik"),
        pytest.param(NGINX, NEW_SETTINGS, {OLD}, id="new-settings-nginx"),
    ],
)
def test_a_rolling_update_loses_no_request(
    ingress: dict[str, t.Any],
    change: dict[str, t.Any],
    versions: set[str],
    namespace: str,
    deploy: Player,
    cluster: Cluster,
    lab: dict[str, t.Any],
    record_property: t.Callable[[str, object], None],
) -> None:
    before = {"workload_image": f"{IMAGE}:{OLD}", **LEAVING, **ingress}
    first = deploy(**before)
    assert first.rc == 0, first.output
    seeing.wait_until_answered(lab, f"{namespace}.maestro.test")
    old = every_pod(cluster, namespace)
    with load(through_ingress(lab, f"{namespace}.maestro.test"), RATE) as running:
        time.sleep(SECONDS_BEFORE)
        second = deploy(**before | change)
        until_gone(cluster, namespace, old, running)
        assert running.sending, "the load ended before the update"
    assert second.rc == 0, second.output

    report = running.report()
    record_property("load", str(report))
    assert report.results == {"200": report.sent}, str(report)
    assert report.sent > RATE * (SECONDS_BEFORE + second.seconds)
    new = {pod["metadata"]["name"] for pod in seeing.pods(cluster, namespace)}
    assert old.isdisjoint(new)
    assert set(report.pods) <= old | new
    assert old & set(report.pods)
    assert new & set(report.pods)
    assert set(report.versions) == versions
