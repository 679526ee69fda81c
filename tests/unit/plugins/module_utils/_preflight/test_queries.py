# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked: only what is needed, nothing that writes, no value of a Secret kept."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.batch_get import Endpoint, Query, Reached
from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight import queries
from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.permissions import Permission
from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.snapshot import Namespace, Unknown

from .builders import NAMESPACE, autoscaler, container, deployment, key, obj, pod_spec, snapshot, view

EVERYTHING = [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]


def first(*manifests: t.Any) -> dict[t.Any, Query]:
    return {item.name: item for item in queries.first_round(view(*manifests).needs)}


def second(*manifests: t.Any, rules: t.Any = EVERYTHING, **changes: t.Any) -> list[Query]:
    return queries.second_round(view(*manifests).needs, snapshot(**changes), rules)


def test_without_manifests_only_the_cluster_itself_is_looked_at() -> None:
    assert set(first()) == {"version", "groups", "namespace", "quotas", "limit-ranges", "records", "lease", "rules"}


@pytest.mark.parametrize(
    ("manifest", "asked"),
    [
        (deployment(), {"pods", "own-pods", "nodes", "autoscaler"}),
        (autoscaler(), {"metrics"}),
        (obj("networking.k8s.io/v1", "Ingress", spec={}), {"ingress-classes", ("controllers", "Deployment")}),
        (obj("gateway.networking.k8s.io/v1", "Gateway", spec={}), {"gateway-classes"}),
        (obj("v1", "PersistentVolumeClaim", spec={}), {"storage-classes"}),
        (obj("monitoring.coreos.com/v1", "ServiceMonitor", spec={}), {("controllers", "Deployment")}),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else "",
)
def test_a_manifest_brings_its_questions(manifest: t.Any, asked: set[t.Any]) -> None:
    assert asked <= set(first(manifest))
    assert ("served", manifest["apiVersion"]) in first(manifest)


def test_namespaces_are_listed_only_where_a_policy_names_some() -> None:
    named = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "security"}}}
    for peer, asked in ((named, True), ({"podSelector": {}}, False)):
        policy = obj("networking.k8s.io/v1", "NetworkPolicy", spec={"egress": [{"to": [peer]}]})
        assert ("namespaces" in first(policy)) is asked


def test_posts_are_reviews_only_in_the_first_round() -> None:
    posted = [item.path for item in first(deployment()).values() if item.body]
    assert posted == ["/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"]


def test_objects_that_nobody_brings_are_looked_for() -> None:
    spec = pod_spec(containers=[container(envFrom=[{"secretRef": {"name": "s"}}, {"secretRef": {"name": "own"}}])])
    asked = first(deployment(spec), obj("v1", "Secret", "own", stringData={}))
    assert ("live", key("Secret", "s")) in asked
    assert ("live", key("Secret", "own")) not in asked


def test_the_values_of_a_secret_are_dropped_where_they_arrive() -> None:
    secret = obj("v1", "Secret", "s", data={"A": "c2VjcmV0", "B": ""})
    secret["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": "c2VjcmV0"}
    asked = first(deployment(pod_spec(containers=[container(envFrom=[{"secretRef": {"name": "s"}}])])))
    kept = asked["live", key("Secret", "s")].keep(secret)
    assert kept["data"] == {"A": True, "B": False}
    assert "c2VjcmV0" not in str(kept)


def test_an_account_that_may_do_everything_is_asked_about_nothing_in_the_namespace() -> None:
    assert [item for item in second(deployment()) if isinstance(item.name, Permission)] == []


def test_what_no_rule_covers_is_asked_one_by_one() -> None:
    names = [item.name for item in second(deployment(), rules=[])]
    assert Permission("Deployment", "create", "apps", "deployments", NAMESPACE) in names


def test_escalation_is_asked_only_when_a_grant_is_open() -> None:
    role = obj(
        "rbac.authorization.k8s.io/v1", "Role", rules=[{"apiGroups": ["x"], "resources": ["y"], "verbs": ["get"]}]
    )

    def escalates(rules: t.Any) -> bool:
        return any(
            isinstance(each.name, Permission) and each.name.verb == "escalate" for each in second(role, rules=rules)
        )

    assert escalates([])
    assert not escalates(EVERYTHING)


def test_a_pod_of_the_template_is_tried_without_being_stored() -> None:
    (item,) = second(deployment(pod_spec(serviceAccountName="not-there-yet")))
    assert item.path == f"/api/v1/namespaces/{NAMESPACE}/pods"
    assert item.query == {"dryRun": "All"}
    assert item.body is not None
    assert "serviceAccountName" not in item.body["spec"]


def test_the_pod_of_a_stateful_set_has_the_volumes_of_its_claims() -> None:
    claims = {"volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {"resources": {}}}]}
    manifest = deployment(pod_spec())
    manifest = {**manifest, "kind": "StatefulSet", "spec": {**manifest["spec"], **claims}}
    (item,) = second(manifest)
    assert item.body is not None
    assert "data" in [volume["name"] for volume in item.body["spec"]["volumes"]]


SERVICE = obj("v1", "Service", spec={})
COUNTING = obj("v1", "ResourceQuota", "platform", spec={"hard": {"services": "5"}})


def test_objects_that_a_quota_counts_are_looked_for() -> None:
    asked = [item.name for item in second(SERVICE, obj("v1", "ConfigMap"), quotas=(COUNTING,))]
    assert asked == [("live", key("Service", "maestro"))]
    assert [item.name for item in second(SERVICE, COUNTING)] == asked


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"quotas": (COUNTING,), "namespace": None},
        {"quotas": (COUNTING,), "live": {key("Service", "maestro"): SERVICE}},
        {"quotas": Unknown("list ResourceQuotas", "you may not", True)},
    ],
    ids=["no quota", "no namespace", "seen already", "forbidden"],
)
def test_they_are_not_where_that_would_tell_nothing(changes: t.Any) -> None:
    assert second(SERVICE, **changes) == []


def test_a_service_that_this_host_cannot_reach_is_looked_for() -> None:
    def unreached(host: str, problem: str = "Name or service not known") -> Reached:
        return Reached(Endpoint("PostgreSQL", host, 5432), problem, 0.1)

    hosts = ("postgres.database", "db.example.com", "10.0.0.5")
    live, backed = second(endpoints=(*map(unreached, hosts), unreached("redis.cache", "")))
    target = key("Service", "postgres", "database")
    assert (live.name, live.path) == (("live", target), "/api/v1/namespaces/database/services/postgres")
    assert (backed.name, backed.query) == (
        ("backed", target),
        {"labelSelector": "kubernetes.io/service-name=postgres"},
    )
    assert backed.path == "/apis/discovery.k8s.io/v1/namespaces/database/endpointslices"


@pytest.mark.parametrize("namespace", [None, Namespace({}, terminating_since="2026-11-23T10:00:00Z")])
def test_no_pod_is_tried_where_there_is_no_namespace_to_try_it_in(namespace: t.Any) -> None:
    assert second(deployment(), namespace=namespace) == []


def test_a_release_that_is_asked_through_the_api_server_must_be_allowed_to_forward() -> None:
    needs = view(deployment()).needs
    may_get = [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods/portforward"]}]
    forwards = [
        item
        for item in queries.second_round(needs, snapshot(), may_get, port_forward=True)
        if isinstance(item.name, Permission) and item.name.resource == "pods/portforward"
    ]
    [review] = forwards
    assert review.body is not None
    assert review.body["spec"]["resourceAttributes"] == {
        "verb": "create",
        "resource": "pods",
        "subresource": "portforward",
        "namespace": NAMESPACE,
    }
    named = [item.name for item in queries.second_round(needs, snapshot(), [])]
    assert all(name.resource != "pods/portforward" for name in named if isinstance(name, Permission))
