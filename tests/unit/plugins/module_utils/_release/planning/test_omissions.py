# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release that lacks a component of the former one removes nothing unless the component is named."""

from __future__ import annotations

import dataclasses

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._objects.manifest import take_out_secrets
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.deploy import deploy
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.objects.assembly import Release, assemble
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.outcome import Outcome
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.planning.omissions import (
    ComponentsMissing,
    components_of,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.rollback import restore
from tests.unit.api_double import ApiDouble
from tests.unit.plugins.module_utils._release.releasing import POD, STUCK, WISH, records
from tests.unit.plugins.samples import Manifest, claim, config_map, deployment, namespace, secret, service
from tests.unit.rendering import only

PARTS: dict[str, list[Manifest]] = {
    "namespace": [namespace()],
    "secrets": [secret()],
    "workload": [config_map(), deployment(**POD), service()],
    "ingress": [service("public"), service("limiter")],
}


def release(*left_out: str, **instead: list[Manifest]) -> Release:
    parts = {name: part for name, part in {**PARTS, **instead}.items() if name not in left_out}
    whole, values = {}, {}
    for name, part in parts.items():
        whole[name], found = take_out_secrets(part)
        values.update(found)
    return assemble(whole, values)


def run(cluster: ApiDouble, wanted: Release, check: bool = False, removing: tuple[str, ...] = ()) -> Outcome:
    cluster.writes.clear()
    return deploy(cluster, wanted, dataclasses.replace(WISH, remove_components=removing), check)


@pytest.fixture
def cluster() -> ApiDouble:
    """A cluster with a release of all components."""
    double = ApiDouble()
    run(double, release())
    return double


def test_a_record_knows_its_components(cluster: ApiDouble) -> None:
    found = components_of(records(cluster)[0])
    assert list(found) == list(PARTS)
    assert found["ingress"] == ["Service/public", "Service/limiter"]


def test_a_missing_component_is_refused_before_the_first_write(cluster: ApiDouble) -> None:
    before = cluster.versions()
    with pytest.raises(ComponentsMissing, match=r"component ingress: .*Service/public") as caught:
        run(cluster, release("ingress"))
    assert "maestro_remove_components" in caught.value.next_step
    assert cluster.versions() == before
    assert cluster.writes == []
    assert len(records(cluster)) == 1


@pytest.mark.parametrize("only_left", sorted(PARTS))
def test_a_play_that_was_run_in_part_is_refused(cluster: ApiDouble, only_left: str) -> None:
    others = [name for name in PARTS if name != only_left]
    with pytest.raises(ComponentsMissing) as caught:
        run(cluster, release(*others))
    assert all(f"component {name}: " in str(caught.value) for name in others)


def test_the_plan_shows_it_as_a_risk(cluster: ApiDouble) -> None:
    risk = only([each for each in run(cluster, release("ingress"), check=True).all_risks() if "ingress" in each.object])
    assert (risk.id, risk.severity) == ("component-removed", "warning")
    assert risk.evidence == ("Service/public", "Service/limiter")
    assert "--start-at-task" in risk.next_step


def test_a_component_that_is_named_goes_and_is_not_asked_about_again(cluster: ApiDouble) -> None:
    outcome = run(cluster, release("ingress"), removing=("ingress",))
    assert cluster.names("services") == ["maestro"]
    assert "component-removed" in [risk.id for risk in outcome.all_risks()]
    assert not run(cluster, release("ingress")).changed


def test_naming_another_component_does_not_help(cluster: ApiDouble) -> None:
    with pytest.raises(ComponentsMissing, match="component workload"):
        run(cluster, release("ingress", "workload"), removing=("ingress",))


def test_an_empty_component_is_a_wish_and_no_omission(cluster: ApiDouble) -> None:
    run(cluster, release(ingress=[]))
    assert cluster.names("services") == ["maestro"]


def test_objects_that_move_to_another_component_are_not_missed(cluster: ApiDouble) -> None:
    moved = release("ingress", "workload", all=[*PARTS["workload"], *PARTS["ingress"]])
    assert not run(cluster, moved).plan.changes


def test_what_would_only_be_left_behind_is_missed_too(cluster: ApiDouble) -> None:
    run(cluster, release(volumes=[claim()]))
    with pytest.raises(ComponentsMissing, match="stays without being declared"):
        run(cluster, release())


def test_what_a_failed_release_may_have_brought_is_missed_too(cluster: ApiDouble) -> None:
    cluster.unready["Deployment maestro"] = STUCK
    with pytest.raises(Exception, match="not ready"):
        run(cluster, release(extra=[service("extra")], workload=[config_map(a="2"), deployment(**POD), service()]))
    cluster.unready.clear()
    with pytest.raises(ComponentsMissing, match="component extra"):
        run(cluster, release(workload=[config_map(a="3"), deployment(**POD), service()]))


def test_a_rollback_restores_the_set_that_it_brings_back(cluster: ApiDouble) -> None:
    run(cluster, release(extra=[service("extra")]))
    restore(cluster, WISH)
    assert "extra" not in cluster.names("services")
    assert list(components_of(records(cluster)[-1])) == list(PARTS)
    with pytest.raises(ComponentsMissing, match="component ingress"):
        run(cluster, release("ingress"))


def test_a_release_whose_record_does_not_say_its_components_is_followed_by_any(cluster: ApiDouble) -> None:
    cluster = ApiDouble()
    unknown = dataclasses.replace(release(), components={})
    run(cluster, unknown)
    assert run(cluster, release("ingress")).changed
