# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""The resource metrics API."""

from __future__ import annotations

import json

from tests.integration.waiting import wait_for

from .conftest import Kubectl, pod

FRESH = 120.0  # seconds within which a new pod's use must be seen


def test_every_node_reports_its_use(kubectl: Kubectl) -> None:
    rows = wait_for("every node's use is known", lambda: use_of_nodes(kubectl), is_known, seconds=FRESH)
    assert [row[0] for row in rows] == ["node-1", "node-2", "node-3"]
    assert all(int(row[3].removesuffix("Mi")) > 0 for row in rows), rows


def use_of_nodes(kubectl: Kubectl) -> list[list[str]]:
    """The lines of a table; what could not be asked of a node in time is `<unknown>` until it is asked again."""
    return [line.split() for line in kubectl("top", "nodes", "--no-headers").splitlines()]


def is_known(rows: list[list[str]]) -> bool:
    return not any("<unknown>" in row for row in rows)


def test_cpu_of_a_busy_pod_is_seen(kubectl: Kubectl) -> None:
    limited = {"resources": {"requests": {"cpu": "50m"}, "limits": {"cpu": "200m"}}}
    kubectl.apply(pod("busy", ["sh", "-c", "while :; do :; done"], container=limited))
    kubectl.ready("busy")
    path = f"/apis/metrics.k8s.io/v1beta1/namespaces/{kubectl.namespace}/pods"

    def use() -> float:
        items = json.loads(kubectl("get", "--raw", path))["items"]
        return sum(nanocores(item["containers"][0]["usage"]["cpu"]) for item in items)

    used = wait_for("the pod's work is seen", use, lambda seen: seen >= 0.1, seconds=FRESH)
    assert used <= 0.3, "a pod that spins with a limit of 200m uses about that much"


def nanocores(quantity: str) -> float:
    """Cores from the API's "123n" or "0"."""
    return int(quantity.removesuffix("n")) / 1e9
