# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The smoke test of a release that no ingress leads to: its pods are asked through the API server."""

from __future__ import annotations

import re
import threading
import typing as t

import pytest
from ansible.module_utils.common.arg_spec import ModuleArgumentSpecValidator

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.port_forward.listener import (
    Backend,
    Forwarding,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._module_runner import Call
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.http.probe import Asker
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.http.request import parse_url, wire
from ansible_collections.intelgraph.maestro.plugins.modules import smoke
from tests.integration import seeing
from tests.integration.conftest import WITHOUT_AUTOSCALER, delete_namespace, of_namespace
from tests.integration.furnishing import allow
from tests.integration.playing import Play, play

NAMESPACE = "test-smoke-through"
THROUGH: dict[str, t.Any] = {"maestro_smoke_port_forward": "service/maestro", "maestro_smoke_resolve": {}}
STATUS = re.compile(r'^maestro_http_requests_total\{[^}]*route="/api/v1/status"[^}]*\} (\d+)$', re.MULTILINE)


@pytest.fixture(scope="module")
def released(cluster: Cluster) -> t.Iterator[Play]:
    """A release that proved itself through the API server, without its Ingress since."""
    delete_namespace(cluster, NAMESPACE)
    proven = {**THROUGH, "maestro_smoke_enabled": True, "maestro_smoke_load": {"rate": 0}}
    done = play("intelgraph.maestro.deploy", **{**of_namespace(NAMESPACE), **WITHOUT_AUTOSCALER, **proven})
    assert done.rc == 0, done.output
    cluster.delete(f"/apis/networking.k8s.io/v1/namespaces/{NAMESPACE}/ingresses/maestro")
    yield done
    cluster.delete(f"/api/v1/namespaces/{NAMESPACE}")


def verify(lab: dict[str, t.Any], **given: t.Any) -> dict[str, t.Any]:
    """Ask that release, in this process."""
    asked = {
        "kubeconfig": lab["kubeconfig"],
        "namespace": NAMESPACE,
        "url": f"https://{NAMESPACE}.maestro.test",
        "port_forward": "service/maestro",
        **given,
    }
    checked = ModuleArgumentSpecValidator(smoke.ARGUMENTS).validate(asked)
    assert checked.error_messages == []
    return smoke.verify(Call(checked.validated_parameters)).values


def counted(cluster: Cluster) -> int:
    """How often the pods say that they were asked for their status."""
    return sum(_counted(cluster, pod["metadata"]["name"]) for pod in seeing.pods(cluster, NAMESPACE))


def _counted(cluster: Cluster, pod: str) -> int:
    url = parse_url("http://metrics/metrics")
    with Forwarding(cluster, NAMESPACE, lambda: [Backend(pod, 9090)]) as forwarding:
        host, port = forwarding.address
        reply = Asker(resolve={"metrics": f"{host}:{port}"})(url, wire(url))
    assert reply.status == 200, reply.error
    return sum(map(int, STATUS.findall(reply.body.decode())))


def test_a_release_proves_itself_through_the_api_server(released: Play) -> None:
    smoke_result = released.release["smoke"]
    assert (smoke_result["verdict"], smoke_result["port_forward"]["asked"]) == (
        "passed",
        f"service/maestro:http in {NAMESPACE}",
    )
    assert (
        set(smoke_result["port_forward"]["connections"])
        == set(smoke_result["pods"]["seen"])
        == set(smoke_result["pods"]["expected"])
    )
    assert "ingress-not-tested" in {finding["id"] for finding in released.release["findings"]}


def test_every_pod_answers_and_counts_what_we_count(released: Play, cluster: Cluster) -> None:
    before = counted(cluster)
    load = {"rate": 60, "seconds": 3, "warm_up": 0.5, "extensions": 0, "gates": {"error_ratio": 0.1, "p95": 5.0}}
    done = play("intelgraph.maestro.smoke", **of_namespace(NAMESPACE), **THROUGH, maestro_smoke_load=load)
    [came] = [task["result"] for task in done.tasks if task["action"].endswith(".smoke")]
    assert came["load"]["results"]["ok"] == came["load"]["planned"] == 180, came["msg"]
    assert set(came["load"]["pods"]) == set(came["pods"]["seen"]) == set(came["pods"]["expected"])
    checks = sum(check["attempts"] for check in came["checks"] if check["name"] == "api")
    ours = checks + came["pods"]["requests"] + came["load"]["sent"] + came["load"]["warm_up_requests"]
    assert counted(cluster) - before == ours
    assert (came["port_forward"]["refused"], came["port_forward"]["broken"]) == ({}, {})


def test_a_pod_that_goes_away_under_a_load_ends_nothing(
    released: Play, cluster: Cluster, lab: dict[str, t.Any]
) -> None:
    pod = seeing.pods(cluster, NAMESPACE)[0]["metadata"]["name"]
    going = threading.Timer(2.0, cluster.delete, [f"/api/v1/namespaces/{NAMESPACE}/pods/{pod}"])
    going.start()
    load = {"rate": 60, "seconds": 6, "warm_up": 0.5, "extensions": 0, "gates": {"error_ratio": 0.1, "p95": 9.0}}
    came = verify(lab, load=load, defaults=False, pods="off")
    going.join()
    assert sum(came["load"]["results"].values()) == came["load"]["planned"] == 360
    assert came["load"]["results"]["ok"] >= 330, came["load"]["results"]
    assert came["verdict"] != "failed", came["msg"]
    assert len(came["load"]["pods"]) >= 3
    assert pod not in {each["metadata"]["name"] for each in seeing.pods(cluster, NAMESPACE)}


def test_who_may_not_forward_is_told_the_verbs(released: Play, cluster: Cluster, lab: dict[str, t.Any]) -> None:
    rules = [
        {"apiGroups": [""], "resources": ["services"], "verbs": ["get", "list"]},
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]},
    ]
    came = verify(lab, impersonate_user=allow(cluster, NAMESPACE, rules))
    assert came["error_id"] == "port-forward-refused"
    assert f"may not get and create pods/portforward in {NAMESPACE}" in came["msg"]
    assert came["requests"] == 0
