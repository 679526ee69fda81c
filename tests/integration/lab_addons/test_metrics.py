# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""The resource metrics API."""

from __future__ import annotations

import json
import time

from .conftest import Kubectl, pod

FRESH = 60.0  # seconds within which a new pod's use must be seen


def test_every_node_reports_its_use(kubectl: Kubectl) -> None:
    rows = [line.split() for line in kubectl("top", "nodes", "--no-headers").splitlines()]
    assert [row[0] for row in rows] == ["node-1", "node-2", "node-3"]
    assert all(int(row[3].removesuffix("Mi")) > 0 for row in rows), rows


def test_cpu_of_a_busy_pod_is_seen(kubectl: Kubectl) -> None:
    limited = {"resources": {"requests": {"cpu": "50m"}, "limits": {"cpu": "200m"}}}
    kubectl.apply(pod("busy", ["sh", "-c", "while :; do :; done"], container=limited))
    kubectl.ready("busy")
    path = f"/apis/metrics.k8s.io/v1beta1/namespaces/{kubectl.namespace}/pods"
    deadline = time.monotonic() + FRESH
    used = 0.0
    while used < 0.1 and time.monotonic() < deadline:
        time.sleep(1)
        items = json.loads(kubectl("get", "--raw", path))["items"]
        used = sum(nanocores(item["containers"][0]["usage"]["cpu"]) for item in items)
    assert 0.1 <= used <= 0.3, "a pod that spins with a limit of 200m uses about that much"


def nanocores(quantity: str) -> float:
    """Cores from the API's "123n" or "0"."""
    return int(quantity.removesuffix("n")) / 1e9
