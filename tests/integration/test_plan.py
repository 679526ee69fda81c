# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan says what the API server will do, and an approved plan is carried out exactly or not at all."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from tests.integration import seeing
from tests.integration.conftest import WITHOUT_AUTOSCALER, Player, of_namespace
from tests.integration.playing import play
from tests.integration.releasing import Manifest, Releaser, make_release, manifest
from tests.unit.rendering import only

__all__ = ["make_release"]
RBAC = "rbac.authorization.k8s.io/v1"


@pytest.fixture
def config(namespace: str) -> t.Callable[..., Manifest]:
    return lambda name="c", **data: manifest("v1", "ConfigMap", name, namespace, data=data)


def actions(result: t.Mapping[str, t.Any]) -> dict[str, str]:
    return {step["object"].split("/")[-1]: step["action"] for step in result["plan"]}


def test_a_plan_is_shown_kept_approved_and_carried_out_once(
    namespace: str, deploy: Player, cluster: Cluster, tmp_path: pathlib.Path
) -> None:
    path = tmp_path / "plan.json"
    variables = {**of_namespace(namespace), **WITHOUT_AUTOSCALER, "maestro_plan_file": str(path)}
    planned = play("intelgraph.maestro.plan", **variables)
    assert planned.rc == 0, planned.output
    assert f"    + create  Deployment {namespace}/maestro" in planned.output
    assert "[dry-run-unavailable]" in planned.output
    assert cluster.find("v1", "Namespace", "", namespace) is None
    assert path.stat().st_mode & 0o777 == 0o600
    artifact = only(
        entry["result"]["ansible_stats"]["data"]["maestro_plan"]["lab"]
        for entry in planned.tasks
        if entry["action"] == "ansible.builtin.set_stats"
    )
    other = deploy(maestro_plan={"lab": artifact}, workload_orchestration_max_concurrent_sources=7)
    assert other.rc == 2
    assert "The approved plan does not hold any more" in other.failure
    assert cluster.find("v1", "Namespace", "", namespace) is None
    done = deploy(maestro_plan_file=str(path), maestro_reason="approved")
    assert done.rc == 0, done.output
    assert done.release["counts"]["create"] == planned.release["counts"]["create"]
    record = only(seeing.history(cluster, namespace))
    assert record.about["origin"]["collection"]
    assert record.about["plan"]["counts"] == done.release["counts"]
    assert all(digest.startswith("sha256:") for digests in record.outcome["running"].values() for digest in digests)
    assert "wait" in record.outcome["seconds"]
    again = deploy(maestro_plan={"lab": artifact})
    assert "it follows release 0, and the last release is 1 now" in again.failure
    quiet = play("intelgraph.maestro.plan", **{**variables, "maestro_plan_file": ""})
    assert quiet.rc == 0, quiet.output
    assert "Release 1" not in quiet.output, "a plan with nothing to do is silent"


def test_each_action_is_foretold_and_done(
    make_release: Releaser, config: t.Callable[..., Manifest], namespace: str, cluster: Cluster
) -> None:
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role"}

    def binding(name: str) -> Manifest:
        return manifest(RBAC, "RoleBinding", "bound", namespace, roleRef={**role, "name": name})

    assert not make_release(config("same"), config("other", a="1"), config("gone"), binding("old")).failed
    cluster.create(cluster.path_of(config("theirs")).rpartition("/")[0], config("theirs", a="b"), fieldManager="helm")
    wanted = [config("same"), config("other", a="2"), config("new"), config("theirs", a="b"), binding("new")]
    foretold = make_release(*wanted, check=True).values
    assert actions(foretold) == {
        "other": "change",
        "new": "create",
        "theirs": "adopt",
        "bound": "replace",
        "gone": "prune",
    }
    assert [finding["id"] for finding in foretold["risks"]] == ["object-replaced"]
    assert "helm" in next(step["note"] for step in foretold["plan"] if step["action"] == "adopt")
    done = make_release(*wanted).values
    assert actions(done) == actions(foretold)
    assert cluster.get(cluster.path_of(binding("new")))["roleRef"]["name"] == "new"
    assert make_release(*wanted, check=True).values["plan"] == []


def test_what_cannot_be_done_is_refused_with_all_reasons_before_anything_changes(
    make_release: Releaser, config: t.Callable[..., Manifest], namespace: str, cluster: Cluster
) -> None:
    def workload(app: str) -> Manifest:
        labels = {"app": app}
        pod = {"containers": [{"name": "c", "image": "registry.k8s.io/pause:3.10"}]}
        template = {"metadata": {"labels": labels}, "spec": pod}
        spec = {"replicas": 0, "selector": {"matchLabels": labels}, "template": template}
        return manifest("apps/v1", "Deployment", "w", namespace, spec=spec)

    assert not make_release(config(a="1"), workload("a")).failed
    cluster.merge(cluster.path_of(config()), {"data": {"a": "2"}}, fieldManager="kubectl-edit")
    before = seeing.generations(cluster, namespace)
    unknown = manifest("example.org/v1", "Widget", "x", namespace)
    refused = make_release(config(a="3"), workload("b"), config("new"), unknown)
    assert refused.failed
    reasons = {finding["object"].split("/")[-1]: finding["id"] for finding in refused.values["findings"]}
    assert reasons == {"c": "field-conflict", "w": "field-immutable", "x": "kind-not-served"}
    assert "kubectl-edit" in refused.values["msg"]
    assert seeing.generations(cluster, namespace) == before
    taken = make_release(config(a="3"), workload("a"), takeover=True).values
    assert [finding["id"] for finding in taken["risks"]] == ["field-takeover"]
    assert cluster.get(cluster.path_of(config()))["data"] == {"a": "3"}


def test_a_claim_goes_only_when_it_is_named(make_release: Releaser, namespace: str, cluster: Cluster) -> None:
    resources = {"requests": {"storage": "1Mi"}}
    spec = {"accessModes": ["ReadWriteOnce"], "resources": resources, "storageClassName": "none-such"}
    claim = manifest("v1", "PersistentVolumeClaim", "data", namespace, spec=spec)
    assert not make_release(claim).failed
    kept = make_release().values
    assert [finding["id"] for finding in kept["risks"]] == ["prune-refused"]
    assert cluster.find("v1", "PersistentVolumeClaim", namespace, "data")
    assert not make_release(claim).failed
    lost = make_release(prune_allowed=["PersistentVolumeClaim/data"]).values
    assert [finding["id"] for finding in lost["risks"]] == ["data-lost"]
    live = cluster.find("v1", "PersistentVolumeClaim", namespace, "data")
    assert live is None or "deletionTimestamp" in live["metadata"]


def test_a_plan_holds_no_secret_value(make_release: Releaser, namespace: str, tmp_path: pathlib.Path) -> None:
    def secret(value: str) -> Manifest:
        return manifest("v1", "Secret", "s", namespace, type="Opaque", stringData={"TOKEN": value})

    assert not make_release(secret("canary-4f1d-before")).failed
    planned = make_release(secret("canary-4f1d-after"), check=True, save_plan=str(tmp_path / "plan.json"))
    changed = only(planned.values["plan"])
    assert changed["fields"] == [{"field": "data.TOKEN", "before": "(secret)", "after": "(secret, changed)"}]
    assert only(planned.values["risks"])["id"] == "irreversible-step"
    displayed = (
        json.dumps(planned.values) + "".join(planned.lines) + (tmp_path / "plan.json").read_text(encoding="utf-8")
    )
    assert not [form for form in ("canary-4f1d", "Y2FuYXJ5LTRmMWQ") if form in displayed]
