# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is it the cluster that is meant, and one that is supported?"""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.checks.cluster import minor_of
from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.snapshot import Unknown
from tests.unit.rendering import only

from ..builders import UID, deployment, findings, ids, node, snapshot


def test_the_wrong_cluster_is_the_only_thing_said_of_it() -> None:
    finding = only(findings(deployment(), snapshot=snapshot(uid="other", version="v1.20.0", nodes=())))
    assert finding.id == "wrong-cluster"
    assert "other" in finding.message
    assert UID in finding.message


def test_a_cluster_whose_identity_cannot_be_read_is_refused_where_one_is_expected() -> None:
    finding = only(findings(snapshot=snapshot(uid=Unknown("read it", "you may not", True))))
    assert (finding.id, finding.severity) == ("wrong-cluster", "error")
    assert "you may not" in finding.message


def test_production_is_told_that_its_cluster_is_not_pinned() -> None:
    assert only(findings(cluster_uid="")).id == "cluster-not-pinned"
    assert findings(cluster_uid="", production=False) == []


@pytest.mark.parametrize(("version", "found"), [("v1.32.9", True), ("v1.33.0-eks-1", False), ("v1.37.2", False)])
def test_an_old_server_is_refused(version: str, found: bool) -> None:
    assert ("server-unsupported" in ids(findings(snapshot=snapshot(version=version)))) is found


@pytest.mark.parametrize(("kubelet", "found"), [("v1.34.0", False), ("v1.33.9", True), ("v1.38.0", True), ("", False)])
def test_a_kubelet_too_far_from_its_server_is_warned_of(kubelet: str, found: bool) -> None:
    seen = findings(snapshot=snapshot(nodes=(node("node-1", kubelet=kubelet),)))
    assert ids(seen) == (["node-skew"] if found else [])
    assert all(finding.severity == "warning" and finding.object == "Node node-1" for finding in seen)


@pytest.mark.parametrize(("text", "minor"), [("v1.37.2", 37), ("1.33", 33), ("v2.1", 0), ("", 0)])
def test_the_minor_of_a_version(text: t.Any, minor: int) -> None:
    assert minor_of(text) == minor
