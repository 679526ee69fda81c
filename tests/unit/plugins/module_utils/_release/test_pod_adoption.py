# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A workload gets another selector while its pods serve on: in which order, as the plan says it, and when it stops."""

from __future__ import annotations

import dataclasses
import pathlib
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.api_resources import Manifest
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import ApiError, Unreachable
from ansible_collections.intelgraph.maestro.plugins.module_utils._release import pod_adoption
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.auto_rollback import AutoRollback
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.console import plan_lines
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.deploy import ReleaseFailed
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.deploy import deploy as deploying
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.objects.assembly import Release, assemble
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.outcome import Outcome
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.planning.planner import Refused
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.record.history import History
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.rollback import restore
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.uninstall import remove
from tests.unit.api_double import ApiDouble
from tests.unit.plugins.module_utils._release.releasing import STUCK, WISH
from tests.unit.plugins.samples import NAMESPACE, autoscaler, deployment, manifest, namespace, service
from tests.unit.rendering import only

OLD = {"app.kubernetes.io/instance": "maestro", "app.kubernetes.io/managed-by": "intelgraph.maestro"}
NEW = {**OLD, "app.kubernetes.io/component": "control-plane"}
UID = "/apis/apps/v1/namespaces/maestro-system/deployments/maestro"


UNWATCHED = dataclasses.replace(WISH, wait=False)
"""No controller of the double brings endpoints to a Service that selects pods."""


class FixedSelectors(ApiDouble):
    """Refuses to change the selector of a Deployment, as an API server does; `orphaned` are the ones deleted alone."""

    def __init__(self) -> None:
        super().__init__(NAMESPACE)
        self.orphaned: list[str] = []

    def request(self, method: str, path: str, body: t.Any = None, *more: t.Any, **options: t.Any) -> t.Any:
        live = self.store.get(path)
        if method == "PATCH" and live and live["kind"] == "Deployment" and _changes_selector(body, live):
            cause = "spec.selector: Invalid value: field is immutable"
            raise ApiError(422, "Invalid", f"Deployment is invalid: {cause}", [cause], f"PATCH {path}")
        if method == "DELETE" and body and body.get("propagationPolicy") == "Orphan":
            self.orphaned.append(path)
            for item in self.store.values():
                owners = item["metadata"].get("ownerReferences") or ()
                if live and any(owner["uid"] == live["metadata"]["uid"] for owner in owners):
                    del item["metadata"]["ownerReferences"]
        return super().request(method, path, body, *more, **options)


def _changes_selector(body: Manifest, live: Manifest) -> bool:
    selector = (body.get("spec") or {}).get("selector")
    return selector is not None and selector != live["spec"]["selector"]


def release(labels: dict[str, str], selects: bool = True) -> Release:
    workload = deployment(replicas=3)
    workload["spec"]["selector"] = {"matchLabels": dict(labels)}
    workload["spec"]["template"]["metadata"] = {"labels": dict(labels)}
    chosen = {"selector": dict(labels)} if selects else {}
    return assemble({"all": [namespace(), workload, autoscaler(), service(**chosen)]}, {})


def deploy(cluster: ApiDouble, labels: dict[str, str], check: bool = False, **options: t.Any) -> Outcome:
    cluster.writes.clear()
    return deploying(cluster, release(labels), dataclasses.replace(UNWATCHED, **options), check)


def owned(kind: str, name: str, owner: str, **fields: t.Any) -> Manifest:
    version = "v1" if kind == "Pod" else "apps/v1"
    made = manifest(version, kind, name, **fields)
    made["metadata"]["ownerReferences"] = [{"uid": owner, "controller": True, "kind": "any"}]
    return made


def endpoints(cluster: ApiDouble, of_service: str, *pods: str) -> None:
    made = manifest("discovery.k8s.io/v1", "EndpointSlice", f"{of_service}-abc")
    made["metadata"]["labels"] = {"kubernetes.io/service-name": of_service}
    made["endpoints"] = [{"targetRef": {"name": pod}, "conditions": {"ready": True}} for pod in pods]
    cluster.put(made)


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pod_adoption, "SECONDS", 0.3)
    monkeypatch.setattr(pod_adoption, "UNPROVEN_PAUSE", 0.0)


@pytest.fixture
def cluster() -> FixedSelectors:
    """A release with the old selector at a size that its autoscaler chose, and its pods."""
    made = FixedSelectors()
    deploy(made, OLD)
    made.put(manifest("apps/v1", "Deployment", "maestro", spec={"replicas": 5}), "autoscaler")
    replica_set = owned("ReplicaSet", "maestro-abc", UID, spec={"replicas": 5})
    replica_set["metadata"]["labels"]["pod-template-hash"] = "abc"
    sets = made.put(replica_set)
    for number in range(2):
        made.put(owned("Pod", f"maestro-abc-{number}", sets["metadata"]["uid"], spec={}))
    made.put(owned("Pod", "of-somebody-else", "another uid", spec={}))
    endpoints(made, "maestro", "maestro-abc-0", "maestro-abc-1")
    endpoints(made, "maestro-selector-trial", "maestro-abc-0", "maestro-abc-1")
    made.writes.clear()
    return made


def labels_of(cluster: ApiDouble, resource: str) -> dict[str, str]:
    live = cluster.live(resource)
    assert live
    return t.cast("dict[str, str]", live["metadata"]["labels"])


def test_the_plan_says_what_happens_and_that_the_pods_stay(cluster: FixedSelectors) -> None:
    outcome = deploy(cluster, NEW, check=True)
    step = only([step for step in outcome.plan.changes if step.key.kind == "Deployment"])
    assert (step.action, step.keeps_pods, step.pod_labels) == (
        "replace",
        True,
        {"app.kubernetes.io/component": "control-plane"},
    )
    lines = "\n".join(plan_lines(outcome))
    assert "± replace Deployment maestro-system/maestro" in lines
    assert "deleted without its pods and created anew around them: a selector cannot be changed" in lines
    risk = only([risk for risk in outcome.all_risks() if risk.id == "selector-changed"])
    assert (risk.severity, risk.object) == ("warning", "Deployment maestro-system/maestro")
    assert "It is deleted without its pods, which keep serving, and created anew" in risk.message
    assert any("app.kubernetes.io/component" in line for line in risk.evidence)
    assert "pods-restart" in {finding.id for finding in outcome.all_risks()}
    assert cluster.writes == []


def test_pods_are_labelled_before_anything_selects_by_the_new_labels(cluster: FixedSelectors) -> None:
    outcome = deploy(cluster, NEW)
    assert outcome.verdict == "passed"
    order = [path for dummy, path in cluster.writes]
    labelled = [order.index(path) for path in ("replicasets/maestro-abc", "pods/maestro-abc-0", "pods/maestro-abc-1")]
    tried = order.index("services/maestro-selector-trial")
    assert max(labelled) < tried < order.index("services/maestro")
    assert tried < cluster.writes.index(("DELETE", "deployments/maestro"))
    assert ("DELETE", "services/maestro-selector-trial") in cluster.writes
    assert cluster.orphaned == [UID]


def test_only_what_the_workload_owns_is_labelled(cluster: FixedSelectors) -> None:
    deploy(cluster, NEW)
    for resource in ("replicasets/maestro-abc", "pods/maestro-abc-0"):
        assert labels_of(cluster, resource)["app.kubernetes.io/component"] == "control-plane"
    assert "app.kubernetes.io/component" not in labels_of(cluster, "pods/of-somebody-else")


def test_the_new_workload_has_the_size_of_the_old_one(cluster: FixedSelectors) -> None:
    deploy(cluster, NEW)
    live = cluster.live("deployments/maestro")
    assert live
    assert live["spec"]["replicas"] == 5
    assert live["spec"]["selector"] == {"matchLabels": NEW}


def test_nothing_selects_by_labels_that_the_endpoints_controller_does_not_know(cluster: FixedSelectors) -> None:
    endpoints(cluster, "maestro-selector-trial", "maestro-abc-0")
    with pytest.raises(ReleaseFailed, match="maestro-abc-1") as caught:
        deploy(cluster, NEW)
    assert "would lose pods" in str(caught.value)
    assert cluster.orphaned == []
    live = cluster.live("services/maestro")
    assert live
    assert live["spec"]["selector"] == OLD
    assert cluster.live("services/maestro-selector-trial") is None


def test_where_a_trial_is_not_allowed_it_waits_and_says_so(cluster: FixedSelectors) -> None:
    cluster.fail("PATCH", "/services/maestro-selector-trial", ApiError(403, "Forbidden", "exceeded quota: services"))
    assert deploy(cluster, NEW).verdict == "passed"
    assert any("was not tried" in warning and "exceeded quota" in warning for warning in cluster.warnings)


@pytest.mark.parametrize(
    ("method", "part"),
    [
        pytest.param("PATCH", "/pods/maestro-abc-1", id="between labels"),
        pytest.param("PATCH", "/services/maestro-selector-trial", id="before the trial"),
        pytest.param("DELETE", "/services/maestro-selector-trial", id="after the trial"),
        pytest.param("DELETE", "/deployments/maestro", id="before the workload goes"),
        pytest.param("GET", "/deployments?", id="while it goes"),
        pytest.param("GET", "/endpointslices", id="while the trial is read"),
    ],
)
def test_a_run_that_stops_half_way_is_finished_by_the_next(cluster: FixedSelectors, method: str, part: str) -> None:
    cluster.fail(method, part, Unreachable("cut off"))
    with pytest.raises(ReleaseFailed):
        deploy(cluster, NEW, timeout=0.1)
    cluster.mend()
    assert deploy(cluster, NEW).verdict == "passed"
    live = cluster.live("deployments/maestro")
    assert live
    assert live["spec"]["selector"] == {"matchLabels": NEW}
    assert live["spec"]["replicas"] == 5
    assert cluster.live("services/maestro-selector-trial") is None


def test_after_a_run_that_stopped_without_the_workload_the_next_makes_it_at_the_size_of_what_it_adopts(
    cluster: FixedSelectors,
) -> None:
    cluster.request("DELETE", UID, {"propagationPolicy": "Orphan"})
    for resource in ("replicasets/maestro-abc", "pods/maestro-abc-0", "pods/maestro-abc-1"):
        live = cluster.live(resource)
        assert live
        cluster.merge(cluster.path_of(live), {"metadata": {"labels": NEW}})
    deploy(cluster, NEW)
    live = cluster.live("deployments/maestro")
    assert live
    assert live["spec"]["replicas"] == 5


def test_a_rollback_goes_the_same_way_back(cluster: FixedSelectors) -> None:
    deploy(cluster, NEW)
    cluster.orphaned.clear()
    outcome = restore(cluster, UNWATCHED, 1)
    assert outcome.verdict == "passed"
    assert cluster.orphaned == [UID]
    live = cluster.live("deployments/maestro")
    assert live
    assert (live["spec"]["selector"], live["spec"]["replicas"]) == ({"matchLabels": OLD}, 5)


def test_a_failed_release_is_rolled_back_to_the_old_selector(tmp_path: pathlib.Path) -> None:
    cluster = FixedSelectors()
    deploying(cluster, release(OLD, selects=False), WISH)
    cluster.unready["Deployment maestro"] = STUCK

    class Healing(AutoRollback):
        def __call__(self, *given: t.Any) -> ReleaseFailed:
            cluster.unready.clear()
            return super().__call__(*given)

    with pytest.raises(ReleaseFailed, match="Release 1 was restored as release 3"):
        deploying(cluster, release(NEW, selects=False), WISH, auto_rollback=Healing(WISH, tmp_path))
    assert [record.state for record in History(cluster, NAMESPACE, "maestro").read().records] == [
        *("passed", "failed", "passed")
    ]
    live = cluster.live("deployments/maestro")
    assert live
    assert live["spec"]["selector"] == {"matchLabels": OLD}


def test_the_record_says_that_the_workload_was_replaced(cluster: FixedSelectors) -> None:
    deploy(cluster, NEW)
    last = History(cluster, NAMESPACE, "maestro").read().last
    assert last
    change = only([each for each in last.about["plan"]["changes"] if each["object"].startswith("Deployment")])
    assert change["action"] == "replace"
    assert "spec.selector.matchLabels.app.kubernetes.io/component" in change["fields"]
    assert "without its pods" in change["note"]


def test_what_a_stopped_run_let_go_of_is_removed_with_the_release(cluster: FixedSelectors) -> None:
    cluster.request("DELETE", UID, {"propagationPolicy": "Orphan"})
    for name in cluster.names("pods"):
        cluster.delete(f"/api/v1/namespaces/{NAMESPACE}/pods/{name}")
    remove(cluster, WISH)
    assert cluster.names("replicasets") == []


def test_a_selector_that_the_pods_cannot_be_given_is_refused_as_before(cluster: FixedSelectors) -> None:
    other = {**NEW, "app.kubernetes.io/instance": "other"}
    with pytest.raises(Refused, match="It is not replaced"):
        deploy(cluster, other, check=True)
