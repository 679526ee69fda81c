# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who owns what, which pods are new, what the events say."""

from __future__ import annotations

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._health.rules.view import View, displayed, moment

from .views import NEW, NOW, OLD, ago, deployment, event, facts, item, node, pod, replica_set, unavailable


def test_the_newest_pods_are_those_of_the_revision_that_the_deployment_bears() -> None:
    given = facts(unavailable(), replica_set(), replica_set(OLD), pod(name="n"), pod(name="o", of=OLD))
    workload = View(given).workloads[0]
    assert [each["metadata"]["name"] for each in workload.pods] == ["n"]
    assert [each["metadata"]["name"] for each in workload.previous] == ["o"]


def test_a_replica_set_that_is_used_again_is_the_newest_although_it_is_older() -> None:
    again, tried = replica_set(NEW), replica_set(OLD)
    again["metadata"]["creationTimestamp"] = ago(9000)
    assert View(facts(deployment(), again, tried)).workloads[0].revision == again


def test_without_revision_numbers_the_youngest_replica_set_is_the_newest() -> None:
    live, young, old = deployment(), replica_set(NEW), replica_set(OLD)
    for each in (live, young, old):
        del each["metadata"]["annotations"]
    old["metadata"]["creationTimestamp"] = ago(9000)
    assert View(facts(live, young, old)).workloads[0].revision == young


def test_no_pod_is_new_before_the_controller_has_seen_the_change() -> None:
    live = deployment(observedGeneration=0)
    workload = View(facts(live, replica_set(), pod())).workloads[0]
    assert (workload.revision, workload.pods) == (None, ())
    assert len(workload.previous) == 1


@pytest.mark.parametrize(
    ("fields", "count", "first", "last"),
    [
        ({"count": 3, "firstTimestamp": ago(9), "lastTimestamp": ago(2)}, 3, NOW - 9, NOW - 2),
        ({"eventTime": ago(9), "series": {"count": 4, "lastObservedTime": ago(1)}}, 4, NOW - 9, NOW - 1),
        ({"eventTime": ago(9)}, 1, NOW - 9, NOW - 9),
    ],
)
def test_events_in_each_of_their_forms(fields: dict[str, object], count: int, first: float, last: float) -> None:
    made = pod()
    about = {"kind": "Pod", "namespace": "maestro-system", "name": "maestro-new-a"}
    for name, text in (("involvedObject", "message"), ("regarding", "note")):
        reported = item("Event", "e", reason="BackOff") | {
            name: about,
            text: "(combined from similar events): why",
            **fields,
        }
        (event,) = View(facts(deployment(), made, reported)).events(made, "BackOff")
        assert (event.message, event.count, event.first, event.last) == ("why", count, first, last)


def test_moments_are_read_with_and_without_fractions() -> None:
    assert moment("2027-01-15T08:00:00Z") == NOW
    assert moment("2027-01-15T08:00:00.500000Z") == NOW + 0.5
    assert moment(None) == 0


def test_an_object_as_it_is_shown() -> None:
    cluster_wide = item("Node", "node-1")
    cluster_wide["metadata"]["namespace"] = ""
    assert displayed(cluster_wide) == "Node node-1"
    assert displayed(pod()) == "Pod maestro-system/maestro-new-a"


def test_a_rule_sees_of_an_object_what_an_observer_keeps() -> None:
    """What the filter drops is not in a test's snapshot either: a rule that reads it fails its test."""
    made = pod()
    made["spec"]["tolerations"] = [{"key": "dedicated"}]
    pressed = node()
    told = [
        event(made, "Killing", "Stopping"),
        event(made, "Scheduled", "done"),
        event(pressed, "NodeHasDiskPressure", ""),
    ]
    view = View(facts(deployment(), replica_set(), made, pressed, *told))
    assert "tolerations" not in view.workloads[0].pods[0]["spec"]
    assert [each.reason for each in view.events(made)] == ["Killing"]
    assert view.events(pressed) == []
