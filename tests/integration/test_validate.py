# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Validate on the lab: it says how a release is, hides nothing behind something else, and changes nothing."""

from __future__ import annotations

import functools
import json
import pathlib
import socket
import typing as t
import xml.etree.ElementTree as ET

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.api_resources import KINDS, Manifest
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.errors import ApiError
from tests.integration.conftest import WITHOUT_AUTOSCALER, Player, delete_namespace, of_namespace
from tests.integration.furnishing import allow
from tests.integration.playing import Play, play

NAMESPACE = "test-validate"
REPORT, POSTURE, DRIFT = (f"intelgraph.maestro.{name}" for name in ("report", "posture", "release_info"))
RBAC = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{NAMESPACE}"
POLICIES = f"/apis/networking.k8s.io/v1/namespaces/{NAMESPACE}/networkpolicies"
OF_ITSELF = {"Event", "Lease", "Endpoints", "EndpointSlice"}
"""Kinds that others write while nothing happens to a release."""


@pytest.fixture(scope="module")
def released(cluster: Cluster) -> t.Iterator[Player]:
    """A release in a namespace of this module; calling it deploys again, which takes back what a test has done."""
    delete_namespace(cluster, NAMESPACE)
    deploy = functools.partial(play, "intelgraph.maestro.deploy", **of_namespace(NAMESPACE), **WITHOUT_AUTOSCALER)
    done = deploy()
    assert done.rc == 0, done.output
    yield deploy
    cluster.delete(f"/api/v1/namespaces/{NAMESPACE}")


@pytest.fixture
def validate(released: Player, tmp_path: pathlib.Path) -> Player:
    """Validates the release; the report lies in the test's own folder."""
    own = {**of_namespace(NAMESPACE), **WITHOUT_AUTOSCALER, "maestro_report_dir": str(tmp_path)}
    return functools.partial(play, "intelgraph.maestro.validate", **own)


WITH_STATUS = {"Pod", "ReplicaSet", "Deployment", "StatefulSet", "HorizontalPodAutoscaler", "PodDisruptionBudget"}
"""Kinds whose status others write: a probe that is late changes it."""


def version(kind: str, item: Manifest) -> str:
    """Differs after a write: the resourceVersion, or all but the status where others write that."""
    if kind not in WITH_STATUS:
        return str(item["metadata"]["resourceVersion"])
    metadata = {
        key: value for key, value in item["metadata"].items() if key not in ("resourceVersion", "managedFields")
    }
    return json.dumps([metadata, item.get("spec")], sort_keys=True)


def versions(cluster: Cluster) -> dict[str, str]:
    """The version of every object in the namespace, and of the namespace itself."""

    def of_kind(kind: tuple[str, str]) -> dict[str, str]:
        try:
            items = cluster.list_objects(*kind, NAMESPACE)["items"]
        except ApiError as error:
            if error.not_found:
                return {}
            raise
        return {f"{kind[1]}/{item['metadata']['name']}": version(kind[1], item) for item in items}

    kinds = [kind for kind, place in KINDS.items() if place.namespaced and kind[1] not in OF_ITSELF]
    found = {name: version for each in cluster.parallel(of_kind, kinds) for name, version in each.items()}
    return {**found, "": cluster.get(f"/api/v1/namespaces/{NAMESPACE}")["metadata"]["resourceVersion"]}


def ids(done: Play, action: str) -> dict[str, str]:
    """The severity of each kind of finding of a check."""
    return {finding["id"]: finding["severity"] for finding in done.result_of(action)["findings"]}


def test_a_good_release_passes_and_nothing_is_touched(
    validate: Player, cluster: Cluster, lab: dict[str, t.Any], tmp_path: pathlib.Path
) -> None:
    reported = validate("-vvvv")
    assert reported.rc == 0, reported.output[-4000:]
    files = "".join(path.read_text(encoding="utf-8") for path in (tmp_path / "lab").iterdir())
    for secret in ("lab-openai-", "lab-jwt-", lab["database"]["password"], lab["redis"]["password"]):
        assert secret not in reported.output + files
    before = versions(cluster)  # ready for the settling time now: nothing writes to the pods any more
    done = validate(maestro_smoke_enabled=True, maestro_smoke_load={"rate": 0})
    assert done.rc == 0, done.output
    assert done.result_of(REPORT)["checks"] == dict.fromkeys(
        ("prerequisites", "health", "posture", "drift", "smoke"), "passed"
    )
    assert not any(entry["result"].get("changed") for entry in done.tasks)
    assert versions(cluster) == before
    assert len(before) > 30
    assert ids(done, POSTURE) == {"posture-autoscaling": "warning"}
    assert "  Health         passed" in done.output
    report = json.loads((tmp_path / "lab" / "report.json").read_text(encoding="utf-8"))
    assert report["verdict"] == "passed"
    assert report["timeline"][-1]["pods"] == {"ready": 3}
    assert "How the pods came up" in (tmp_path / "lab" / "report.html").read_text(encoding="utf-8")


def test_one_failure_hides_no_other(
    validate: Player, released: Player, cluster: Cluster, tmp_path: pathlib.Path
) -> None:
    subject = {"kind": "ServiceAccount", "name": "maestro", "namespace": NAMESPACE}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}
    binding = {"metadata": {"name": "intruder"}, "roleRef": reference, "subjects": [subject]}
    policy = {"metadata": {"name": "open"}, "spec": {"podSelector": {}, "ingress": [{}]}}
    cluster.create(f"{RBAC}/rolebindings", binding)
    cluster.create(POLICIES, policy)
    cluster.merge(
        f"/api/v1/namespaces/{NAMESPACE}", {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "baseline"}}}
    )
    before = versions(cluster)
    try:
        done = validate(workload_priority_class="no-such-priority")
        after = versions(cluster)
    finally:
        cluster.delete(f"{RBAC}/rolebindings/intruder")
        cluster.delete(f"{POLICIES}/open")
        again = released(maestro_takeover=True)
    assert done.rc != 0
    assert done.result_of(REPORT)["checks"] == {
        "prerequisites": "failed",
        "health": "passed",
        "posture": "failed",
        "drift": "failed",
        "smoke": "skipped",
    }
    errors = [finding for finding in done.result_of(POSTURE)["findings"] if finding["severity"] == "error"]
    assert {finding["id"]: finding["object"] for finding in errors} == {
        "posture-permissions": f"RoleBinding {NAMESPACE}/intruder",
        "posture-pod-security": f"Namespace {NAMESPACE}",
        "posture-network": f"NetworkPolicy {NAMESPACE}/open",
    }
    assert ids(done, DRIFT) == {"drift": "error"}
    assert "prerequisites failed." in done.failure
    assert "2 more checks did not pass." in done.failure
    for words in ("[pod-refused]", "[posture-permissions]", "[posture-network]", "[drift]"):
        assert words in done.output
    suite = ET.parse(tmp_path / "lab" / "report.xml").getroot()[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("5", "3", "0")
    assert after == before
    assert again.rc == 0, again.output


def test_an_account_of_the_namespace_alone_is_enough(validate: Player, cluster: Cluster, lab: dict[str, t.Any]) -> None:
    everything = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]
    account = allow(cluster, NAMESPACE, everything)
    try:
        done = validate(maestro_connection={"kubeconfig": lab["kubeconfig"], "impersonate_user": account})
    finally:
        cluster.delete(f"{RBAC}/rolebindings/deployer")
        cluster.delete(f"{RBAC}/roles/deployer")
    assert done.rc == 0, done.output
    assert ids(done, POSTURE) == {"posture-autoscaling": "warning"}


def test_a_cluster_that_does_not_answer_is_told_of_every_check(tmp_path: pathlib.Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    connection = {"host": f"https://127.0.0.1:{port}", "api_key": "token"}
    own = {"maestro_report_dir": str(tmp_path), "maestro_smoke_enabled": False}
    done = play("intelgraph.maestro.validate", maestro_connection=connection, **own)
    assert done.rc != 0
    assert "passed" not in done.result_of(REPORT)["checks"].values()
    report = json.loads((tmp_path / "lab" / "report.json").read_text(encoding="utf-8"))
    found = {check["name"]: {finding["id"] for finding in check["findings"]} for check in report["checks"]}
    asked = ("prerequisites", "health", "posture", "drift")
    assert found == {**{name: {"api-unreachable"} for name in asked}, "smoke": set()}


def test_without_a_release_there_is_nothing_to_validate(namespace: str, tmp_path: pathlib.Path) -> None:
    done = play("intelgraph.maestro.validate", maestro_report_dir=str(tmp_path), **of_namespace(namespace))
    assert done.rc != 0
    assert ids(done, POSTURE) == {"release-missing": "error"}
    assert "release-missing" in done.failure
