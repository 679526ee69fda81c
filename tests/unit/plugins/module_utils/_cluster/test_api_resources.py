# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where each kind lives in the API."""

from __future__ import annotations

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.api_resources import (
    KINDS,
    Kind,
    base_path,
    collection_path,
    object_path,
)


def test_the_core_group_has_a_path_of_its_own() -> None:
    assert base_path("v1") == "/api/v1"
    assert base_path("apps/v1") == "/apis/apps/v1"


def test_objects_of_a_namespace() -> None:
    pods = Kind("pods")
    assert collection_path("v1", pods, "n") == "/api/v1/namespaces/n/pods"
    assert collection_path("v1", pods) == "/api/v1/pods"
    assert object_path("v1", pods, "n", "p") == "/api/v1/namespaces/n/pods/p"


def test_objects_of_the_whole_cluster_have_no_namespace() -> None:
    nodes = Kind("nodes", namespaced=False)
    assert object_path("v1", nodes, "ignored", "n") == "/api/v1/nodes/n"


def test_plural_names_are_lower_case_and_unlike_their_kind() -> None:
    wrong = [kind for kind, where in KINDS.items() if not where.plural.islower() or where.plural == kind[1].lower()]
    assert wrong == [("v1", "Endpoints")], "the one kind that is its own plural"
