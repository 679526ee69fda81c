# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The history in the cluster, the difference of two releases, and drift as the API server lets it be seen."""

from __future__ import annotations

import typing as t

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from tests.integration.playing import play
from tests.integration.releasing import Manifest, Releaser, history, make_release, manifest
from tests.unit.rendering import only

__all__ = ["history", "make_release"]
PORT = {"name": "http", "port": 80, "targetPort": "http", "appProtocol": "http"}


def objects(namespace: str, number: int = 1) -> list[Manifest]:
    """Of each way in which the API server keeps fields one: a map, a list with keys, an atomic list, a quantity."""
    peers = [{"podSelector": {"matchLabels": {"a": "b"}}}]
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]
    requests = {"requests": {"cpu": "0.5"}}
    container = {"name": "c", "image": "registry.k8s.io/pause:3.10", "resources": requests, "env": []}
    template = {"metadata": {"labels": {"app": "w"}}, "spec": {"containers": [container]}}
    workload = {"replicas": 0, "selector": {"matchLabels": {"app": "w"}}, "template": template}
    return [
        manifest("v1", "ConfigMap", "c", namespace, data={"number": str(number)}),
        manifest("v1", "Secret", "s", namespace, type="Opaque", stringData={"TOKEN": "value"}),
        manifest("v1", "Service", "s", namespace, spec={"selector": {"app": "w"}, "ports": [PORT]}),
        manifest(
            "networking.k8s.io/v1",
            "NetworkPolicy",
            "n",
            namespace,
            spec={"podSelector": {}, "ingress": [{"from": peers}]},
        ),
        manifest("rbac.authorization.k8s.io/v1", "Role", "r", namespace, rules=rules),
        manifest("apps/v1", "Deployment", "w", namespace, spec=workload),
    ]


def test_ten_releases_are_read_in_one_request_and_shown_as_a_table(
    make_release: Releaser, history: Releaser, namespace: str
) -> None:
    for number in range(1, 12):
        assert not make_release(*objects(namespace, number), reason=f"number {number}").failed
    listed = history().values
    assert listed["requests"] == 1
    assert [each["number"] for each in listed["releases"]] == list(range(2, 12)), "the limit is ten"
    compared = history(revision=11, compare_with=9).values["differences"]
    assert only(compared)["fields"] == [{"field": "data.number", "before": "9", "after": "11"}]
    displayed = play("intelgraph.maestro.history", maestro_namespace=namespace)
    assert displayed.rc == 0, displayed.output
    assert "maestro has 10 releases" in displayed.output
    assert "number 11" in displayed.output


def test_drift_is_seen_field_by_field_with_who_caused_it(
    make_release: Releaser, history: Releaser, namespace: str, cluster: Cluster
) -> None:
    declared = objects(namespace)
    assert not make_release(*declared).failed
    assert history(drift=True).values["findings"] == []
    change(cluster, declared[1], {"data": {"TOKEN": "b3RoZXI="}})
    change(cluster, declared[2], {"spec": {"ports": [{key: PORT[key] for key in ("name", "port", "targetPort")}]}})
    change(cluster, declared[3], {"spec": {"ingress": [{}]}})
    change(cluster, declared[5], {"spec": {"minReadySeconds": 5, "replicas": 1}})
    cluster.delete(cluster.path_of(declared[4]))
    found = history(drift=True).values
    assert found["verdict"] == "failed"
    evidence = {
        finding["object"].split()[0]: finding["evidence"] for finding in found["findings"] if finding["id"] == "drift"
    }
    assert {kind: [line.partition(":")[0] for line in lines] for kind, lines in evidence.items()} == {
        "Secret": ["data.TOKEN"],
        "Service": ["spec.ports[80,TCP].appProtocol"],
        "NetworkPolicy": ["spec.ingress"],
        "Deployment": ["spec.replicas"],
        "Role": [],
    }
    assert "(kubectl-edit, 20" in evidence["NetworkPolicy"][0]
    assert "b3RoZXI=" not in str(found)
    steps = {finding["object"].split()[0]: "maestro_takeover" in finding["next_step"] for finding in found["findings"]}
    assert steps == {"Secret": True, "Service": False, "NetworkPolicy": True, "Deployment": True, "Role": False}
    assert not make_release(*declared, takeover=True).failed
    assert history(drift=True).values["verdict"] == "passed", "a deploy brings all of it back"


def change(cluster: Cluster, item: Manifest, body: Manifest) -> None:
    """As somebody does by hand."""
    cluster.merge(cluster.path_of(item), body, fieldManager="kubectl-edit")


def test_nothing_is_known_before_the_first_release(history: Releaser) -> None:
    result: dict[str, t.Any] = history(drift=True).values
    assert (result["verdict"], result["releases"], result["number"]) == ("inconclusive", [], 0)
