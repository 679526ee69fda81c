# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The monitoring role on the lab: what the API server says of its manifests, and which metrics the service has."""

from __future__ import annotations

import re
import typing as t
import urllib.request

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from tests.integration import seeing
from tests.integration.conftest import Player
from tests.unit.monitoring.metrics import MAESTRO
from tests.unit.rendering import render

Manifest = dict[str, t.Any]
VARIANTS: dict[str, dict[str, t.Any]] = {
    "defaults": {},
    "traefik": {"monitoring_ingress_metrics": "traefik"},
    "without PagerDuty": {"monitoring_pagerduty_enabled": False},
    "without Slack": {"monitoring_slack_enabled": False},
}
BOUNDS = {"2", "30"}
"""Seconds: the bucket bounds that the rules read."""


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
def test_api_server_accepts_every_manifest_without_a_warning(
    variant: dict[str, t.Any], cluster: Cluster, namespace: str, api_dry_run: t.Callable[[Manifest], tuple[str, ...]]
) -> None:
    cluster.create("/api/v1/namespaces", {"metadata": {"name": namespace}})
    for manifest in render("monitoring", **variant, maestro_namespace=namespace):
        assert api_dry_run(manifest) == (), manifest


def test_the_service_has_every_metric_that_is_read(cluster: Cluster, namespace: str, deploy: Player) -> None:
    done = deploy()
    assert done.rc == 0, done.output
    pod = seeing.pods(cluster, namespace)[0]
    call(pod, 8080, "/api/v1/status")
    call(pod, 8080, "/api/v1/orchestrations", b'{"query": "metrics"}')
    text = call(pod, 9090, "/metrics")
    exposed = set(re.findall(r"^(\w+)[{ ]", text, re.MULTILINE))
    assert exposed >= MAESTRO
    bounds = set(re.findall(r'^maestro_http_request_duration_seconds_bucket\{.*le="([^"]+)"', text, re.MULTILINE))
    assert {bound.removesuffix(".0") for bound in bounds} >= BOUNDS
    assert re.search(r'^maestro_http_requests_total\{.*code="\d{3}"', text, re.MULTILINE)
    assert re.search(r'^maestro_orchestrations_total\{.*outcome="success"', text, re.MULTILINE)


def call(pod: Manifest, port: int, path: str, body: bytes | None = None) -> str:
    """The text that a pod answers, asked at its own address."""
    request = urllib.request.Request(
        f"http://{pod['status']['podIP']}:{port}{path}", body, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        return t.cast("bytes", response.read()).decode()
