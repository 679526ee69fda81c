# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way of a request to the pods, and what scales and guards them."""

from __future__ import annotations

import dataclasses
import json
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._health.facts import Facts, HealthEvaluation
from ansible_collections.intelgraph.maestro.plugins.module_utils._health.rules import evaluate
from tests.unit.rendering import only

from .views import cause, condition, deployment, facts, item, pod, replica_set, seconds_left, unavailable, undecided


def healthy(*others: dict[str, t.Any]) -> Facts:
    """One ready pod, and these objects besides."""
    return facts(deployment(), replica_set(), pod(), *others)


def service(**selector: str) -> dict[str, t.Any]:
    return item("Service", "maestro", spec={"selector": selector or {"app.kubernetes.io/name": "maestro"}})


def endpoints(*pods: str, ready: bool = True) -> dict[str, t.Any]:
    piece = item("EndpointSlice", "maestro-x", endpoints=[])
    piece["metadata"]["labels"]["kubernetes.io/service-name"] = "maestro"
    piece["endpoints"] = [{"targetRef": {"name": name}, "conditions": {"ready": ready}} for name in pods]
    return piece


def test_a_ready_pod_that_the_service_does_not_reach_yet() -> None:
    for piece in (endpoints(), endpoints("maestro-new-a", ready=False), endpoints("other")):
        evaluation = evaluate(healthy(service(), piece))
        assert evaluation.verdict == ""
        assert evaluation.missing == ("Service maestro-system/maestro: 0 of 1 ready pods are among its endpoints",)
    assert evaluate(healthy(service(), endpoints("maestro-new-a"))).verdict == "passed"


def test_a_service_that_selects_other_pods_leads_nowhere() -> None:
    evaluation = evaluate(healthy(service(app="other")))
    assert (evaluation.verdict, [finding.id for finding in evaluation.findings]) == ("failed", ["endpoints-missing"])
    assert "(app=other)" in evaluation.findings[0].message


def test_a_service_without_selector_is_no_business_of_the_pods() -> None:
    for spec in ({}, {"type": "ExternalName", "selector": {"app": "x"}}):
        assert evaluate(healthy(item("Service", "maestro", spec=spec))).verdict == "passed"


def gateway(*conditions: dict[str, t.Any], **listener: t.Any) -> dict[str, t.Any]:
    listeners = [{"name": "tls", "conditions": listener["conditions"]}] if listener else []
    return item("Gateway", "maestro", spec={}, status={"conditions": list(conditions), "listeners": listeners})


def test_a_gateway_says_which_listener_it_cannot_serve() -> None:
    clash = condition("Programmed", "False", "another listener has this port and host", "Invalid", age=5)
    whole = condition("Accepted", "False", "All Listeners must be valid", "ListenersNotValid", age=5)
    given = healthy(gateway(whole, conditions=[clash]))
    assert undecided(evaluate(given)).message == "listener tls: another listener has this port and host"
    assert seconds_left(given) == 55
    assert cause(evaluate(dataclasses.replace(given, now=given.now + 55))).id == "gateway-refused"


def test_a_gateway_waits_for_a_certificate_that_is_being_issued_and_for_no_other() -> None:
    said = 'Error while retrieving certificate: getting secret: secret "tls" not found'
    refusing = gateway(conditions=[condition("ResolvedRefs", "False", said, "InvalidCertificateRef", age=5)])
    assert cause(evaluate(healthy(refusing))).message == f"listener tls: {said}"
    issuing = item("Certificate", "tls", spec={"secretName": "tls"}, status={})
    assert undecided(evaluate(healthy(refusing, issuing))).id == "gateway-refused"


def test_a_gateway_that_is_accepted_and_programmed() -> None:
    accepted = condition("Accepted", "True")
    assert evaluate(healthy(gateway(accepted, condition("Programmed", "True")))).verdict == "passed"
    assert evaluate(healthy(gateway(accepted))).verdict == ""


def route(resolved: str, age: float = 60) -> dict[str, t.Any]:
    said = "Cannot load HTTPBackendRef maestro-system/nosvc: getting service: service not found"
    conditions = [condition("Accepted", "True"), condition("ResolvedRefs", resolved, said, "BackendNotFound", age)]
    parents = [{"parentRef": {"name": "maestro"}, "conditions": conditions}]
    return item("HTTPRoute", "maestro", spec={"parentRefs": [{"name": "maestro"}]}, status={"parents": parents})


def test_a_route_whose_backend_does_not_exist() -> None:
    assert cause(evaluate(healthy(route("False")))).message.startswith("gateway maestro: Cannot load HTTPBackendRef")
    assert undecided(evaluate(healthy(route("False", age=1)))).id == "route-refused"
    assert evaluate(healthy(route("True"))).verdict == "passed"


def test_a_route_that_no_gateway_has_taken_is_not_ready() -> None:
    untaken = item("HTTPRoute", "maestro", spec={"parentRefs": [{"name": "maestro"}]}, status={"parents": []})
    assert evaluate(healthy(untaken)).missing == (
        "HTTPRoute maestro-system/maestro: not every gateway has taken it yet",
    )


def autoscaler(status: str, age: float = 10, reason: str = "FailedGetPodsMetric") -> dict[str, t.Any]:
    said = "the HPA was unable to compute the replica count: no metrics returned from resource metrics API"
    active = condition("ScalingActive", status, said, reason, age)
    conditions = [condition("AbleToScale", "True"), active]
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "maestro"}
    return item(
        "HorizontalPodAutoscaler", "maestro", spec={"scaleTargetRef": target}, status={"conditions": conditions}
    )


def test_metrics_of_new_pods_take_a_while() -> None:
    given = healthy(autoscaler("False"))
    assert (evaluate(given).verdict, evaluate(given).findings) == ("", ())
    assert seconds_left(given) == 170
    assert cause(evaluate(dataclasses.replace(given, now=given.now + 170))).id == "hpa-metrics-missing"
    assert evaluate(healthy(autoscaler("True"))).verdict == "passed"


def test_metrics_of_young_pods_hold_nothing_up_and_are_said() -> None:
    given = healthy(autoscaler("False", reason="FailedGetResourceMetric"))
    evaluation = evaluate(given)
    assert evaluation.verdict == "passed"
    assert [(each.id, each.severity) for each in evaluation.findings] == [("hpa-metrics-pending", "note")]
    later = evaluate(dataclasses.replace(given, now=given.now + 171))
    assert cause(later).id == "hpa-metrics-missing"


def test_an_autoscaler_that_was_just_made_holds_nothing_up() -> None:
    fresh = autoscaler("True")
    fresh["status"] = {}
    assert [each.id for each in evaluate(healthy(fresh)).findings] == ["hpa-metrics-pending"]
    assert evaluate(healthy(fresh)).verdict == "passed"


def test_a_workload_that_was_scaled_to_zero_by_hand_stops_its_autoscaler() -> None:
    off = autoscaler("False", reason="ScalingDisabled")
    given = facts(deployment(0), replica_set(), off)
    assert cause(evaluate(given)).id == "hpa-disabled"
    off["spec"]["minReplicas"] = 0
    assert evaluate(given).verdict == "passed"


def test_an_autoscaler_of_the_first_version_bears_its_conditions_in_an_annotation() -> None:
    old = autoscaler("True")
    said = [{"type": "AbleToScale", "status": "True"}, {"type": "ScalingActive", "status": "True"}]
    old["metadata"]["annotations"] = {"autoscaling.alpha.kubernetes.io/conditions": json.dumps(said)}
    old["status"] = {}
    assert evaluate(healthy(old)) == HealthEvaluation("passed")


def test_an_autoscaler_is_not_blind_while_there_is_no_pod_to_measure() -> None:
    between = facts(unavailable(), replica_set(), autoscaler("False", age=300))
    assert evaluate(between).verdict == ""
    assert evaluate(between).again_at is None


def test_what_an_autoscaler_says_of_before_its_change_does_not_count() -> None:
    changed = autoscaler("True")
    changed["metadata"]["generation"] = 2
    assert evaluate(healthy(changed)).verdict == "passed"
    changed["status"]["observedGeneration"] = 1
    assert evaluate(healthy(changed)).verdict == ""
    changed["status"]["observedGeneration"] = 2
    assert evaluate(healthy(changed)).verdict == "passed"


def budget(**status: int) -> dict[str, t.Any]:
    return item("PodDisruptionBudget", "maestro", spec={}, status={"observedGeneration": 1, **status})


@pytest.mark.parametrize(
    ("status", "verdict", "ids"),
    [
        ({"currentHealthy": 3, "desiredHealthy": 2, "expectedPods": 3, "disruptionsAllowed": 1}, "passed", []),
        ({"currentHealthy": 3, "desiredHealthy": 2, "expectedPods": 3, "disruptionsAllowed": 0}, "", []),
        ({"currentHealthy": 1, "desiredHealthy": 2, "expectedPods": 3, "disruptionsAllowed": 0}, "", []),
        (
            {"currentHealthy": 3, "desiredHealthy": 3, "expectedPods": 3, "disruptionsAllowed": 0},
            "passed",
            ["disruption-budget-blocks"],
        ),
    ],
)
def test_a_budget_must_allow_a_disruption_where_it_can(status: dict[str, int], verdict: str, ids: list[str]) -> None:
    evaluation = evaluate(healthy(budget(**status)))
    assert (evaluation.verdict, [finding.id for finding in evaluation.findings]) == (verdict, ids)


def test_an_ingress_without_an_address_is_not_ready() -> None:
    ingress = item("Ingress", "maestro", spec={}, status={"loadBalancer": {}})
    assert only(evaluate(healthy(ingress)).missing) == "Ingress maestro-system/maestro: it has no address yet"
    ingress["status"] = {"loadBalancer": {"ingress": [{"ip": "10.0.0.1"}]}}
    assert evaluate(healthy(ingress)).verdict == "passed"
