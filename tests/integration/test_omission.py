# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""No run destroys what it was not asked to: components that are missing, namespaces of others, held objects."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from ansible_collections.intelgraph.maestro.plugins.module_utils._module_runner import Call, Ending
from ansible_collections.intelgraph.maestro.plugins.modules import release
from tests.integration.conftest import Player
from tests.integration.releasing import Releaser, defaults, make_release, manifest

__all__ = ["make_release"]


def config_map(name: str, namespace: str, **metadata: t.Any) -> dict[str, t.Any]:
    made = manifest("v1", "ConfigMap", name, namespace, data={"a": "1"})
    made["metadata"] |= metadata
    return made


@pytest.fixture
def run(lab: dict[str, t.Any], namespace: str) -> t.Callable[..., Ending]:
    """The module's body for the test's namespace."""

    def call(check: bool = False, **given: t.Any) -> Ending:
        params = {**defaults(release), "kubeconfig": lab["kubeconfig"], "namespace": namespace, "wait": False, **given}
        return release.carry_out(Call(params, check))

    return call


def test_a_component_that_is_missing_is_refused_until_it_is_named(
    run: t.Callable[..., Ending], namespace: str, cluster: Cluster
) -> None:
    whole = {
        "namespace": [manifest("v1", "Namespace", namespace, "")],
        "settings": [config_map("settings", namespace)],
        "more": [config_map("more", namespace)],
    }
    assert not run(components=whole).failed
    part = {"settings": whole["settings"]}
    refused = run(components=part)
    assert (refused.failed, refused.values["error_id"]) == (True, "components-missing")
    assert "ConfigMap/more" in refused.values["msg"]
    planned = run(check=True, components=part).values
    assert [risk["object"] for risk in planned["risks"] if risk["id"] == "component-removed"] == [
        "component more",
        "component namespace",
    ]
    assert cluster.find("v1", "ConfigMap", namespace, "more") is not None
    assert not run(components=part, remove_components=["more", "namespace"]).failed
    assert cluster.find("v1", "ConfigMap", namespace, "more") is None
    assert cluster.find("v1", "Namespace", "", namespace) is not None


def test_a_play_that_starts_at_a_later_task_changes_nothing(namespace: str, deploy: Player, cluster: Cluster) -> None:
    assert deploy().rc == 0
    before = cluster.find("apps/v1", "Deployment", namespace, "maestro")
    done = deploy("--start-at-task", "Contribute the ingress")
    assert done.rc != 0
    assert "The release lacks components that the former one had" in done.failure
    assert "component workload" in done.failure
    after = cluster.find("apps/v1", "Deployment", namespace, "maestro")
    assert before
    assert after
    assert after["metadata"]["generation"] == before["metadata"]["generation"]


def test_rollback_refuses_a_misspelt_variable(rollback: Player) -> None:
    done = rollback(maestro_rollbackto="6")
    assert done.rc != 0
    assert "Did you mean maestro_rollback_to?" in done.failure


def test_a_removal_with_data_leaves_a_namespace_with_objects_of_others(
    run: t.Callable[..., Ending], make_release: Releaser, namespace: str, cluster: Cluster
) -> None:
    assert not make_release(config_map("settings", namespace)).failed
    foreign = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "theirs", "namespace": namespace}}
    cluster.create(f"/api/v1/namespaces/{namespace}/configmaps", foreign)
    remove: dict[str, t.Any] = {"state": "absent", "confirm": "maestro", "remove_data": True, "wait_timeout": 60}
    words = f"Namespace {namespace} (it holds 1 object of others: ConfigMap/theirs)"
    assert words in run(check=True, **remove).values["msg"]
    done = run(**remove).values
    assert words in done["msg"]
    assert cluster.find("v1", "ConfigMap", namespace, "theirs") is not None
    assert cluster.find("v1", "ConfigMap", namespace, "settings") is None
    cluster.delete(f"/api/v1/namespaces/{namespace}/configmaps/theirs")
    assert not run(**remove).failed
    assert cluster.find("v1", "Namespace", "", namespace) is None


def test_a_namespace_that_the_release_did_not_create_stays(
    run: t.Callable[..., Ending], make_release: Releaser, namespace: str, cluster: Cluster
) -> None:
    cluster.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    assert not make_release(config_map("settings", namespace)).failed
    done = run(state="absent", confirm="maestro", remove_data=True, wait_timeout=60).values
    assert f"Kept: Namespace {namespace} (the release did not create it)" in done["msg"]
    assert cluster.find("v1", "Namespace", "", namespace) is not None


def test_an_object_that_a_finalizer_holds_is_told_and_makes_no_releases(
    run: t.Callable[..., Ending], make_release: Releaser, namespace: str, cluster: Cluster
) -> None:
    held = config_map("held", namespace, finalizers=["example.com/hold"])
    assert not make_release(config_map("settings", namespace), held).failed
    pruned = make_release(config_map("settings", namespace)).values
    assert [finding["id"] for finding in pruned["findings"]] == ["deletion-stuck"]
    assert "held by example.com/hold" in pruned["findings"][0]["message"]
    again = make_release(config_map("settings", namespace)).values
    assert (again["changed"], again["number"]) == (False, 2)
    stuck = run(state="absent", confirm="maestro", wait_timeout=2).values
    assert "[deletion-stuck]" in stuck["msg"]
    cluster.merge(f"/api/v1/namespaces/{namespace}/configmaps/held", {"metadata": {"finalizers": None}})
    assert not run(state="absent", confirm="maestro", wait_timeout=30).failed


def test_objects_of_others_are_refused_at_the_first_run(make_release: Releaser, namespace: str) -> None:
    bare = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "bare", "namespace": namespace}}
    assert not make_release(bare).failed
    assert not make_release(bare).values["changed"]
    assert make_release().values["counts"]["prune"] == 1
    elsewhere = make_release(config_map("x", "default")).values
    assert (elsewhere["error_id"], "lies in namespace default" in elsewhere["msg"]) == ("bad-components", True)
