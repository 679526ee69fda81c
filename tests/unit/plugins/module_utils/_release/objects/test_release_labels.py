# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every object of a release bears its labels and lies in its namespace."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._release.objects.assembly import (
    BadComponents,
    Release,
    assemble,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.objects.ownership import (
    HOME,
    ReleaseName,
    is_ours,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.objects.release_labels import belonging
from tests.unit.plugins.samples import NAMESPACE, Manifest, config_map, manifest
from tests.unit.rendering import only

RELEASE = ReleaseName("maestro", NAMESPACE)


def release(*manifests: Manifest) -> Release:
    return belonging(assemble({"own": manifests}, {}), RELEASE)


def test_an_object_without_labels_gets_those_of_the_release() -> None:
    bare = {**config_map("c"), "metadata": {"name": "c", "namespace": NAMESPACE}}
    found = only(release(bare).manifests)
    assert is_ours(found, RELEASE)
    assert "labels" not in bare["metadata"], "the input is left alone"


def test_labels_of_its_own_stay() -> None:
    own = config_map("c")
    own["metadata"]["labels"] = {"team": "graph"}
    found = only(release(own).manifests)
    assert found["metadata"]["labels"]["team"] == "graph"
    assert is_ours(found, RELEASE)


def test_a_cluster_scoped_object_says_where_its_release_is() -> None:
    bare: t.Any = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "gp3"}}
    found = only(release(bare).manifests)
    assert found["metadata"]["labels"][HOME] == NAMESPACE
    assert is_ours(found, RELEASE)


@pytest.mark.parametrize("label", ["app.kubernetes.io/instance", "app.kubernetes.io/managed-by"])
def test_labels_of_others_are_refused(label: str) -> None:
    foreign = config_map("c")
    foreign["metadata"]["labels"][label] = "other"
    with pytest.raises(BadComponents, match=f"ConfigMap {NAMESPACE}/c-.* has the label {label} 'other'"):
        release(foreign)


def test_an_object_of_another_namespace_is_refused() -> None:
    with pytest.raises(BadComponents, match="ConfigMap elsewhere/c lies in namespace elsewhere, the release in"):
        release(manifest("v1", "ConfigMap", "c", "elsewhere"))
