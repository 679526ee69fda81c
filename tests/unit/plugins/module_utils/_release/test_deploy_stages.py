# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Definitions are served before their objects come, and a Job before the workload stops what follows it."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._release import definitions
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.deploy import ReleaseFailed
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.objects.assembly import (
    BadComponents,
    Release,
    assemble,
)
from tests.unit.api_double import ApiDouble
from tests.unit.plugins.module_utils._release.releasing import deploy, states
from tests.unit.plugins.samples import Manifest, deployment, manifest, namespace, service
from tests.unit.rendering import only

WIDGETS = manifest(
    "apiextensions.k8s.io/v1",
    "CustomResourceDefinition",
    "widgets.example.org",
    namespace="",
    spec={
        "group": "example.org",
        "scope": "Namespaced",
        "names": {"kind": "Widget", "plural": "widgets"},
        "versions": [{"name": "v1", "served": True, "storage": True}],
    },
)
WIDGET = manifest("example.org/v1", "Widget", "w", spec={"size": 1})
DONE: Manifest = {"conditions": [{"type": "Complete", "status": "True"}]}
FAILED: Manifest = {
    "conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "no more tries"}]
}


def job(name: str, order: str = "") -> Manifest:
    made = manifest("batch/v1", "Job", name, spec={"template": {"spec": {"containers": []}}})
    if order:
        made["metadata"]["annotations"] = {"maestro.intelgraph.ai/order": order}
    return made


def release(*manifests: Manifest) -> Release:
    return assemble({"all": [namespace(), *manifests, deployment(), service()]}, {})


def written(cluster: ApiDouble) -> list[str]:
    """The kinds of the objects in the order in which they came, without the history."""
    ours = ("jobs/", "widgets/", "deployments/", "services/", "customresourcedefinitions/")
    return [path.split("/")[0] for method, path in cluster.writes if method == "PATCH" and path.startswith(ours)]


def test_a_definition_and_its_objects_come_in_one_release() -> None:
    cluster = ApiDouble()
    outcome = deploy(cluster, release(WIDGET, WIDGETS))
    assert outcome.verdict == "passed"
    assert cluster.live("widgets/w") is not None
    assert written(cluster)[0] == "customresourcedefinitions"
    assert not deploy(cluster, release(WIDGET, WIDGETS)).changed


def test_a_definition_that_is_not_established_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(definitions, "LONGEST", 0.2)
    cluster = ApiDouble()
    clash = {"type": "NamesAccepted", "status": "False", "message": '"widgets" is already in use'}
    cluster.unready["CustomResourceDefinition widgets.example.org"] = {"conditions": [clash]}
    with pytest.raises(ReleaseFailed, match="already in use") as caught:
        deploy(cluster, release(WIDGETS, WIDGET))
    assert only(caught.value.outcome.findings).id == "definition-not-established"
    assert cluster.live("deployments/maestro") is None


def test_a_job_before_the_workload_has_ended_when_the_workload_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = ApiDouble()
    cluster.unready["Job migrate"] = DONE
    assert deploy(cluster, release(job("migrate", "before-workload"))).verdict == "passed"
    assert written(cluster) == ["jobs", "deployments", "services"]


@pytest.mark.parametrize("wait", [True, False])
def test_a_job_before_the_workload_that_failed_stops_the_rest(wait: bool) -> None:
    cluster = ApiDouble()
    cluster.unready["Job migrate"] = FAILED
    with pytest.raises(ReleaseFailed, match="Job maestro-system/migrate"):
        deploy(cluster, release(job("migrate", "before-workload")), wait=wait)
    assert cluster.live("deployments/maestro") is None
    assert states(cluster) == [(1, "failed")]


def test_a_job_after_the_workload_comes_when_the_workload_is_ready() -> None:
    cluster = ApiDouble()
    cluster.unready["Job report"] = DONE
    ready: dict[str, t.Any] = {}
    plain = cluster.settle

    def settle(item: Manifest) -> None:
        plain(item)
        if item["kind"] == "Job":
            ready.update(cluster.live("deployments/maestro") or {})

    cluster.settle = settle  # type: ignore[method-assign]
    assert deploy(cluster, release(job("report", "after-workload"))).verdict == "passed"
    assert written(cluster) == ["deployments", "services", "jobs"]
    assert ready["status"]["availableReplicas"] == 3


def test_another_order_is_refused() -> None:
    with pytest.raises(BadComponents, match=r"Job maestro-system/migrate has the annotation .* 'first'"):
        release(job("migrate", "first"))
