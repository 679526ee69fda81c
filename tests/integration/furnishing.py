# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Namespaces and accounts as a platform team would have made them before a release comes."""

from __future__ import annotations

import time

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.kinds import Manifest
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.watch import Mirror, Source, until


def furnish(cluster: Cluster, namespace: str) -> None:
    """Make a namespace with somebody else's ConfigMap, and wait for what the controllers put into each."""
    cluster.create("/api/v1/namespaces", {"metadata": {"name": namespace}})
    cluster.create(
        f"/api/v1/namespaces/{namespace}/configmaps", {"metadata": {"name": "of-somebody-else"}, "data": {"a": "b"}}
    )
    with Mirror(cluster, [Source("v1", "ServiceAccount", namespace), Source("v1", "ConfigMap", namespace)]) as mirror:
        mirror.synced(10)
        settled = until(
            mirror,
            lambda: bool(mirror.objects("ServiceAccount")) and len(mirror.objects("ConfigMap")) == 2,
            time.monotonic() + 60,
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
    return f"system:serviceaccount:{namespace}:deployer"


def wait_for_content_remaining(cluster: Cluster, namespace: str) -> None:
    """Until the namespace controller has said what it waits for."""
    with Mirror(cluster, [Source("v1", "Namespace")]) as mirror:
        mirror.synced(10)

        def is_said() -> bool:
            found = [item for item in mirror.objects("Namespace") if item["metadata"]["name"] == namespace]
            conditions = [each for item in found for each in item["status"].get("conditions") or ()]
            return any(
                each["type"] == "NamespaceFinalizersRemaining" and each["status"] == "True" for each in conditions
            )

        assert until(mirror, is_said, time.monotonic() + 60)
