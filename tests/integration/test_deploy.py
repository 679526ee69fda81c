# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deploy and remove on the lab: what a first, a second, a changed and a failed release do."""

from __future__ import annotations

import functools
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from tests.integration import seeing
from tests.integration.conftest import NAMESPACE_GONE_WITHIN, WITHOUT_AUTOSCALER, Player, delete_namespace, of_namespace
from tests.integration.playing import Play, play

NAMESPACE = "test-deploy"
HOSTNAME = f"{NAMESPACE}.maestro.test"
OLD, NEW = "2.0.0-prod", "2.1.0-prod"
DRAIN_SECONDS = 60
"""Longer than a pod of the lab takes from its deletion to its end."""
IMAGE = "ghcr.io/brianlong/intelgraph/maestro-control-plane"
FOR_THE_NAMESPACE = {"maestro_wait_timeout": NAMESPACE_GONE_WITHIN}


@pytest.fixture(scope="module")
def shared_deploy(cluster: Cluster) -> t.Iterator[Player]:
    """Deploys into a namespace that the tests of this module share; each test brings it to the state it needs."""
    delete_namespace(cluster, NAMESPACE)
    yield functools.partial(play, "intelgraph.maestro.deploy", **of_namespace(NAMESPACE), **WITHOUT_AUTOSCALER)
    cluster.delete(f"/api/v1/namespaces/{NAMESPACE}")


@pytest.fixture
def deployed(shared_deploy: Player, lab: dict[str, t.Any]) -> Play:
    """A release with the inventory's own settings."""
    done = shared_deploy()
    assert done.rc == 0, done.output
    seeing.wait_until_answered(lab, HOSTNAME)
    return done


def test_three_pods_in_three_zones_serve_over_https(deployed: Play, cluster: Cluster, lab: dict[str, t.Any]) -> None:
    running = seeing.pods(cluster, NAMESPACE)
    assert len(running) == 3
    assert len(seeing.zones(cluster, running)) == 3
    assert seeing.version_within(lab, HOSTNAME, OLD, DRAIN_SECONDS) == OLD
    status = seeing.fetch(lab, HOSTNAME, "/api/v1/status").json
    assert status["pod"] in {pod["metadata"]["name"] for pod in running}
    assert seeing.fetch(lab, HOSTNAME, "/readyz").status == 200


def test_a_deploy_warns_of_nothing(namespace: str, deploy: Player) -> None:
    done = deploy("--check")
    assert done.rc == 0, done.output
    assert done.warnings == []


def test_a_second_deploy_changes_nothing_and_says_so(deployed: Play, shared_deploy: Player, cluster: Cluster) -> None:
    before = seeing.generations(cluster, NAMESPACE)
    again = shared_deploy()
    assert again.rc == 0, again.output
    assert not any(entry["result"].get("changed") for entry in again.tasks)
    assert "nothing to change" in again.release["msg"]
    assert seeing.generations(cluster, NAMESPACE) == before


def test_check_mode_shows_a_first_install_and_makes_nothing(namespace: str, deploy: Player, cluster: Cluster) -> None:
    done = deploy("--check", "--diff")
    assert done.rc == 0, done.output
    assert done.release["changed"]
    assert done.release["counts"]["create"] > 20
    assert f"Deployment {namespace}/maestro (create)" in done.output
    assert cluster.find("v1", "Namespace", "", namespace) is None


def test_check_mode_shows_an_upgrade_and_changes_nothing(
    deployed: Play, shared_deploy: Player, cluster: Cluster
) -> None:
    before = seeing.generations(cluster, NAMESPACE)
    done = shared_deploy("--check", "--diff", workload_image=f"{IMAGE}:{NEW}")
    assert done.rc == 0, done.output
    changed = [field["field"] for step in done.release["plan"] for field in step["fields"]]
    assert "spec.template.spec.containers[maestro].image" in changed
    assert f"-        image: {IMAGE}:{OLD}" in done.output
    assert f"+        image: {IMAGE}:{NEW}" in done.output
    assert seeing.generations(cluster, NAMESPACE) == before


def test_an_upgrade_and_the_way_back(
    deployed: Play, shared_deploy: Player, cluster: Cluster, lab: dict[str, t.Any]
) -> None:
    number = deployed.release["number"]
    upgraded = shared_deploy(workload_image=f"{IMAGE}:{NEW}", maestro_reason="upgrade")
    assert upgraded.rc == 0, upgraded.output
    assert upgraded.release["number"] == number + 1
    assert seeing.version_within(lab, HOSTNAME, NEW, DRAIN_SECONDS) == NEW
    last = seeing.history(cluster, NAMESPACE)[-1]
    assert (last.number, last.state, last.about["reason"]) == (number + 1, "passed", "upgrade")
    back = shared_deploy()
    assert back.release["number"] == number + 2
    assert seeing.version_within(lab, HOSTNAME, OLD, DRAIN_SECONDS) == OLD


def test_changed_settings_roll_the_pods_and_the_old_settings_stay_for_the_history(
    deployed: Play, shared_deploy: Player, cluster: Cluster
) -> None:
    before = {pod["metadata"]["uid"] for pod in seeing.pods(cluster, NAMESPACE)}
    done = shared_deploy(workload_orchestration_max_concurrent_sources=7)
    assert done.rc == 0, done.output
    assert before.isdisjoint(pod["metadata"]["uid"] for pod in seeing.pods(cluster, NAMESPACE))
    settings = [name for name in seeing.declared(cluster, NAMESPACE) if name.startswith("ConfigMap/maestro-config-")]
    assert len(settings) >= 2


def test_what_a_release_no_longer_has_is_removed(deployed: Play, shared_deploy: Player, cluster: Cluster) -> None:
    assert "ConfigMap/maestro-dashboard" in seeing.declared(cluster, NAMESPACE)
    done = shared_deploy(monitoring_dashboard_enabled=False)
    assert done.rc == 0, done.output
    assert done.release["counts"]["prune"] == 1
    assert "ConfigMap/maestro-dashboard" not in seeing.declared(cluster, NAMESPACE)


def test_replicas_belong_to_the_autoscaler(namespace: str, deploy: Player, cluster: Cluster) -> None:
    assert deploy(workload_autoscaling_enabled=True).rc == 0
    path = cluster.path("apps/v1", "Deployment", namespace, "maestro")
    cluster.merge(path, {"spec": {"replicas": 4}}, fieldManager="somebody-else")
    done = deploy(workload_autoscaling_enabled=True, workload_orchestration_max_concurrent_sources=9)
    assert done.rc == 0, done.output
    live = cluster.get(path)
    assert live["spec"]["replicas"] >= 3
    ours = [entry for entry in live["metadata"]["managedFields"] if entry["manager"] == "intelgraph.maestro"]
    assert ours
    assert all("f:replicas" not in entry["fieldsV1"]["f:spec"] for entry in ours)


def test_a_release_that_cannot_start_fails_with_the_cause(namespace: str, deploy: Player, cluster: Cluster) -> None:
    done = deploy(workload_image=f"{IMAGE}:0.0.0-missing", maestro_wait_timeout=180)
    assert done.rc != 0
    assert done.release["verdict"] == "failed"
    assert "0.0.0-missing" in done.failure
    assert "not found" in done.failure
    assert seeing.history(cluster, namespace)[-1].state == "failed"


def test_a_failed_release_is_mended_by_the_next_one(namespace: str, deploy: Player, cluster: Cluster) -> None:
    assert deploy(workload_image=f"{IMAGE}:0.0.0-missing", maestro_wait_timeout=180).rc != 0
    done = deploy()
    assert done.rc == 0, done.output
    assert [record.state for record in seeing.history(cluster, namespace)] == ["failed", "passed"]


def test_the_history_is_kept_to_its_limit_with_the_settings_that_belong_to_it(
    namespace: str, deploy: Player, cluster: Cluster
) -> None:
    for sources in (1, 2, 3):
        done = deploy(workload_orchestration_max_concurrent_sources=sources, maestro_history_limit=2)
        assert done.rc == 0, done.output
    assert [record.number for record in seeing.history(cluster, namespace)] == [2, 3]
    settings = [name for name in seeing.declared(cluster, namespace) if name.startswith("ConfigMap/maestro-config-")]
    assert len(settings) == 2


def test_removal_asks_for_the_name(deployed: Play, cluster: Cluster) -> None:
    before = seeing.generations(cluster, NAMESPACE)
    remove = functools.partial(play, "intelgraph.maestro.remove", **of_namespace(NAMESPACE))
    for confirm in ("", "yes"):
        refused = remove(maestro_remove_confirm=confirm)
        assert refused.rc != 0
        assert "confirm must be 'maestro'" in refused.failure
    assert seeing.generations(cluster, NAMESPACE) == before


def test_removal_keeps_data_and_secrets_unless_told_otherwise(
    namespace: str, deploy: Player, remove: Player, cluster: Cluster
) -> None:
    assert deploy().rc == 0
    gone = remove(maestro_remove_confirm="maestro")
    assert gone.rc == 0, gone.output
    left = {name.split("/")[0] for name in seeing.declared(cluster, namespace)}
    assert "Secret" in left
    assert left.isdisjoint({"Deployment", "Ingress", "HorizontalPodAutoscaler", "PodDisruptionBudget"})
    assert seeing.pods(cluster, namespace) == []
    assert not remove(maestro_remove_confirm="maestro").release["changed"]
    assert remove(maestro_remove_confirm="maestro", maestro_remove_data=True, **FOR_THE_NAMESPACE).rc == 0
    assert cluster.find("v1", "Namespace", "", namespace) is None


def test_a_release_can_be_declared_absent(namespace: str, deploy: Player, cluster: Cluster) -> None:
    assert deploy().rc == 0
    gone = deploy(maestro_release_present=False, maestro_remove_confirm="maestro")
    assert gone.rc == 0, gone.output
    assert seeing.pods(cluster, namespace) == []
