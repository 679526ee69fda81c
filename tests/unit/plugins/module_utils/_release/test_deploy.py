# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release is planned, recorded, applied, waited for and pruned."""

from __future__ import annotations

import json
import time
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._health.observer import Subject
from ansible_collections.intelgraph.maestro.plugins.module_utils._health.waiter import Health
from ansible_collections.intelgraph.maestro.plugins.module_utils._objects.manifest import take_out_secrets
from ansible_collections.intelgraph.maestro.plugins.module_utils._release import deploy as deploy_module
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.deploy import ReleaseFailed
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.objects.assembly import Release, assemble
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.outcome import diff
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.planning.planner import Refused
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.session import SmokeResult
from tests.unit.api_double import ApiDouble
from tests.unit.plugins.module_utils._release.releasing import (
    STUCK,
    TwoVersions,
    autoscaled,
    deploy,
    records,
    release,
    settings,
    states,
)
from tests.unit.plugins.samples import (
    NAMESPACE,
    Manifest,
    autoscaler,
    base64_of,
    deployment,
    manifest,
    namespace,
    secret,
    service,
)
from tests.unit.rendering import only


def test_the_first_release_makes_everything() -> None:
    cluster = ApiDouble()
    outcome = deploy(cluster)
    assert outcome.changed
    assert outcome.number == 1
    assert outcome.message == "Release 1 of maestro is in place: 6 created."
    assert states(cluster) == [(1, "passed")]
    assert {item["kind"] for item in cluster.store.values()} >= {"Deployment", "Secret", "Service"}


def test_the_namespace_comes_first_then_the_lock_then_the_record_then_the_rest() -> None:
    cluster = ApiDouble()
    deploy(cluster)
    paths = [path for dummy, path in cluster.writes]
    assert paths[:3] == [f"namespaces/{NAMESPACE}", "leases/maestro-release", "secrets/maestro-release-1"]
    assert [path.split("/")[0] for path in paths[3:]] == [
        "leases",
        "namespaces",
        "secrets",
        "configmaps",
        "deployments",
        "deployments",
        "deployments",
        "horizontalpodautoscalers",
        "services",
        "secrets",
        "leases",
    ]


def test_the_wait_knows_when_the_release_began(monkeypatch: pytest.MonkeyPatch) -> None:
    displayed: list[Subject] = []

    def passing(cluster: ApiDouble, subject: Subject, *arguments: t.Any, **options: t.Any) -> Health:
        displayed.append(subject)
        return Health("passed")

    monkeypatch.setattr(deploy_module, "await_verdict", passing)
    deploy(ApiDouble())
    assert only(displayed).begun == pytest.approx(time.time(), abs=5)


def test_a_second_time_nothing_changes() -> None:
    cluster = ApiDouble()
    deploy(cluster)
    before = cluster.versions()
    outcome = deploy(cluster)
    assert not outcome.changed
    assert outcome.message == "Release 1 of maestro is in place; nothing to change."
    assert outcome.as_result()["plan"] == []
    assert cluster.versions() == before


def test_replicas_that_the_autoscaler_chose_are_no_change() -> None:
    cluster = ApiDouble()
    deploy(cluster)
    cluster.put(manifest("apps/v1", "Deployment", "maestro", spec={"replicas": 7}), "autoscaler")
    assert not deploy(cluster).changed
    deploy(cluster, release(a="other"))
    live = cluster.live("deployments/maestro")
    assert live
    assert live["spec"]["replicas"] == 7


def scaled(replicas: int | None, *more: Manifest) -> Release:
    return assemble({"all": [namespace(), *more, deployment(replicas=replicas)]}, {})


def replicas(cluster: ApiDouble) -> int:
    live = cluster.live("deployments/maestro")
    assert live
    return int(live["spec"]["replicas"])


def seen_replicas(cluster: ApiDouble) -> set[int]:
    """Every number that the Deployment ever had."""
    return {event.object["spec"]["replicas"] for event in cluster.events if "/deployments/" in event.path}


def test_replicas_that_an_autoscaler_takes_over_are_never_reset() -> None:
    cluster = ApiDouble()
    deploy(cluster, scaled(4))
    cluster.events.clear()
    outcome = deploy(cluster, scaled(4, autoscaler()))
    assert seen_replicas(cluster) <= {4}
    assert [step.key.kind for step in outcome.plan.changes] == ["HorizontalPodAutoscaler"]
    cluster.put(manifest("apps/v1", "Deployment", "maestro", spec={"replicas": 7}), "kube-controller-manager")
    deploy(cluster, release(a="another setting"))
    assert replicas(cluster) == 7


@pytest.mark.parametrize("chosen", [None, 7])
def test_replicas_come_back_to_the_release_when_the_autoscaler_goes(chosen: int | None) -> None:
    cluster = ApiDouble()
    deploy(cluster, scaled(4, autoscaler()))
    if chosen:
        cluster.put(manifest("apps/v1", "Deployment", "maestro", spec={"replicas": chosen}), "kube-controller-manager")
    deploy(cluster, scaled(5))
    assert replicas(cluster) == 5
    assert "horizontalpodautoscalers" not in str(cluster.store)


def test_replicas_that_somebody_else_chose_are_a_conflict() -> None:
    cluster = ApiDouble()
    deploy(cluster, scaled(4))
    cluster.put(manifest("apps/v1", "Deployment", "maestro", spec={"replicas": 7}), "kubectl-scale")
    with pytest.raises(Refused, match="kubectl-scale"):
        deploy(cluster, scaled(5))


@pytest.mark.parametrize("namespaces", [(), (NAMESPACE,)])
def test_check_mode_writes_nothing_and_predicts_the_same(namespaces: tuple[str, ...]) -> None:
    cluster = ApiDouble(*namespaces)
    before = cluster.versions()
    predicted = deploy(cluster, check=True)
    assert cluster.versions() == before
    assert (
        predicted.message
        == f"Release 1 of maestro (not made, check mode): {'6' if not namespaces else '5'} to create"
        + (", 1 to adopt." if namespaces else ".")
    )
    made = deploy(cluster)
    assert [(step.key, step.action) for step in predicted.plan.steps] == [
        (step.key, step.action) for step in made.plan.steps
    ]
    assert (predicted.changed, predicted.number) == (made.changed, made.number)


def test_check_mode_of_what_is_in_place_predicts_nothing() -> None:
    cluster = ApiDouble()
    deploy(cluster)
    outcome = deploy(cluster, check=True)
    assert (outcome.changed, outcome.number) == (False, 1)


def test_another_setting_rolls_the_pods_and_keeps_the_old_one() -> None:
    cluster = ApiDouble()
    deploy(cluster, release(a="1"))
    outcome = deploy(cluster, release(a="2"))
    assert {step.key.kind: step.action for step in outcome.plan.changes} == {
        "ConfigMap": "create",
        "Deployment": "change",
    }
    assert settings(cluster) == 2
    assert states(cluster) == [(1, "passed"), (2, "passed")]


def test_settings_go_with_the_last_record_that_knows_them() -> None:
    cluster = ApiDouble()
    for value in ("1", "2", "1", "3"):
        deploy(cluster, release(a=value), history_limit=2)
    assert [record.number for record in records(cluster)] == [3, 4]
    assert settings(cluster) == 2, "of the settings 1, 2, 3 only 2 is forgotten"


def test_failed_releases_are_forgotten_too_but_never_the_last_good_one() -> None:
    cluster = ApiDouble()
    deploy(cluster, release(a="1"), history_limit=2)
    cluster.unready["Deployment maestro"] = STUCK
    for value in "234":
        with pytest.raises(ReleaseFailed):
            deploy(cluster, release(a=value), history_limit=2)
    assert states(cluster) == [(1, "passed"), (4, "failed")]


def test_what_a_forgotten_try_left_is_still_pruned() -> None:
    cluster = ApiDouble()
    deploy(cluster)
    cluster.unready["Deployment maestro"] = STUCK
    for number, more in enumerate([[service("extra")], [], [], []]):
        with pytest.raises(ReleaseFailed):
            deploy(cluster, release(*more, a=str(number)), history_limit=3)
    cluster.unready.clear()
    deploy(cluster, release(a="good"), history_limit=3)
    assert cluster.names("services") == ["maestro"]


def test_what_this_release_has_not_is_pruned_last() -> None:
    cluster = ApiDouble()
    deploy(cluster, release(service("old")))
    outcome = deploy(cluster)
    assert outcome.message == "Release 2 of maestro is in place: 1 removed."
    assert cluster.names("services") == ["maestro"]
    assert cluster.writes[-3:] == [
        ("DELETE", "services/old"),
        ("PATCH", "secrets/maestro-release-2"),
        ("PATCH", "leases/maestro-release"),
    ]


def test_what_is_declared_in_another_version_of_its_api_is_not_pruned() -> None:
    cluster = TwoVersions()
    deploy(cluster, autoscaled("v1"))
    deploy(cluster, autoscaled("v2", a="1"))
    assert cluster.names("horizontalpodautoscalers") == ["other", "maestro"]
    assert "DELETE" not in dict(cluster.writes)


def test_what_somebody_made_or_took_over_is_not_pruned() -> None:
    cluster = ApiDouble()
    deploy(cluster, release(service("old")))
    taken = service("old")
    taken["metadata"]["labels"] = {"app.kubernetes.io/managed-by": "Helm"}
    cluster.put(taken)
    cluster.put(service("foreign"))
    deploy(cluster)
    assert sorted(cluster.names("services")) == ["foreign", "maestro", "old"]


def test_what_somebody_took_over_while_the_release_waited_is_not_pruned() -> None:
    cluster = ApiDouble()
    deploy(cluster, release(service("old")))

    def verify(_kept: object) -> SmokeResult:
        theirs = service("old")
        theirs["metadata"]["labels"] = {"app.kubernetes.io/managed-by": "Helm"}
        cluster.put(theirs, "helm")
        return SmokeResult("passed", (), {})

    outcome = deploy(cluster, verify=verify)
    assert "old" in cluster.names("services")
    assert only(cluster.warnings) == (
        "Service maestro-system/old was not deleted: somebody took it over or made it anew while this run was at work."
    )
    assert outcome.plan.counts()["prune"] == records(cluster)[-1].outcome["counts"]["prune"] == 0
    assert not deploy(cluster).changed


def test_what_was_kept_can_be_named_for_deletion_later() -> None:
    cluster = ApiDouble()
    keys = manifest("v1", "Secret", "maestro-tls", data={"tls.key": base64_of("key")})
    deploy(cluster, assemble({"all": [namespace(), service(), keys]}, {}))
    bare = assemble({"all": [namespace(), service()]}, {})
    for _ in range(2):
        assert [finding.id for finding in deploy(cluster, bare).all_risks()] == ["prune-refused"]
    outcome = deploy(cluster, bare, prune_allowed=("Secret/maestro-tls",))
    assert outcome.message == "Release 3 of maestro is in place: 1 removed."
    assert "maestro-tls" not in cluster.names("secrets")


def test_what_a_failed_release_left_is_pruned_by_the_next_good_one() -> None:
    cluster = ApiDouble()
    deploy(cluster)
    cluster.unready["Deployment maestro"] = STUCK
    with pytest.raises(ReleaseFailed):
        deploy(cluster, release(service("extra"), a="2"))
    assert "extra" in cluster.names("services")
    cluster.unready.clear()
    deploy(cluster, release(a="3"))
    assert cluster.names("services") == ["maestro"]


def test_a_release_restores_what_somebody_changed() -> None:
    cluster = ApiDouble()
    deploy(cluster)
    cluster.apply(service(type="NodePort"), "intelgraph.maestro", force=True)
    outcome = deploy(cluster)
    assert [field["field"] for field in outcome.plan.changes[0].fields()] == ["spec.type"]
    assert outcome.number == 2


def test_another_secret_value_is_a_change_that_shows_no_value() -> None:
    cluster = ApiDouble()
    manifests = take_out_secrets([secret("s", immutable=False, TOKEN="x")])[0]
    for value in ("hunter1", "hunter2"):
        outcome = deploy(cluster, assemble({"all": [namespace(), *manifests]}, {"s/TOKEN": value}))
        assert outcome.changed
        displayed = json.dumps([outcome.as_result(), diff(outcome.plan)])
        assert value not in displayed
        assert base64_of(value) not in displayed
    stored = json.dumps([item for path, item in cluster.store.items() if "/secrets/" not in path])
    assert base64_of("hunter2") not in stored


def test_the_record_says_who_why_and_when() -> None:
    cluster = ApiDouble()
    deploy(cluster)
    record = only(records(cluster))
    assert record.about.keys() == {"by", "reason", "begun", "run", "plan", "components"}
    assert record.about["plan"]["counts"]["create"] == len(record.about["plan"]["changes"]) == 6
    assert record.outcome.keys() == {
        *("ended", "seconds", "counts", "reason", "findings", "running", "smoke", "timeline")
    }
    assert record.outcome["counts"]["create"] == 6


def test_the_result_holds_what_pictures_are_drawn_from_and_the_record_only_figures() -> None:
    cluster = ApiDouble()
    load = {"sent": 3000, "histogram": [{"le": 0.1, "count": 3000}], "series": [{"second": 0}]}
    outcome = deploy(cluster, verify=lambda _kept: SmokeResult("passed", (), {"verdict": "passed", "load": load}))
    assert outcome.as_result()["smoke"]["load"] == load
    assert only(records(cluster)).outcome["smoke"] == {"verdict": "passed", "load": {"sent": 3000}}


def test_a_prune_that_a_finalizer_holds_is_told_and_is_no_new_release_at_each_run() -> None:
    cluster = ApiDouble()
    held = service("old")
    held["metadata"]["finalizers"] = ["example.org/hold"]
    deploy(cluster, release(held))
    outcome = deploy(cluster)
    assert outcome.plan.counts()["prune"] == 0
    assert [(each.id, each.severity) for each in outcome.findings] == [("deletion-stuck", "warning")]
    assert "held by example.org/hold" in outcome.findings[0].message
    again = deploy(cluster)
    assert not again.changed
    assert [risk.id for risk in again.all_risks()] == ["deletion-stuck"]
    assert len(records(cluster)) == 2
