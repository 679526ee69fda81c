# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""No false alarm: a good release passes whatever happens around it that is not its fault."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from tests.integration.faulty.disturbing import lab as lab_command
from tests.integration.faulty.harmless import ALONE, BESIDE
from tests.integration.faulty.staging import Seen, Stage

Record = t.Callable[[str, object], None]


@pytest.fixture(scope="module")
def stage(
    request: pytest.FixtureRequest, cluster: Cluster, lab: dict[str, t.Any], tmp_path_factory: pytest.TempPathFactory
) -> t.Iterator[Stage]:
    """The disturbances that were asked for and that disturb one release only, under way beside each other."""
    stage = Stage(cluster, lab["kubeconfig"], tmp_path_factory.mktemp("disturbances"))
    for name in stage.chosen(request.session.items, "test_a_release_passes_although_it_is_disturbed"):
        stage.begin(name, BESIDE[name])
    yield stage
    stage.close()


@pytest.fixture
def whole() -> t.Iterator[None]:
    """The lab is whole again afterwards, whatever the test stopped."""
    yield
    lab_command("up")


def evaluate(seen: Seen, record_property: Record) -> None:
    record_property("seconds", round(seen.seconds, 2))
    record_property("msg", seen.result["msg"])
    record_property("timeline", str(seen.result["timeline"]))
    assert seen.result["verdict"] == "passed", seen.reported


@pytest.mark.parametrize("name", BESIDE)
def test_a_release_passes_although_it_is_disturbed(name: str, stage: Stage, record_property: Record) -> None:
    evaluate(stage.seen(name), record_property)


@pytest.mark.usefixtures("whole")
@pytest.mark.parametrize("name", ALONE)
def test_a_release_passes_although_the_cluster_is_disturbed(name: str, stage: Stage, record_property: Record) -> None:
    stage.wait()
    evaluate(stage.run(name, ALONE[name]), record_property)
