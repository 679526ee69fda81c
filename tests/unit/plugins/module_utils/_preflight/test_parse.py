# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the API server's answers to facts."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.api_resources import Kind
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.batch_get import Answers, Unavailable
from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight import parse
from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.permissions import Permission
from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.resource_math import amounts
from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.snapshot import (
    Pending,
    PreflightSnapshot,
    Refusal,
    Unknown,
)

from .builders import key, obj, snapshot

NOW = 1_795_000_000.0
"""2026-11-18T11:06:40Z"""
MISSING, FORBIDDEN = Unavailable(404, "not found"), Unavailable(403, "you may not")


def read(**answers: t.Any) -> PreflightSnapshot:
    named: Answers = {name.replace("_", "-"): answer for name, answer in answers.items()}
    return parse.snapshot_of("https://api.example.com", "uid", named, (), NOW)


def read_group(group: str, name: t.Any, answer: t.Any) -> PreflightSnapshot:
    return parse.snapshot_of("https://api.example.com", "uid", {(group, name): answer}, (), NOW)


def test_what_nobody_asked_is_empty_not_unknown() -> None:
    assert read().unknowns() == []


def test_a_forbidden_answer_is_unknown_in_the_servers_words() -> None:
    (unknown,) = read(nodes=FORBIDDEN).unknowns()
    assert (unknown.asked, unknown.why, unknown.tolerable) == ("list nodes", "you may not", True)


def test_a_failure_is_unknown_and_not_forbidden() -> None:
    assert not read(nodes=Unavailable(0, "timed out")).unknowns()[0].tolerable


def test_a_group_version_that_is_not_served_is_none() -> None:
    assert read_group("served", "cert-manager.io/v1", MISSING).served == {"cert-manager.io/v1": None}


def test_served_kinds_leave_subresources_out() -> None:
    resources = [
        {"kind": "Deployment", "name": "deployments", "namespaced": True},
        {"kind": "Scale", "name": "deployments/scale", "namespaced": True},
    ]
    found = read_group("served", "apps/v1", {"resources": resources}).served
    assert found == {"apps/v1": {"Deployment": Kind("deployments")}}


def test_a_live_object_may_be_absent() -> None:
    target = key("Secret", "s")
    assert read_group("live", target, MISSING).live == {target: None}
    assert isinstance(read_group("live", target, FORBIDDEN).live[target], Unknown)


def test_a_node() -> None:
    item = {
        "metadata": {"name": "n", "labels": {"topology.kubernetes.io/zone": "z"}},
        "spec": {"unschedulable": True, "taints": [{"key": "k", "effect": "NoSchedule"}]},
        "status": {
            "allocatable": {"cpu": "3920m"},
            "conditions": [{"type": "Ready", "status": "True"}],
            "nodeInfo": {"kubeletVersion": "v1.37.2"},
        },
    }
    found = read(nodes=[{"items": [item]}, {"items": []}]).nodes
    assert not isinstance(found, Unknown)
    (node,) = found
    assert (node.name, node.zone, node.ready, node.schedulable, node.kubelet) == ("n", "z", True, False, "v1.37.2")
    assert node.allocatable == amounts({"cpu": "3920m"})


def test_a_pod_waits_without_a_node() -> None:
    spec = {"containers": [{"name": "c", "resources": {"requests": {"cpu": "1"}}}]}
    found = read(pods=[{"items": [{"metadata": {"namespace": "ns"}, "spec": spec}]}]).pods
    assert not isinstance(found, Unknown)
    assert (found[0].node, found[0].use.requests) == ("", amounts({"cpu": "1"}))


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (MISSING, parse.NO_METRICS),
        ({"status": {"conditions": [{"type": "Available", "status": "True"}]}}, ""),
        (
            {"status": {"conditions": [{"type": "Available", "status": "False", "reason": "R", "message": "m"}]}},
            "R: m",
        ),
    ],
)
def test_the_metrics_api(answer: t.Any, problem: str) -> None:
    assert read(metrics=answer).metrics == problem


def test_storage_and_ingress_classes() -> None:
    standard = {
        "metadata": {"name": "a", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
        "provisioner": "p",
        "volumeBindingMode": "WaitForFirstConsumer",
    }
    found = read(
        storage_classes={"items": [standard, {"metadata": {"name": "b"}, "provisioner": "q"}]},
        ingress_classes={"items": [{"metadata": {"name": "nginx"}, "spec": {"controller": "k8s.io/ingress-nginx"}}]},
    )
    assert not isinstance(found.storage_classes, Unknown)
    assert found.storage_classes["a"].default
    assert (found.storage_classes["b"].default, found.storage_classes["b"].binding) == (False, "Immediate")
    assert found.ingress_classes == {"nginx": "k8s.io/ingress-nginx"}


def test_a_terminating_namespace_says_what_holds_it() -> None:
    body = {
        "metadata": {"name": "ns", "deletionTimestamp": "2026-11-23T10:00:00Z"},
        "spec": {"finalizers": ["kubernetes"]},
        "status": {
            "conditions": [
                {"type": "NamespaceContentRemaining", "status": "True", "message": "pods. has 1 resource instances"},
                {"type": "NamespaceDeletionDiscoveryFailure", "status": "False", "message": "all fine"},
            ]
        },
    }
    namespace = read(namespace=body).namespace
    assert namespace is not None
    assert not isinstance(namespace, Unknown)
    assert namespace.terminating_since == "2026-11-23T10:00:00Z"
    assert namespace.held_by == ("finalizer kubernetes", "NamespaceContentRemaining: pods. has 1 resource instances")
    assert read(namespace=MISSING).namespace is None


def test_namespaces_are_known_by_name_or_not_at_all() -> None:
    pages = [{"items": [{"metadata": {"name": "a"}}]}, {"items": [{"metadata": {"name": "b"}}]}]
    assert read(namespaces=pages).namespaces == {"a", "b"}
    assert isinstance(read(namespaces=FORBIDDEN).namespaces, Unknown)


def controller(image: str, **status: t.Any) -> t.Any:
    template = {"spec": {"containers": [{"image": image}]}}
    return {
        "metadata": {"name": "d", "namespace": "ns"},
        "spec": {"replicas": 2, "template": template},
        "status": status,
    }


@pytest.mark.parametrize(
    ("image", "software", "version"),
    [
        ("quay.io/jetstack/cert-manager-controller:v1.21.2", "cert-manager", "1.21.2"),
        ("mirror.example.com:5000/jetstack/cert-manager-webhook:v1.21.2", "cert-manager", "1.21.2"),
        ("quay.io/prometheus-operator/prometheus-operator:v0.85.0", "prometheus-operator", "0.85.0"),
        ("oci.external-secrets.io/external-secrets/external-secrets:v0.19.2", "external-secrets", "0.19.2"),
        (f"registry.k8s.io/ingress-nginx/controller:v1.12.1@sha256:{'0' * 64}", "ingress-nginx", "1.12.1"),
        (f"registry.k8s.io/ingress-nginx/controller@sha256:{'0' * 64}", "ingress-nginx", ""),
        ("docker.io/library/traefik:v3.6.12", "Traefik", "3.6.12"),
        ("traefik", "Traefik", ""),
    ],
)
def test_software_is_known_by_its_image(image: str, software: str, version: str) -> None:
    found = read_group("controllers", "Deployment", [{"items": [controller(image, availableReplicas=1)]}]).controllers
    assert not isinstance(found, Unknown)
    (each,) = found
    assert (each.software, each.version, each.ready, each.required) == (software, version, 1, 2)
    assert each.where == "Deployment ns/d"


@pytest.mark.parametrize(
    "image", ["example.com/my-traefik:1", "quay.io/prometheus/prometheus:v3", "example.com/controller:1"]
)
def test_other_images_are_nobodys(image: str) -> None:
    assert read_group("controllers", "Deployment", [{"items": [controller(image)]}]).controllers == ()


def test_a_daemon_set_counts_its_nodes() -> None:
    item = controller("traefik:v3.6.12", numberAvailable=2, desiredNumberScheduled=3)
    found = read_group("controllers", "DaemonSet", [{"items": [item]}]).controllers
    assert not isinstance(found, Unknown)
    assert (found[0].ready, found[0].required) == (2, 3)


KARPENTER, NO_GROUPS = {"groups": [{"name": "karpenter.sh"}]}, {"groups": [{"name": "apps"}]}
AUTOSCALER_RUNS = [{"items": [controller("registry.k8s.io/autoscaling/cluster-autoscaler-arm64:v1.35.0")]}]


def adds_nodes(groups: t.Any, status: t.Any, deployments: t.Any) -> bool | Unknown:
    answers: Answers = {"groups": groups, "autoscaler": status, ("controllers", "Deployment"): deployments}
    return parse.snapshot_of("https://api.example.com", "uid", answers, (), NOW).autoscaled


@pytest.mark.parametrize(
    ("groups", "status", "deployments"),
    [
        (KARPENTER, FORBIDDEN, FORBIDDEN),
        (FORBIDDEN, {"data": {}}, FORBIDDEN),
        (FORBIDDEN, FORBIDDEN, AUTOSCALER_RUNS),
    ],
    ids=["its API", "its status", "its image"],
)
def test_a_cluster_that_adds_nodes_is_known_by_any_sign(groups: t.Any, status: t.Any, deployments: t.Any) -> None:
    assert adds_nodes(groups, status, deployments) is True


def test_a_cluster_without_any_sign_adds_none() -> None:
    assert adds_nodes(NO_GROUPS, MISSING, []) is False
    assert read(groups=FORBIDDEN).autoscaled is False


@pytest.mark.parametrize("silent", ["groups", "status", "deployments"])
def test_whether_nodes_are_added_is_unknown_where_a_sign_may_not_be_read(silent: str) -> None:
    answers: dict[str, t.Any] = {"groups": NO_GROUPS, "status": MISSING, "deployments": []}
    found = adds_nodes(**{**answers, silent: FORBIDDEN})
    assert isinstance(found, Unknown)
    assert (found.why, found.tolerable) == ("you may not", True)


def test_the_status_of_the_autoscaler_is_named_when_it_may_not_be_read() -> None:
    [unknown] = read(groups=NO_GROUPS, autoscaler=FORBIDDEN).unknowns()
    assert unknown.asked == "read ConfigMap kube-system/cluster-autoscaler-status"


def record(name: str, part: str = "0") -> t.Any:
    return {"metadata": {"name": name, "labels": {"maestro.intelgraph.ai/part": part}}}


def lease(renewed: str, holder: str = "runner-7") -> t.Any:
    return {"spec": {"holderIdentity": holder, "renewTime": renewed, "leaseDurationSeconds": 30}}


PENDING_CASES = [
    ({"items": []}, MISSING, None),
    ({"items": [record("r-2"), record("r-2-1", "1")]}, MISSING, Pending("r-2", "", 0.0)),
    ({"items": [record("r-2")]}, lease("2026-11-18T11:06:35.000000Z"), Pending("r-2", "runner-7", 25.0)),
    ({"items": [record("r-2")]}, lease("2026-11-18T11:00:00.000000Z"), Pending("r-2", "", 0.0)),
    ({"items": []}, lease("2026-11-18T11:06:35.000000Z"), Pending("", "runner-7", 25.0)),
    ({"items": []}, lease("2026-11-18T11:06:35.000000Z", holder=""), None),
    (MISSING, MISSING, None),
]


@pytest.mark.parametrize(("records", "held", "expected"), PENDING_CASES)
def test_a_release_at_work_and_one_that_was_interrupted(records: t.Any, held: t.Any, expected: t.Any) -> None:
    assert read(records=records, lease=held).pending == expected


def test_a_history_that_may_not_be_read_is_unknown() -> None:
    assert isinstance(read(records=FORBIDDEN, lease=MISSING).pending, Unknown)


def test_the_second_round_adds_denials_and_dry_runs() -> None:
    denied, allowed = Permission("Pod", "list", "", "pods"), Permission("Pod", "watch", "", "pods")
    undecided = Permission("Lease", "get", "", "leases")
    target = key("Deployment", "maestro", api_version="apps/v1")
    answers: Answers = {
        denied: False,
        allowed: True,
        undecided: Unavailable(500, "oops"),
        ("dry-run", target): Unavailable(403, "no"),
    }
    found = parse.with_second_round(snapshot(), answers)
    assert found.denied == (denied,)
    assert [unknown.why for unknown in found.undecided] == ["oops"]
    assert found.dry_runs == {target: Refusal(403, "no")}
    assert parse.with_second_round(snapshot(), {("dry-run", target): obj("v1", "Pod")}).dry_runs == {target: None}


def test_the_second_round_adds_live_objects() -> None:
    seen, counted = key("Secret", "s"), key("Service", "maestro")
    found = parse.with_second_round(snapshot(live={seen: {}}), {("live", counted): MISSING})
    assert found.live == {seen: {}, counted: None}


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [([], False), ([{"ready": False}], False), ([{"ready": False}, {"ready": True}], True), ([{}], True)],
)
def test_a_service_is_backed_by_an_endpoint_that_is_ready(conditions: t.Any, expected: bool) -> None:
    target = key("Service", "postgres", "database")
    slices = {"items": [{"endpoints": None}, {"endpoints": [{"conditions": each} for each in conditions]}]}
    assert parse.with_second_round(snapshot(), {("backed", target): slices}).backed == {target: expected}


def test_rules_come_from_the_review_or_not_at_all() -> None:
    rule = {"verbs": ["get"]}
    assert parse.rules_of({"rules": {"status": {"resourceRules": [rule]}}}) == [rule]
    assert parse.rules_of({"rules": FORBIDDEN}) == []
