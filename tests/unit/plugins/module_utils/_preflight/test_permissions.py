# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the account must be allowed to do, and what a listed rule is worth."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.api_resources import KINDS
from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight import permissions
from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.permissions import Permission
from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.requirements import Needs, needs_of

from .builders import NAMESPACE, deployment, key, obj

DEPLOYMENT = key("Deployment", "maestro", api_version="apps/v1")
GET = Permission("Deployment", "get", "apps", "deployments", NAMESPACE)


def needs(*manifests: t.Any) -> Needs:
    return needs_of({"workload": manifests}, "maestro", NAMESPACE)


def verbs(subject: str, *manifests: t.Any) -> set[str]:
    return {each.verb for each in permissions.required(needs(*manifests), KINDS) if each.subject == subject}


def test_a_manifest_is_read_written_and_watched() -> None:
    assert verbs("Deployment", deployment()) == {"get", "create", "patch", "delete", "list", "watch"}


def test_secrets_are_never_watched_and_listed_for_the_history() -> None:
    assert verbs("Secret", obj("v1", "Secret")) == {"get", "list", "create", "patch", "delete"}


def test_an_object_outside_the_namespace_is_asked_for_by_its_name() -> None:
    found = permissions.required(needs(obj("v1", "Namespace", NAMESPACE, "")), KINDS)
    mine = {(each.verb, each.namespace, each.name) for each in found if each.subject == "Namespace"}
    assert mine == {("get", "", NAMESPACE), ("create", "", ""), ("patch", "", NAMESPACE)}


def test_what_is_there_outside_the_namespace_need_not_be_created() -> None:
    space = obj("v1", "Namespace", NAMESPACE, "")
    found = permissions.required(needs(space, deployment()), KINDS, {key("Namespace", NAMESPACE, ""), DEPLOYMENT})
    assert {each.verb for each in found if each.subject == "Namespace"} == {"get", "patch"}
    assert "create" in {each.verb for each in found if each.subject == "Deployment"}


def test_what_is_never_pruned_need_not_be_deleted() -> None:
    assert "delete" not in verbs("PersistentVolumeClaim", obj("v1", "PersistentVolumeClaim", spec={}))


def test_a_release_keeps_its_history_and_watches_its_pods() -> None:
    assert verbs("ConfigMap") == set()
    assert verbs("Secret") == {"get", "list", "create", "patch", "delete"}
    assert verbs("Pod") == {"list", "watch"}
    assert verbs("Lease") == {"get", "create", "patch", "delete"}


def test_a_kind_that_nobody_serves_is_judged_elsewhere() -> None:
    assert verbs("Unheard", obj("example.com/v1", "Unheard")) == set()


@pytest.mark.parametrize(
    ("rule", "covered"),
    [
        ({"verbs": ["get"], "apiGroups": ["apps"], "resources": ["deployments"]}, True),
        ({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}, True),
        ({"verbs": ["list"], "apiGroups": ["apps"], "resources": ["deployments"]}, False),
        ({"verbs": ["get"], "apiGroups": [""], "resources": ["deployments"]}, False),
        ({"verbs": ["get"], "apiGroups": ["apps"], "resources": ["deployments/scale"]}, False),
        ({"verbs": ["get"], "apiGroups": ["apps"], "resources": ["deployments"], "resourceNames": ["a"]}, False),
        ({}, False),
    ],
)
def test_a_rule_covers_what_it_grants(rule: t.Any, covered: bool) -> None:
    assert (permissions.uncovered([GET], [rule]) == []) is covered


def test_a_rule_with_names_covers_these_names() -> None:
    rule = {"verbs": ["get"], "apiGroups": ["apps"], "resources": ["deployments"], "resourceNames": ["a"]}
    assert permissions.uncovered([GET._replace(name="a")], [rule]) == []


def test_rules_of_a_namespace_prove_nothing_outside_it() -> None:
    outside = Permission("Namespace", "get", "", "namespaces", "", NAMESPACE)
    everything = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
    assert permissions.uncovered([outside], [everything]) == [outside]


def test_a_review_names_the_subresource_and_the_namespace_of_a_namespace() -> None:
    def attributes(each: Permission) -> t.Any:
        return permissions.review(each)["spec"]["resourceAttributes"]

    scaled = attributes(GET._replace(resource="deployments/scale"))
    assert (scaled["resource"], scaled["subresource"]) == ("deployments", "scale")
    assert attributes(Permission("Namespace", "get", "", "namespaces", "", "ns"))["namespace"] == "ns"
    assert attributes(GET)["namespace"] == NAMESPACE


def test_a_role_grants_each_verb_on_each_resource_by_each_name() -> None:
    rule = {"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["a", "b"], "verbs": ["get", "watch"]}
    role = obj("rbac.authorization.k8s.io/v1", "Role", rules=[rule])
    found = permissions.granted_by_roles(needs(role))
    assert {(each.verb, each.name) for each in found} == {("get", "a"), ("get", "b"), ("watch", "a"), ("watch", "b")}
    assert {each.subject for each in found} == {f"Role {NAMESPACE}/maestro"}
    assert [each.verb for each in permissions.escalations(needs(role))] == ["escalate"]
