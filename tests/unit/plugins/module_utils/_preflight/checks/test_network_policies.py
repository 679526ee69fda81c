# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Do the holes in the default deny lead to where the others are?"""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.snapshot import Controller, Unknown
from tests.unit.rendering import only

from ..builders import NAMESPACE, findings, ids, obj, snapshot

NGINX, TRAEFIK = "k8s.io/ingress-nginx", "traefik.io/ingress-controller"
FORBIDDEN = Unknown("list Namespaces", "you may not", True)


def named(*names: str) -> list[dict[str, t.Any]]:
    return [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}} for name in names]


def hole(*peers: t.Any, port: int = 8080) -> t.Any:
    return obj(
        "networking.k8s.io/v1", "NetworkPolicy", spec={"ingress": [{"from": list(peers), "ports": [{"port": port}]}]}
    )


def way_out(*peers: t.Any) -> t.Any:
    return obj("networking.k8s.io/v1", "NetworkPolicy", "maestro-upstream", spec={"egress": [{"to": list(peers)}]})


def running(software: str, *places: str) -> tuple[Controller, ...]:
    return tuple(Controller(software, f"Deployment {place}/c", "3.7.0", 1, 1) for place in places)


def asked_by(policy: t.Any, controller: str, *controllers: Controller, **changes: t.Any) -> t.Any:
    ingress = obj("networking.k8s.io/v1", "Ingress", spec={"ingressClassName": "web"})
    seen = snapshot(ingress_classes={"web": controller}, controllers=controllers, **changes)
    return [each for each in findings(policy, ingress, snapshot=seen) if each.id == "network-policy-mismatch"]


def test_a_controller_that_is_not_let_in_is_named_once_with_who_is() -> None:
    policy, controllers = hole(*named("ingress-nginx")), running("Traefik", "edge")
    finding = only(asked_by(policy, TRAEFIK, *controllers, namespaces=frozenset({"edge"})))
    assert (finding.severity, finding.object) == ("warning", f"NetworkPolicy {NAMESPACE}/maestro")
    assert "Deployment edge/c (Traefik)" in finding.message
    assert "lets in ingress-nginx only" in finding.message
    assert "namespace_ingress_controller_namespaces" in finding.next_step


@pytest.mark.parametrize(
    ("policy", "controller", "controllers"),
    [
        (hole(*named("traefik")), TRAEFIK, running("Traefik", "traefik")),
        (hole(*named("traefik")), TRAEFIK, running("Traefik", "kube-system", "traefik")),
        (hole(*named("traefik")), NGINX, running("Traefik", "traefik")),
        (hole(*named("ingress-nginx")), NGINX, running("ingress-nginx", "ingress-nginx") + running("Traefik", "edge")),
        (hole(*named("a"), {"ipBlock": {"cidr": "10.0.0.0/8"}}), TRAEFIK, running("Traefik", "edge")),
        (hole({"podSelector": {}}), TRAEFIK, running("Traefik", "edge")),
        (hole(*named("monitoring"), port=9090), TRAEFIK, running("Traefik", "edge")),
        (hole(*named("a")), "nginx.org/ingress-controller", running("Traefik", "edge")),
        (hole(*named("a")), TRAEFIK, ()),
    ],
    ids=[
        "let in",
        "one of them is",
        "another reads its annotations",
        "beside another",
        "addresses are",
        "pods are",
        "another port",
        "another controller",
        "not found",
    ],
)
def test_nothing_is_said_where_a_controller_is_let_in_or_not_known(
    policy: t.Any, controller: str, controllers: t.Any
) -> None:
    assert asked_by(policy, controller, *controllers) == []


def test_the_class_of_a_gateway_leads_to_its_controller_too() -> None:
    gateway = obj("gateway.networking.k8s.io/v1", "Gateway", spec={"gatewayClassName": "web"})
    seen = snapshot(
        gateway_classes={"web": "traefik.io/gateway-controller"},
        controllers=running("Traefik", "edge"),
    )
    assert ids(findings(gateway, hole(*named("a")), snapshot=seen)) == ["network-policy-mismatch"]


@pytest.mark.parametrize(
    ("policy", "severity"),
    [
        (hole(*named("ingress-nginx", "there")), "warning"),
        (hole(*named("ingress-nginx"), port=9090), "note"),
        (way_out(*named("ingress-nginx")), "note"),
    ],
)
def test_a_namespace_that_does_not_exist_is_as_grave_as_who_was_meant(policy: t.Any, severity: str) -> None:
    finding = only(findings(policy, snapshot=snapshot(namespaces=frozenset({"there"}))))
    assert (finding.id, finding.severity) == ("network-policy-mismatch", severity)
    assert "Namespace ingress-nginx, which does not exist" in finding.message


@pytest.mark.parametrize(
    "namespaces", [None, FORBIDDEN, frozenset({"security"})], ids=["not asked", "forbidden", "there"]
)
def test_a_namespace_that_is_there_or_not_known_is_not_missed(namespaces: t.Any) -> None:
    found = findings(way_out(*named("security", NAMESPACE)), snapshot=snapshot(namespaces=namespaces))
    assert set(ids(found)) <= {"fact-unknown"}


@pytest.mark.parametrize(
    ("controller", "usual"),
    [
        (TRAEFIK, "Traefik usually runs in traefik."),
        ("haproxy.org/ingress-controller/public", "HAProxy usually runs in haproxy-controller."),
    ],
)
def test_a_hole_for_nobody_says_where_the_controller_of_the_class_usually_runs(controller: str, usual: str) -> None:
    finding = only(asked_by(hole(*named("ingress-nginx")), controller, namespaces=frozenset({"default"})))
    assert "Namespace ingress-nginx" in finding.message
    assert finding.next_step.endswith(usual)


def test_haproxy_has_to_be_let_in_from_where_it_runs() -> None:
    finding = only(
        asked_by(
            hole(*named("ingress-nginx")), "haproxy.org/ingress-controller", *running("HAProxy", "haproxy-controller")
        )
    )
    assert "Requests come from Deployment haproxy-controller/c (HAProxy)" in finding.message
