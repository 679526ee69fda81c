# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release whose selectors do not name the component gets selectors that do, and goes back: no request is lost."""

from __future__ import annotations

import shutil
import time
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from tests.integration import seeing
from tests.integration.conftest import Player
from tests.integration.load import load, through_ingress
from tests.integration.playing import COLLECTIONS, ROOT
from tests.integration.test_rolling_update import (
    LEAVING,
    NGINX,
    SECONDS_BEFORE,
    every_pod,
    until_gone,
)

PARTS = ("galaxy.yml", "meta", "playbooks", "plugins", "roles")
RATE = 50
"""Requests a second: this is about each of them, not about how many the lab can take."""
COMPONENT = "app.kubernetes.io/component"
LINE = f'        "{COMPONENT}": COMPONENT,\n'


@pytest.fixture(scope="module")
def former(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment in which plays use this collection as it was before its selectors named the component."""
    folder = tmp_path_factory.mktemp("former")
    collection = folder / "ansible_collections" / "intelgraph" / "maestro"
    collection.mkdir(parents=True)
    for part in PARTS:
        source = ROOT / part
        (shutil.copytree if source.is_dir() else shutil.copy)(source, collection / part)
    shared = collection / "plugins" / "module_utils" / "_variables" / "shared.py"
    text = shared.read_text(encoding="utf-8")
    assert text.count(LINE) == 1
    shared.write_text(text.replace(LINE, ""), encoding="utf-8")
    return {"ANSIBLE_COLLECTIONS_PATH": f"{folder}:{COLLECTIONS}"}


def selectors(cluster: Cluster, namespace: str) -> dict[str, dict[str, str]]:
    """The labels by which each object that has pods selects them."""
    found = seeing.declared(cluster, namespace)
    return {
        name: (item["spec"]["selector"].get("matchLabels") or item["spec"]["selector"])
        for name, item in found.items()
        if name.partition("/")[0] in ("Deployment", "StatefulSet", "Service", "PodDisruptionBudget")
    }


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param({}, id="deployment"),
        pytest.param({"workload_autoscaling_enabled": True}, id="autoscaled"),
    ],
)
def test_another_selector_loses_no_request_and_neither_does_the_way_back(
    kind: dict[str, t.Any],
    former: dict[str, str],
    namespace: str,
    deploy: Player,
    rollback: Player,
    cluster: Cluster,
    lab: dict[str, t.Any],
    record_property: t.Callable[[str, object], None],
) -> None:
    variables = {**LEAVING, **NGINX, **kind}
    first = deploy(environment=former, **variables)
    assert first.rc == 0, first.output
    assert not any(COMPONENT in labels for labels in selectors(cluster, namespace).values())
    seeing.wait_until_answered(lab, f"{namespace}.maestro.test")
    old = every_pod(cluster, namespace)
    with load(through_ingress(lab, f"{namespace}.maestro.test"), RATE) as running:
        time.sleep(SECONDS_BEFORE)
        second = deploy(**variables)
        until_gone(cluster, namespace, old, running)
        middle = every_pod(cluster, namespace)
        between = selectors(cluster, namespace)
        third = rollback()
        until_gone(cluster, namespace, middle, running)
        assert running.sending, "the load ended before the way back"
    report = running.report()
    record_property("load", str(report))
    assert report.results == {"200": report.sent}, str(report)
    assert second.rc == 0, second.output
    assert third.rc == 0, third.output
    assert old & set(report.pods)
    assert middle & set(report.pods)
    assert old.isdisjoint(middle)
    assert all(labels[COMPONENT] == "control-plane" for labels in between.values()), between
    assert not any(COMPONENT in labels for labels in selectors(cluster, namespace).values())
    for done in (second, third):
        (step,) = [step for step in done.release["plan"] if step["object"].startswith("Deployment")]
        assert (step["action"], "without its pods" in step["note"]) == ("replace", True)
        assert "selector-changed" in {risk["id"] for risk in done.release["risks"]}
    assert not [name for name in seeing.declared(cluster, namespace) if name.endswith("-selector-trial")]


def test_the_plan_says_how(former: dict[str, str], namespace: str, deploy: Player, cluster: Cluster) -> None:
    assert deploy(environment=former).rc == 0
    planned = deploy("--check")
    assert planned.rc == 0, planned.output
    assert f"± replace Deployment {namespace}/maestro" in planned.output
    assert "deleted without its pods and created anew around them" in planned.output
    assert "[selector-changed]" in planned.output
    assert not any(COMPONENT in labels for labels in selectors(cluster, namespace).values())


def test_a_stateful_set_keeps_its_pods_too(
    former: dict[str, str], namespace: str, deploy: Player, rollback: Player, cluster: Cluster
) -> None:
    own = {"workload_persistence_mode": "statefulset", "workload_storage_class_create": False}
    variables = {**own, "workload_storage_class": "standard", "workload_replicas": 3}
    first = deploy(environment=former, **variables)
    assert first.rc == 0, first.output
    claims = set(seeing.declared(cluster, namespace, ("v1", "PersistentVolumeClaim")))
    second = deploy(**variables)
    assert second.rc == 0, second.output
    assert set(seeing.declared(cluster, namespace, ("v1", "PersistentVolumeClaim"))) == claims
    assert all(labels[COMPONENT] for labels in selectors(cluster, namespace).values())
    assert rollback().rc == 0
