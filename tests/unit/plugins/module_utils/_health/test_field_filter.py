# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept of an object: what a judge reads."""

from __future__ import annotations

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._health.field_filter import (
    LAST_APPLIED,
    is_told,
    trimmed,
)
from tests.unit.plugins.samples import Manifest, manifest

CONTAINER = {
    "name": "maestro",
    "image": "maestro:2",
    "env": [{"name": "KEY", "value": "canary-7c1f"}],
    "readinessProbe": {"httpGet": {"port": 8080}},
    "resources": {"requests": {"cpu": "1"}},
}
POD = {"containers": [CONTAINER], "nodeSelector": {"disk": "ssd"}, "tolerations": [{"key": "a"}]}


def of_pod(spec: Manifest) -> Manifest:
    container = {name: value for name, value in CONTAINER.items() if name != "env"}
    return {**{name: value for name, value in spec.items() if name != "tolerations"}, "containers": [container]}


def test_a_pod_keeps_its_probes_and_its_place_but_no_environment() -> None:
    item = manifest("v1", "Pod", "maestro-1", spec=POD, status={"phase": "Running"})
    assert trimmed(item)["spec"] == of_pod(POD)
    assert trimmed(item)["status"] == {"phase": "Running"}
    assert "canary-7c1f" not in str(trimmed(item))


def test_a_replica_set_keeps_what_tells_its_pods_apart() -> None:
    spec = {"replicas": 3, "template": {"metadata": {"labels": {"a": "b"}}, "spec": POD}}
    kept = trimmed(manifest("apps/v1", "ReplicaSet", "maestro-1", spec=spec))["spec"]
    assert kept == {"replicas": 3, "template": {"metadata": {"labels": {"a": "b"}}, "spec": of_pod(POD)}}


def test_bookkeeping_is_left_out_and_annotations_are_kept() -> None:
    item = manifest("apps/v1", "Deployment", "maestro", spec={"replicas": 3})
    item["metadata"].update(managedFields=[{}], resourceVersion="7", uid="u", generation=2)
    item["metadata"]["annotations"] = {LAST_APPLIED: "{}", "deployment.kubernetes.io/revision": "3"}
    kept = trimmed(item)["metadata"]
    assert kept["annotations"] == {"deployment.kubernetes.io/revision": "3"}
    assert (kept["uid"], kept["generation"], kept["name"]) == ("u", 2, "maestro")
    assert not {"managedFields", "resourceVersion"} & kept.keys()


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        (
            "Node",
            {"conditions": [{"type": "Ready", "status": "True", "lastHeartbeatTime": "12:00"}], "images": [1]},
            {"conditions": [{"type": "Ready", "status": "True", "lastHeartbeatTime": "12:05"}], "images": [1, 2]},
        ),
        (
            "HorizontalPodAutoscaler",
            {"currentReplicas": 3, "currentMetrics": [{"value": 70}]},
            {"currentReplicas": 3, "currentMetrics": [{"value": 71}]},
        ),
    ],
)
def test_a_beat_that_says_that_all_is_as_before_changes_nothing(kind: str, before: Manifest, after: Manifest) -> None:
    first, second = (manifest("v1", kind, "a", status=status) for status in (before, after))
    assert trimmed(first) == trimmed(second)


@pytest.mark.parametrize(
    ("event", "reported"),
    [
        ({"type": "Warning", "reason": "Failed"}, True),
        ({"type": "Normal", "reason": "TriggeredScaleUp"}, True),
        ({"type": "Normal", "reason": "Killing"}, True),
        ({"type": "Normal", "reason": "Scheduled"}, False),
        ({"reason": "Odd"}, True),
    ],
)
def test_events_that_can_be_evidence(event: Manifest, reported: bool) -> None:
    assert is_told(event) is reported
