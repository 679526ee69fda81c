# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of a release as quotas count them."""

from __future__ import annotations

import typing as t
from decimal import Decimal

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._objects.manifest import key_of
from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.quota_usage import (
    added,
    count_of,
    limited_objects,
    quotas_in_force,
    used,
)

from .builders import deployment, key, obj, view

PORTS = [{"port": 8080}, {"port": 9090, "nodePort": 30090}]


def service(**spec: t.Any) -> t.Any:
    return obj("v1", "Service", spec={"ports": PORTS, **spec})


def quota(name: str = "platform", scopes: t.Any = None, **hard: str) -> t.Any:
    spec = {"hard": {each.replace("_", "."): value for each, value in hard.items()}, "scopes": scopes}
    return obj("v1", "ResourceQuota", name, spec=spec, status={"used": spec["hard"]})


@pytest.mark.parametrize(
    ("spec", "node_ports", "balancers"),
    [
        ({}, 0, 0),
        ({"type": "ClusterIP"}, 0, 0),
        ({"type": "NodePort"}, 2, 0),
        ({"type": "LoadBalancer"}, 2, 1),
        ({"type": "LoadBalancer", "allocateLoadBalancerNodePorts": False}, 1, 1),
    ],
)
def test_a_service_takes_ports_of_the_nodes_and_load_balancers(spec: t.Any, node_ports: int, balancers: int) -> None:
    manifest = service(**spec)
    assert count_of(key_of(manifest), manifest) == {
        "services": 1,
        "count/services": 1,
        "services.nodeports": node_ports,
        "services.loadbalancers": balancers,
    }


def test_an_object_counts_by_its_kind_and_group() -> None:
    assert count_of(key("Secret", "s"), {}) == {"secrets": 1, "count/secrets": 1}
    assert count_of(key("Deployment", "d", api_version="apps/v1"), {}) == {"count/deployments.apps": 1}
    assert count_of(key("Widget", "w", api_version="example.com/v1"), {}) == {}


def test_only_kinds_that_a_quota_limits_are_looked_at() -> None:
    certificate = obj("cert-manager.io/v1", "Certificate", spec={"secretName": "tls", "issuerRef": {"name": "i"}})
    needs = view(deployment(), service(), certificate, obj("v1", "Secret", "s", "elsewhere")).needs
    assert set(limited_objects(needs, [quota(services="5")])) == {key("Service", "maestro")}
    assert set(limited_objects(needs, [quota(secrets="5")])) == {key("Secret", "tls")}
    assert limited_objects(needs, [quota(pods="5", requests_cpu="1")]) == {}


def test_a_quota_of_the_release_takes_the_place_of_the_live_one() -> None:
    live = [quota("maestro", pods="1"), quota("platform"), quota("other", scopes=["Terminating"])]
    found = quotas_in_force(view(quota("maestro", pods="30")).needs, live)
    assert [(item["metadata"]["name"], item["spec"]["hard"]) for item in found] == [
        ("maestro", {"pods": "30"}),
        ("platform", {}),
    ]


def test_what_several_quotas_count_is_used_once() -> None:
    assert used([quota(services="2"), quota(services="3"), quota(services="9", scopes=["Terminating"])]) == {
        "services": 3
    }


@pytest.mark.parametrize(
    ("before", "balancers", "services"),
    [
        ({"x": None}, None, None),
        (None, 1, 1),
        (service(type="ClusterIP"), 1, 0),
        (service(type="LoadBalancer"), 0, 0),
    ],
    ids=["not known", "not there", "another type", "there"],
)
def test_counts_grow_by_what_is_not_there_yet(before: t.Any, balancers: int | None, services: int | None) -> None:
    target = key("Service", "maestro")
    live = {} if before == {"x": None} else {target: before}
    grown = added({target: service(type="LoadBalancer")}, live)
    assert grown.get("services.loadbalancers", Decimal(0)) == (balancers or 0)
    assert grown.get("services", Decimal(0)) == (services or 0)


def test_a_release_that_adds_something_also_adds_its_record() -> None:
    settings, there = key("ConfigMap", "settings-1"), key("ConfigMap", "settings-0")
    assert added({settings: {}, there: {}}, {settings: None, there: {}}) == {
        **dict.fromkeys(("count/configmaps", "configmaps"), 1),
        **dict.fromkeys(("count/secrets", "secrets"), 1),
    }
    assert added({there: {}}, {there: {}}) == {}
