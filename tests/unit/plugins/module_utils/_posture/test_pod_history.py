# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""When each running pod came up."""

from __future__ import annotations

from ansible_collections.intelgraph.maestro.plugins.module_utils._posture.pod_history import course_of
from ansible_collections.intelgraph.maestro.plugins.module_utils._posture.result import Posture
from tests.unit.plugins.samples import manifest

SCHEDULED, READY = "2026-11-23T12:00:01Z", "2026-11-23T12:00:09Z"


def test_the_course_of_a_pod_is_told_by_its_conditions() -> None:
    conditions = [
        {"type": "PodScheduled", "status": "True", "lastTransitionTime": SCHEDULED},
        {"type": "Ready", "status": "True", "lastTransitionTime": READY},
        {"type": "DisruptionTarget", "status": "False", "lastTransitionTime": READY},
    ]
    course = course_of(manifest("v1", "Pod", "a", spec={"nodeName": "node-1"}, status={"conditions": conditions}))
    assert (course["name"], course["node"], course["failing"]) == ("a", "node-1", False)
    assert (course["scheduled"], course["ready"]) == (SCHEDULED, READY)


def test_pods_that_are_done_or_were_taken_from_their_nodes_are_not_told() -> None:
    """They may be kept for weeks beside those that took their place."""
    phases = ({"phase": "Running"}, {"phase": "Failed", "reason": "Evicted"}, {"phase": "Succeeded"})
    pods = tuple(manifest("v1", "Pod", f"pod-{n}", status=status) for n, status in enumerate(phases))
    assert [pod["name"] for pod in Posture(1, "passed", "", (), pods).as_dict()["pods"]] == ["pod-0"]


def test_restarts_of_native_sidecars_count_and_tries_of_init_containers_do_not() -> None:
    spec = {"initContainers": [{"name": "proxy", "restartPolicy": "Always"}, {"name": "prepare"}]}
    status = {
        "containerStatuses": [{"name": "maestro", "restartCount": 1}],
        "initContainerStatuses": [{"name": "proxy", "restartCount": 2}, {"name": "prepare", "restartCount": 4}],
    }
    assert course_of(manifest("v1", "Pod", "a", spec=spec, status=status))["restarts"] == 3
