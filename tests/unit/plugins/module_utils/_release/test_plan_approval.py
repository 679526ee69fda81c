# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan is kept in one run and required in another."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import ApiError
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.objects.assembly import Release
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.plan_approval import approval, keep_plan
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.planning.plan_file import PlanOutdated, decode
from tests.unit.api_double import ApiDouble
from tests.unit.plugins.module_utils._release.releasing import deploy, release
from tests.unit.plugins.samples import NAMESPACE


def parameters(**given: t.Any) -> dict[str, t.Any]:
    nothing = {"save_plan": "", "return_plan": False, "plan_file": "", "approved_plan": "", "reason": ""}
    return {"name": "maestro", "namespace": NAMESPACE, **nothing, **given}


def approved(cluster: ApiDouble, wanted: Release, **given: t.Any) -> str:
    """The plan of a run in check mode, as it is handed on."""
    outcome = deploy(cluster, wanted, check=True)
    return keep_plan(cluster, parameters(return_plan=True, **given), outcome, "me@here")["saved_plan"]


def test_a_plan_that_nobody_wants_to_keep_is_not_kept() -> None:
    cluster = ApiDouble()
    outcome = deploy(cluster, check=True)
    asked = cluster.requests
    assert keep_plan(cluster, parameters(), outcome, "me@here") == {}
    assert approval(cluster, parameters()) is None
    assert cluster.requests == asked


def test_an_approved_plan_is_carried_out() -> None:
    cluster = ApiDouble()
    word = approved(cluster, release(a="b"))
    done = deploy(cluster, release(a="b"), approve=approval(cluster, parameters(approved_plan=word)))
    assert (done.number, done.verdict) == (1, "passed")


def test_a_plan_in_a_file_does_as_well(tmp_path: pathlib.Path) -> None:
    cluster, path = ApiDouble(), str(tmp_path / "plan.json")
    approved(cluster, release(), save_plan=path, reason="Upgrade")
    assert deploy(cluster, release(), approve=approval(cluster, parameters(plan_file=path))).number == 1


def test_who_made_it_and_why_is_kept_with_it() -> None:
    saved = decode(approved(ApiDouble(), release(), reason="Upgrade"))
    assert (saved["by"], saved["reason"], saved["base"]) == ("me@here", "Upgrade", 0)
    assert len(saved["changes"]) == 6


def test_nothing_is_changed_when_the_inventory_changed_since() -> None:
    cluster = ApiDouble()
    word = approved(cluster, release(a="b"))
    with pytest.raises(PlanOutdated, match="it is not in the plan, and would be created now"):
        deploy(cluster, release(a="c"), approve=approval(cluster, parameters(approved_plan=word)))
    assert cluster.writes == []


def test_a_plan_is_carried_out_once() -> None:
    cluster = ApiDouble()
    word = approved(cluster, release())
    deploy(cluster, release(), approve=approval(cluster, parameters(approved_plan=word)))
    with pytest.raises(PlanOutdated, match="it follows release 0, and the last release is 1 now"):
        deploy(cluster, release(), approve=approval(cluster, parameters(approved_plan=word)))


def test_a_plan_is_for_one_cluster() -> None:
    word, other = approved(ApiDouble(), release()), ApiDouble()
    other.store["/api/v1/namespaces/kube-system"]["metadata"]["uid"] = "another"
    with pytest.raises(PlanOutdated, match="the cluster with the UID"):
        deploy(other, release(), approve=approval(other, parameters(approved_plan=word)))


def test_an_account_that_may_not_read_the_clusters_identity_may_plan_and_carry_out() -> None:
    cluster = ApiDouble()
    cluster.fail("GET", "/namespaces/kube-system", ApiError(403, "Forbidden", "no"))
    word = approved(cluster, release())
    assert deploy(cluster, release(), approve=approval(cluster, parameters(approved_plan=word))).number == 1
