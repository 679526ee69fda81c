# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Are the kinds served, and does something act on them?"""

from __future__ import annotations

import typing as t

import pytest
import yaml

from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight import controllers
from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.snapshot import Controller, Unknown
from tests.unit.rendering import ROLES, only

from ..builders import autoscaler, findings, ids, obj, served, snapshot

MONITOR = obj("monitoring.coreos.com/v1", "ServiceMonitor", spec={})
INGRESS = obj("networking.k8s.io/v1", "Ingress", spec={"ingressClassName": "nginx"})
GATEWAY = obj("gateway.networking.k8s.io/v1", "Gateway", spec={"gatewayClassName": "envoy"})
OPERATOR = Controller("prometheus-operator", "Deployment monitoring/operator", "0.85.0", 1, 1)
NGINX = {"nginx": "k8s.io/ingress-nginx"}


def without(api_version: str) -> dict[str, t.Any]:
    return {**served(), api_version: None}


def test_a_missing_crd_is_named_with_what_brings_it_and_how_to_do_without() -> None:
    finding = only(findings(MONITOR, snapshot=snapshot(served=without("monitoring.coreos.com/v1"))))
    assert finding.id == "kind-not-served"
    assert finding.object == "CustomResourceDefinition servicemonitors.monitoring.coreos.com"
    assert "which workload contributes" in finding.message
    assert "prometheus-operator" in finding.next_step
    assert "monitoring_scraping_enabled" in finding.next_step


def test_a_group_that_lacks_one_kind_is_no_better() -> None:
    partly = {**served(), "monitoring.coreos.com/v1": {}}
    assert "kind-not-served" in ids(findings(MONITOR, snapshot=snapshot(served=partly)))


def test_a_kind_of_kubernetes_itself_is_no_crd() -> None:
    finding = only(findings(autoscaler(), snapshot=snapshot(served=without("autoscaling/v2"))))
    assert finding.object == "HorizontalPodAutoscaler (autoscaling/v2)"


def test_what_could_not_be_asked_is_not_called_missing() -> None:
    unknown = {**served(), "monitoring.coreos.com/v1": Unknown("list kinds", "timed out")}
    assert "kind-not-served" not in ids(findings(MONITOR, snapshot=snapshot(served=unknown)))


def test_an_autoscaler_without_metrics_is_refused_with_the_reason() -> None:
    finding = only(findings(autoscaler(), snapshot=snapshot(metrics="MissingEndpoints: no endpoints")))
    assert finding.id == "metrics-unavailable"
    assert "MissingEndpoints: no endpoints" in finding.message
    assert findings(snapshot=snapshot(metrics="MissingEndpoints")) == []


def test_a_missing_ingress_class_is_named_beside_those_there_are() -> None:
    finding = only(findings(INGRESS, snapshot=snapshot(ingress_classes={"alb": "x", "traefik": "y"})))
    assert finding.id == "ingress-class-missing"
    assert "nginx" in finding.message
    assert "alb, traefik" in finding.message


def test_a_missing_gateway_class_is_refused() -> None:
    assert ids(findings(GATEWAY)) == ["gateway-class-missing"]
    assert findings(GATEWAY, snapshot=snapshot(gateway_classes={"envoy": "x"})) == []


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("1.12.1", ["ingress-controller-vulnerable", "ingress-controller-retired"]),
        ("1.15.0", ["ingress-controller-vulnerable", "ingress-controller-retired"]),
        ("1.15.1", ["ingress-controller-retired"]),
        ("", ["ingress-controller-retired"]),
    ],
)
def test_the_retired_controller_is_warned_of_and_an_old_one_refused(version: str, expected: list[str]) -> None:
    running = Controller("ingress-nginx", "Deployment ingress-nginx/controller", version, 1, 1)
    assert ids(findings(INGRESS, snapshot=snapshot(ingress_classes=NGINX, controllers=(running,)))) == expected


def test_another_controller_may_serve_the_class() -> None:
    traefik = Controller("Traefik", "Deployment ingress/traefik", "3.6.12", 1, 1)
    assert findings(INGRESS, snapshot=snapshot(ingress_classes=NGINX, controllers=(traefik,))) == []
    assert ids(findings(INGRESS, snapshot=snapshot(ingress_classes=NGINX))) == ["ingress-controller-retired"]
    assert findings(INGRESS, snapshot=snapshot(ingress_classes={"nginx": "nginx.org/ingress-controller"})) == []


@pytest.mark.parametrize(
    ("controllers", "expected"),
    [
        ((OPERATOR,), []),
        ((), ["controller-not-found"]),
        ((OPERATOR._replace(ready=0),), ["controller-not-ready"]),
        ((OPERATOR._replace(ready=0, required=0),), ["controller-not-ready"]),
    ],
)
def test_an_operator_must_run_for_its_objects_to_be_read(controllers: t.Any, expected: list[str]) -> None:
    found = findings(MONITOR, snapshot=snapshot(controllers=controllers))
    assert ids(found) == expected
    assert all(finding.severity == "warning" for finding in found)


def test_how_grave_a_missing_operator_is_can_be_chosen() -> None:
    assert only(findings(MONITOR, controller_severity="error")).severity == "error"
    assert findings(MONITOR, controller_severity="off") == []


def test_an_operator_whose_crds_are_missing_is_not_looked_for() -> None:
    assert ids(findings(MONITOR, snapshot=snapshot(served=without("monitoring.coreos.com/v1")))) == ["kind-not-served"]


def test_the_variables_that_a_way_out_names_exist() -> None:
    texts = [*controllers.SWITCHES.values(), *(each.without for each in controllers.ALL)]
    named = {word.strip(".,") for text in texts for word in text.split() if "_" in word}
    known: set[str] = set()
    for path in ROLES.glob("*/meta/argument_specs.yml"):
        known |= set(yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]["main"]["options"])
    assert named - known == set()
