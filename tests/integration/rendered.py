# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles rendered into the namespace of a test, and that namespace with its Pod Security, quota and limits in force."""

from __future__ import annotations

import contextlib
import time
import typing as t

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.watch import Informer, Source, until
from ansible_collections.intelgraph.maestro.plugins.module_utils._objects.manifest import put_back_secrets
from tests.integration.conftest import delete_namespace
from tests.unit.rendering import Manifest, render_with_secrets

IN_FORCE = ("Namespace", "LimitRange", "ResourceQuota", "ServiceAccount")


def whole(role: str, namespace: str, **variables: t.Any) -> list[Manifest]:
    """The manifests of a role, secret values in their place, as a release applies them."""
    manifests, values = render_with_secrets(role, maestro_namespace=namespace, **variables)
    return put_back_secrets(manifests, values)


@contextlib.contextmanager
def restricted(cluster: Cluster, name: str, **variables: t.Any) -> t.Iterator[str]:
    """A namespace with all that admission judges by in force; afterwards its deletion is asked for."""
    delete_namespace(cluster, name)
    manifests = {manifest["kind"]: manifest for manifest in whole("namespace", name, **variables)}
    for kind in IN_FORCE:
        cluster.apply(manifests[kind], "test")
    with Informer(cluster, [Source("v1", "ResourceQuota", name)]) as informer:
        assert informer.synced(60), f"the API does not list the quotas of {name}"
        counted = until(informer, lambda: _is_counted(informer), time.monotonic() + 120)
        assert counted, f"the quota controller has not counted: {informer.objects('ResourceQuota')}"
    yield name
    cluster.delete(f"/api/v1/namespaces/{name}")


def _is_counted(informer: Informer) -> bool:
    """Until then everything is refused for a quota whose status is unknown."""
    return any("hard" in item.get("status", {}) for item in informer.objects("ResourceQuota"))
