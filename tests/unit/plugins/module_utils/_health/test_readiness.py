# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""When an object is ready: a truth table for each kind."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.api_resources import KINDS
from ansible_collections.intelgraph.maestro.plugins.module_utils._health.readiness import condition, missing

API_VERSIONS = {kind: api_version for api_version, kind in KINDS}
Live = dict[str, t.Any]
COUNTS = st.integers(0, 5)


def live(kind: str, spec: Live | None = None, generation: int = 2, **status: t.Any) -> Live:
    """An object whose controller has seen its newest generation, unless the status says otherwise."""
    known = {"observedGeneration": 2} if kind in ("Deployment", "StatefulSet", "PodDisruptionBudget") else {}
    metadata = {"name": "x", "generation": generation}
    return {
        "apiVersion": API_VERSIONS.get(kind, "example.com/v1"),
        "kind": kind,
        "metadata": metadata,
        "spec": spec or {},
        "status": {**known, **status},
    }


def conditions(**states: str) -> list[Live]:
    return [{"type": kind, "status": state, "message": f"{kind} is {state}"} for kind, state in states.items()]


def deployment(wanted: int = 3, **status: t.Any) -> Live:
    """A Deployment with three pods, all new and available, unless the status says otherwise."""
    healthy = {"replicas": 3, "updatedReplicas": 3, "availableReplicas": 3}
    return live("Deployment", {"replicas": wanted}, **{**healthy, **status})


def stateful_set(wanted: int = 3, **status: t.Any) -> Live:
    healthy = {
        "replicas": 3,
        "updatedReplicas": 3,
        "availableReplicas": 3,
        "currentRevision": "b",
        "updateRevision": "b",
    }
    return live("StatefulSet", {"replicas": wanted}, **{**healthy, **status})


def without(item: Live, *fields: str) -> Live:
    return {**item, "status": {name: value for name, value in item["status"].items() if name not in fields}}


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (deployment(), ""),
        (live("Deployment", {"replicas": 0}), ""),
        (live("Deployment", {}, replicas=1, updatedReplicas=1, availableReplicas=1), ""),
        (deployment(updatedReplicas=2), "2 of 3 pods have the new revision"),
        (without(deployment(), "updatedReplicas"), "0 of 3 pods have the new revision"),
        (deployment(replicas=4), "1 old pods are still there"),
        (deployment(availableReplicas=2), "2 of 3 pods are available"),
        (without(deployment(), "availableReplicas"), "0 of 3 pods are available"),
        (deployment(observedGeneration=1), "the controller has not seen the newest change yet"),
        (without(deployment(), "observedGeneration"), "the controller has not seen the newest change yet"),
        (live("Deployment", {"replicas": 3, "paused": True}, **deployment()["status"]), "it is paused"),
        ({"kind": "Deployment", "metadata": {"name": "x", "generation": 1}, "spec": {}}, "the controller has not"),
        (stateful_set(), ""),
        (stateful_set(observedGeneration=1), "the controller has not seen the newest change yet"),
        (stateful_set(updateRevision="c", updatedReplicas=1), "1 of 3 pods have the new revision"),
        (stateful_set(replicas=2, availableReplicas=2), "2 of 3 pods have the new revision"),
        (stateful_set(availableReplicas=1), "1 of 3 pods are available"),
        (live("HorizontalPodAutoscaler", conditions=conditions(AbleToScale="True", ScalingActive="True")), ""),
        (live("HorizontalPodAutoscaler"), "its condition AbleToScale is not reported yet"),
        (live("HorizontalPodAutoscaler", conditions=conditions(AbleToScale="True")), "its condition ScalingActive"),
        (
            live("HorizontalPodAutoscaler", conditions=conditions(AbleToScale="True", ScalingActive="False")),
            "ScalingActive is False",
        ),
        (
            live(
                "HorizontalPodAutoscaler",
                conditions=[
                    *conditions(AbleToScale="True"),
                    {"type": "ScalingActive", "status": "False", "reason": "ScalingDisabled"},
                ],
            ),
            "",
        ),
        (live("PodDisruptionBudget", currentHealthy=3, desiredHealthy=2), ""),
        (live("PodDisruptionBudget", currentHealthy=1, desiredHealthy=2), "1 of 2 pods are healthy"),
        (
            live("PodDisruptionBudget", observedGeneration=1, currentHealthy=3, desiredHealthy=2),
            "the controller has not",
        ),
        (live("Service"), ""),
        (live("Service", {"type": "LoadBalancer"}), "its load balancer has no address yet"),
        (live("Service", {"type": "LoadBalancer"}, loadBalancer={"ingress": [{"ip": "10.0.0.1"}]}), ""),
        (live("Ingress"), "it has no address yet"),
        (live("Ingress", loadBalancer={"ingress": [{"ip": "10.0.0.1"}]}), ""),
        (live("Gateway"), "its condition Accepted is not reported yet"),
        (live("Gateway", conditions=conditions(Accepted="True")), "its condition Programmed is not reported yet"),
        (live("Gateway", conditions=conditions(Accepted="True", Programmed="True")), ""),
        (live("Job"), "it has not completed yet"),
        (live("Job", conditions=conditions(Failed="True")), "Failed is True"),
        (live("Job", conditions=conditions(Complete="True")), ""),
        (
            live("PodDisruptionBudget", currentHealthy=3, desiredHealthy=2, expectedPods=3),
            "it allows no disruption yet",
        ),
        (live("PodDisruptionBudget", currentHealthy=3, desiredHealthy=3, expectedPods=3), ""),
        (live("PersistentVolumeClaim", phase="Bound"), ""),
        (live("PersistentVolumeClaim", phase="Pending"), ""),
        (live("PersistentVolumeClaim", phase="Lost"), "its volume is lost"),
        (live("Namespace", phase="Active"), ""),
        (live("Namespace", phase="Terminating"), "it is Terminating"),
        (live("Namespace"), "it is not active yet"),
        (live("ConfigMap"), ""),
        (live("Widget"), ""),
        (live("Widget", conditions=conditions(Ready="True")), ""),
        (live("Widget", conditions=conditions(Ready="False")), "Ready is False"),
    ],
)
def test_what_is_missing(item: Live, words: str) -> None:
    assert missing(item).startswith(words)
    assert bool(missing(item)) == bool(words)


@pytest.mark.parametrize("kind", ["Certificate", "ClusterIssuer", "ExternalSecret", "Issuer", "SecretStore"])
def test_what_always_reports_ready_is_not_ready_before_it_does(kind: str) -> None:
    assert missing(live(kind)) == "its condition Ready is not reported yet"
    assert missing(live(kind, conditions=conditions(Ready="Unknown"))) == "Ready is Unknown"
    assert missing(live(kind, conditions=conditions(Ready="True"))) == ""


def test_a_ready_condition_of_a_former_generation_does_not_count() -> None:
    previous = [{"type": "Ready", "status": "True", "observedGeneration": 1}]
    newest = [{"type": "Ready", "status": "True", "observedGeneration": 2}]
    assert missing(live("Certificate", conditions=previous)) == "the controller has not seen the newest change yet"
    assert missing(live("Certificate", conditions=newest)) == ""


def test_an_external_secret_that_synced_a_former_generation_is_not_ready() -> None:
    ready = conditions(Ready="True")
    spec = {"refreshInterval": "10m"}
    previous = live("ExternalSecret", spec, conditions=ready, syncedResourceVersion="1-abc")
    newest = live("ExternalSecret", spec, conditions=ready, syncedResourceVersion="2-abc")
    assert missing(previous) == "the controller has not seen the newest change yet"
    assert missing(newest) == ""


@pytest.mark.parametrize(
    "spec", [{"refreshPolicy": "CreatedOnce"}, {"refreshInterval": "0s"}, {"refreshInterval": "0"}]
)
def test_an_external_secret_that_syncs_once_is_not_waited_for_again(spec: Live) -> None:
    assert missing(live("ExternalSecret", spec, conditions=conditions(Ready="True"), syncedResourceVersion="1-a")) == ""


@given(wanted=COUNTS, replicas=COUNTS, updated=COUNTS, available=COUNTS, observed=st.integers(0, 2))
def test_a_ready_deployment_has_all_pods_new_and_available_and_no_others(
    wanted: int, replicas: int, updated: int, available: int, observed: int
) -> None:
    counts = {"replicas": replicas, "updatedReplicas": updated, "availableReplicas": available}
    item = deployment(wanted, observedGeneration=observed, **counts)
    if not missing(item):
        assert observed == 2
        assert replicas <= updated >= wanted <= available


def test_a_condition_that_is_not_there_is_empty() -> None:
    assert condition({"kind": "Pod"}, "Ready") == {}
    assert condition({"kind": "Pod", "status": {"conditions": None}}, "Ready") == {}
