# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods follow the values of Secrets that somebody else keeps."""

from __future__ import annotations

import base64
import typing as t

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.objects.external_secret_digest import (
    digest_of,
)
from tests.integration import seeing
from tests.integration.conftest import Player

EXISTING: dict[str, t.Any] = {"secrets_source": "existing", "secrets_values": {}, "secrets_registry_password": ""}
KEEPER = "somebody"


def copies(cluster: Cluster, namespace: str) -> list[dict[str, t.Any]]:
    """The Secrets of a release with inline values, as somebody would keep them: under their plain names."""
    found = cluster.list_objects("v1", "Secret", namespace, labelSelector="app.kubernetes.io/instance=maestro")["items"]
    return [
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": secret["metadata"]["name"].rpartition("-")[0], "namespace": namespace},
            "type": secret["type"],
            "data": secret["data"],
        }
        for secret in found
        if secret.get("immutable")
    ]


def pods(cluster: Cluster, namespace: str) -> set[str]:
    return {pod["metadata"]["uid"] for pod in seeing.pods(cluster, namespace)}


def test_a_changed_value_rolls_the_pods_once(namespace: str, deploy: Player, cluster: Cluster) -> None:
    inline = deploy()
    assert inline.rc == 0, inline.output
    kept = {secret["metadata"]["name"]: secret for secret in copies(cluster, namespace)}
    for secret in kept.values():
        cluster.apply(secret, KEEPER)
    first = deploy(**EXISTING)
    assert first.rc == 0, first.output
    previous = pods(cluster, namespace)

    token = "changed-by-hand"
    kept["maestro-secrets"]["data"]["EXTERNAL_SERVICE_TOKEN"] = base64.b64encode(token.encode()).decode()
    cluster.apply(kept["maestro-secrets"], KEEPER)
    rolled = deploy("--diff", **EXISTING)
    assert rolled.rc == 0, rolled.output
    changed = [step["object"] for step in rolled.release["plan"]]
    assert changed == [f"Deployment {namespace}/maestro"]
    assert not previous & pods(cluster, namespace)
    assert token not in rolled.output
    live = cluster.find("apps/v1", "Deployment", namespace, "maestro")
    assert live is not None
    assert digest_of(live)

    again = deploy(**EXISTING)
    assert again.rc == 0, again.output
    assert not again.release["changed"]
