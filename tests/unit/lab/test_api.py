# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""When a node counts as ready."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from maestro_lab.api import is_ready

NOON = datetime(2026, 1, 1, 12, 0, 0, 500_000, UTC)


def node(ready: str = "True", taints: tuple[str, ...] = (), heard: datetime = NOON) -> dict[str, Any]:
    condition = {"type": "Ready", "status": ready, "lastHeartbeatTime": heard.strftime("%Y-%m-%dT%H:%M:%SZ")}
    return {"spec": {"taints": [{"key": key} for key in taints]}, "status": {"conditions": [condition]}}


def test_a_node_is_ready_when_its_kubelet_says_so() -> None:
    assert is_ready(node())
    assert not is_ready(node("False"))
    assert not is_ready(node("Unknown"))
    assert not is_ready({"spec": {}, "status": {}})


@pytest.mark.parametrize("key", ["not-ready", "unreachable", "network-unavailable"])
def test_a_node_that_takes_no_pods_is_not_ready(key: str) -> None:
    assert not is_ready(node(taints=(f"node.kubernetes.io/{key}",)))


def test_a_cordoned_node_is_as_somebody_wanted_it() -> None:
    assert is_ready(node(taints=("node.kubernetes.io/unschedulable", "somebody.example/own")))


def test_what_a_kubelet_said_before_does_not_count_after_a_restart() -> None:
    assert is_ready(node(heard=NOON), since=NOON)
    assert not is_ready(node(heard=NOON - timedelta(seconds=1)), since=NOON)
