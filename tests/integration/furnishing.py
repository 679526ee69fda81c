# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Namespaces and accounts as a platform team would have made them before a release comes."""

from __future__ import annotations

import time

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.api_resources import Manifest
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.watch import Informer, Source, until
from tests.integration.conftest import NAMESPACE_GONE_WITHIN
from tests.integration.waiting import wait_for

SETTLED_WITHIN = 180
"""Seconds: controllers come to a new namespace after all else that they have to do."""


def furnish(cluster: Cluster, namespace: str, **labels: str) -> None:
    """Make a namespace with somebody else's ConfigMap, and wait for what the controllers put into each."""
    cluster.create("/api/v1/namespaces", {"metadata": {"name": namespace, "labels": labels}})
    cluster.create(
        f"/api/v1/namespaces/{namespace}/configmaps", {"metadata": {"name": "of-somebody-else"}, "data": {"a": "b"}}
    )
    with Informer(
        cluster, [Source("v1", "ServiceAccount", namespace), Source("v1", "ConfigMap", namespace)]
    ) as informer:
        assert informer.synced(60), f"the API does not list what is in {namespace}"
        settled = until(
            informer,
            lambda: bool(informer.objects("ServiceAccount")) and len(informer.objects("ConfigMap")) == 2,
            time.monotonic() + SETTLED_WITHIN,
        )
    assert settled, "the controllers did not furnish the namespace"


def allow(cluster: Cluster, namespace: str, rules: list[Manifest]) -> str:
    """An account that may do what the rules say in the namespace, and nothing else; returns its user name."""
    roles = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}"
    cluster.create(f"{roles}/roles", {"metadata": {"name": "deployer"}, "rules": rules})
    cluster.create(
        f"{roles}/rolebindings",
        {
            "metadata": {"name": "deployer"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "deployer"},
            "subjects": [{"kind": "ServiceAccount", "name": "deployer", "namespace": namespace}],
        },
    )
    user = f"system:serviceaccount:{namespace}:deployer"
    wait_for(f"{user} may do what its Role says", lambda: _may(cluster, namespace, user, rules[0]))
    return user


def _may(cluster: Cluster, namespace: str, user: str, rule: Manifest) -> bool:
    """Whether the API server acts on a rule yet: it hears of Roles and bindings a moment after they are written."""
    resource, _, subresource = rule["resources"][0].partition("/")
    kind = {"group": rule["apiGroups"][0], "resource": resource, "subresource": subresource}
    asked = {"namespace": namespace, "verb": rule["verbs"][0], **kind}
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview"}
    spec = {"user": user, "resourceAttributes": asked}
    answer = cluster.create("/apis/authorization.k8s.io/v1/subjectaccessreviews", {**review, "spec": spec})
    return bool(answer["status"]["allowed"])


def wait_for_content_remaining(cluster: Cluster, namespace: str) -> None:
    """Until the namespace controller has said what it waits for."""
    with Informer(cluster, [Source("v1", "Namespace", fields=f"metadata.name={namespace}")]) as informer:
        assert informer.synced(60), f"the API does not list the namespace {namespace}"

        def is_said() -> bool:
            found = informer.objects("Namespace")
            conditions = [each for item in found for each in item["status"].get("conditions") or ()]
            return any(
                each["type"] == "NamespaceFinalizersRemaining" and each["status"] == "True" for each in conditions
            )

        is_in_time = until(informer, is_said, time.monotonic() + NAMESPACE_GONE_WITHIN)
        assert is_in_time, f"the controller has not said what keeps {namespace}: {informer.objects('Namespace')}"
