# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every fault of the catalogue, with real pods: found by its id, at its object, with its cause, and in time."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from tests.integration.faulty.catalogue import FAULTS
from tests.integration.faulty.staging import Stage
from tests.integration.playing import ROOT


@pytest.fixture(scope="module")
def stage(
    request: pytest.FixtureRequest, cluster: Cluster, lab: dict[str, t.Any], tmp_path_factory: pytest.TempPathFactory
) -> t.Iterator[Stage]:
    """All faults that were asked for, under way beside each other."""
    stage = Stage(cluster, lab["kubeconfig"], tmp_path_factory.mktemp("faults"))
    for name in stage.chosen(request.session.items, "test_a_fault_is_found"):
        stage.begin(name, FAULTS[name].view)
    yield stage
    stage.close()


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found(name: str, stage: Stage, record_property: t.Callable[[str, object], None]) -> None:
    fault, seen = FAULTS[name], stage.seen(name)
    record_property("seconds", round(seen.seconds, 2))
    record_property("behind_api", None if seen.behind is None else round(seen.behind, 2))
    record_property("msg", seen.result["msg"])
    assert seen.result["verdict"] == fault.verdict, seen.reported
    first = seen.result["findings"][0]
    assert first["id"] == fault.finding, seen.reported
    assert first["object"].startswith(f"{fault.kind} "), seen.reported
    for words in fault.says:
        assert words in " ".join([first["message"], *first["evidence"]]), seen.reported
    assert first["cause"], seen.reported
    assert first["next_step"], seen.reported
    if fault.view.displayed:
        assert seen.behind is not None, f"the API never showed it: {seen.reported}"
        assert min(seen.behind, again_if_late(name, seen.behind, stage, record_property)) <= fault.within, seen.reported


def again_if_late(name: str, behind: float, stage: Stage, record_property: t.Callable[[str, object], None]) -> float:
    """How far a verdict is behind the API at a second try, with nothing beside it, when it came too late at the first.

    A machine may have stood still for once; a judge who is slow is slow alone, too.
    """
    if behind <= FAULTS[name].within:
        return behind
    stage.wait()
    seen = stage.run(name, FAULTS[name].view)
    assert seen.behind is not None, f"the API never showed it: {seen.reported}"
    record_property("behind_api_alone", round(seen.behind, 2))
    return seen.behind


def test_every_finding_of_the_catalogue_has_a_page() -> None:
    pages = {path.stem for path in pathlib.Path(ROOT / "docs" / "findings").glob("*.md")}
    assert {fault.finding for fault in FAULTS.values()} <= pages
