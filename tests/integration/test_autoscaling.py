# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The autoscaler adds pods under real work, takes them away again, and no deploy gets in its way."""

from __future__ import annotations

import time
import typing as t

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.watch import Informer, Source, until
from tests.integration import seeing
from tests.integration.conftest import Player
from tests.integration.load import load, through_ingress

LEAST, MOST = 3, 5
WORK = "/api/v1/work?ms=50"
RATE = 8
"""8 requests of 50 ms a second are 0.4 processors: 267 % of what three pods ask for, and 70 % is the target."""
SETTINGS = {
    "workload_autoscaling_enabled": True,
    "workload_autoscaling_max_replicas": MOST,
    "workload_autoscaling_down_stabilization_seconds": 15,
    "workload_autoscaling_down_percent": 100,
    "workload_autoscaling_down_period_seconds": 15,
    "workload_requests_cpu": "50m",
}
SETTLED_WITHIN = 240
"""Pods that start use a processor for a moment, and the autoscaler comes back from what it made of that."""
UP_WITHIN = 240
DOWN_WITHIN = 240


def deployment(informer: Informer) -> dict[str, t.Any]:
    return next(item for item in informer.objects("Deployment") if item["metadata"]["name"] == "maestro")


def ready(informer: Informer) -> int:
    return int(deployment(informer)["status"].get("readyReplicas", 0))


def wanted(informer: Informer) -> int:
    return int(deployment(informer)["spec"]["replicas"])


def test_it_scales_up_under_work_and_down_again(
    namespace: str, deploy: Player, cluster: Cluster, lab: dict[str, t.Any]
) -> None:
    first = deploy(**SETTINGS)
    assert first.rc == 0, first.output
    with Informer(cluster, [Source("apps/v1", "Deployment", namespace)]) as informer:
        assert informer.synced(60), f"the API does not list the Deployments of {namespace}"
        settled = until(
            informer, lambda: wanted(informer) == LEAST == ready(informer), time.monotonic() + SETTLED_WITHIN
        )
        assert settled, f"{ready(informer)} of {wanted(informer)} ready before any work"
        seeing.wait_until_answered(lab, f"{namespace}.maestro.test")
        with load(through_ingress(lab, f"{namespace}.maestro.test", WORK), RATE, UP_WITHIN + 120) as running:
            grown = until(informer, lambda: ready(informer) == MOST, time.monotonic() + UP_WITHIN)
            assert grown, f"{ready(informer)} of {wanted(informer)} ready after {UP_WITHIN} s of {running.report()}"
            again = deploy(**SETTINGS)
            assert again.rc == 0, again.output
            assert not again.release["changed"]
            assert wanted(informer) == MOST
        report = running.report()
        assert report.results == {"200": report.sent}, str(report)
        assert report.sent > 0
        shrunk = until(informer, lambda: wanted(informer) == LEAST == ready(informer), time.monotonic() + DOWN_WITHIN)
        assert shrunk, f"{ready(informer)} of {wanted(informer)} ready {DOWN_WITHIN} s after the work"
