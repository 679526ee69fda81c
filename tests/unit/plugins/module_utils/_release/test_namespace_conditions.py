# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A namespace that does not go says why: which condition holds it, and which API group nobody serves."""

from __future__ import annotations

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._release.namespace_conditions import (
    dead_api_groups,
    holding,
    what_to_do,
)
from tests.unit.plugins.samples import Manifest

DEAD = (
    "Discovery failed for some groups, 2 failing: unable to retrieve the complete list of server APIs: "
    "custom.metrics.k8s.io/v1beta2: stale GroupVersion discovery: custom.metrics.k8s.io/v1beta2, "
    "metrics.k8s.io/v1beta1: the server is currently unable to handle the request"
)


def namespace(*conditions: tuple[str, str, str]) -> Manifest:
    stated = [{"type": kind, "status": status, "message": message} for kind, status, message in conditions]
    return {"kind": "Namespace", "metadata": {"name": "n"}, "status": {"phase": "Terminating", "conditions": stated}}


def test_a_group_that_nobody_serves_is_named_with_its_api_service() -> None:
    stuck = namespace(
        ("NamespaceDeletionDiscoveryFailure", "True", DEAD),
        ("NamespaceDeletionContentFailure", "False", "All content successfully deleted"),
    )
    assert holding(stuck) == [f"NamespaceDeletionDiscoveryFailure: {DEAD}"]
    assert dead_api_groups(stuck) == ["custom.metrics.k8s.io/v1beta2", "metrics.k8s.io/v1beta1"]
    assert "kubectl delete apiservice v1beta2.custom.metrics.k8s.io v1beta1.metrics.k8s.io." in what_to_do(stuck)


def test_what_is_held_by_a_finalizer_is_said_in_the_servers_words() -> None:
    message = "Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances"
    stuck = namespace(("NamespaceFinalizersRemaining", "True", message))
    assert holding(stuck) == [f"NamespaceFinalizersRemaining: {message}"]
    assert what_to_do(stuck) == ""


@pytest.mark.parametrize("live", [{}, {"status": None}, {"status": {"conditions": None}}, namespace()])
def test_a_namespace_that_says_nothing_has_nothing_to_tell(live: Manifest) -> None:
    assert (holding(live), dead_api_groups(live), what_to_do(live)) == ([], [], "")
