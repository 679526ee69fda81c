# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables say what an engineer looks for first."""

from __future__ import annotations

from ansible_collections.intelgraph.maestro.plugins.module_utils._support_bundle import tables
from tests.unit.plugins.module_utils._support_bundle.objects import Release, collected, container, event, live, pod


def lines(text: str) -> list[list[str]]:
    """The cells of each line but the first."""
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in text.splitlines()[1:]]


def test_events_are_in_the_order_of_time_whatever_field_tells_it() -> None:
    series = event(("Pod", "b"), "many times", at="2026-11-23T20:00:01Z")
    series |= {"series": {"count": 7, "lastObservedTime": "2026-11-23T20:00:09.000000Z"}}
    new = event(("Pod", "c"), "new style", at="")
    new |= {"eventTime": "2026-11-23T20:00:05.000000Z", "message": "two\nlines"}
    rows = lines(tables.events([series, new, event(("Pod", "a"), "first")]))
    assert [row[-1] for row in rows] == ["first", "two lines", "many times"]
    assert rows[2][1] == "7"


def test_a_pod_says_why_it_waits_and_how_it_ended() -> None:
    crashing = pod(
        "maestro-1", container(state="waiting", because={"reason": "CrashLoopBackOff"}, restarts=4, ended=137)
    )
    (row,) = lines(tables.pods([crashing]))
    assert row[:5] == ["maestro-1", "0/1", "CrashLoopBackOff", "4", "Error 137"]


def test_a_pod_that_is_being_deleted_says_so() -> None:
    ending = pod("maestro-1", container())
    ending["metadata"]["deletionTimestamp"] = "2026-11-23T20:00:00Z"
    assert lines(tables.pods([ending]))[0][2] == "Terminating"


def test_a_node_says_what_keeps_pods_off_it() -> None:
    conditions = [
        {"type": "Ready", "status": "False", "reason": "KubeletNotReady", "lastTransitionTime": "2026-11-23T20:00:00Z"},
        {"type": "DiskPressure", "status": "True"},
        {"type": "PIDPressure", "status": "False"},
    ]
    spec = {"unschedulable": True, "taints": [{"key": "a", "effect": "NoSchedule"}]}
    (row,) = lines(tables.nodes([live("Node", "node-1", spec=spec, status={"conditions": conditions})]))
    assert row[:6] == [
        "node-1",
        "False (KubeletNotReady)",
        "2026-11-23T20:00:00Z",
        "DiskPressure",
        "no",
        "a=:NoSchedule",
    ]


def test_the_history_says_who_why_and_what_came_of_it() -> None:
    about = {"begun": "t1", "by": "me@here", "reason": "upgrade"}
    (row,) = lines(tables.history([Release(3, "failed", (), about, {"ended": "t2", "reason": "image not found"})]))
    assert row == ["3", "failed", "t1", "t2", "me@here", "upgrade", "image not found"]


def test_usage_shows_quotas_limits_and_what_containers_use() -> None:
    quota = live(
        "ResourceQuota", "q", spec={"hard": {"pods": "3"}}, status={"hard": {"pods": "3"}, "used": {"pods": "3"}}
    )
    limits = live("LimitRange", "l", spec={"limits": [{"type": "Container", "max": {"cpu": "1"}}]})
    resources = {"requests": {"cpu": "1m"}, "limits": {"memory": "9Mi"}}
    running = pod("maestro-1", container(), spec={"containers": [{"name": "maestro", "resources": resources}]})
    used = {
        "metadata": {"name": "maestro-1"},
        "containers": [{"name": "maestro", "usage": {"cpu": "7m", "memory": "5Mi"}}],
    }
    text = tables.usage(collected(quota, limits, running, usage=(used,)))
    rows = [line.split() for line in text.splitlines()]
    assert ["q", "pods", "3", "3"] in rows
    assert ["l", "Container", "max", "cpu=1"] in rows
    assert ["maestro-1", "maestro", "7m", "1m", "-", "5Mi", "-", "9Mi"] in rows
