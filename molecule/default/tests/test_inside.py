# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""What a deploy leaves in the cluster, and what other applications there see of it."""

from __future__ import annotations

import json
import typing as t

import testinfra

NAMESPACE = "maestro-system"
SERVICE = f"maestro.{NAMESPACE}.svc.cluster.local"

Objects = t.Callable[..., dict[str, t.Any]]


def pods(objects: Objects) -> list[dict[str, t.Any]]:
    selector = "app.kubernetes.io/name=maestro"
    return t.cast(
        "list[dict[str, t.Any]]", objects("pods", f"--namespace={NAMESPACE}", f"--selector={selector}")["items"]
    )


def test_three_pods_are_ready_in_three_zones(objects: Objects) -> None:
    found = pods(objects)
    conditions = [{one["type"]: one["status"] for one in pod["status"]["conditions"]}["Ready"] for pod in found]
    nodes = {node["metadata"]["name"]: node["metadata"]["labels"] for node in objects("nodes")["items"]}
    zones = {nodes[pod["spec"]["nodeName"]]["topology.kubernetes.io/zone"] for pod in found}
    assert conditions == ["True"] * 3
    assert len(zones) == 3


def test_no_pod_was_restarted(objects: Objects) -> None:
    assert [status["restartCount"] for pod in pods(objects) for status in pod["status"]["containerStatuses"]] == [0] * 3


def test_the_namespace_enforces_the_restricted_standard(objects: Objects) -> None:
    labels = objects("namespace", NAMESPACE)["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    assert labels["pod-security.kubernetes.io/enforce-version"].startswith("v1.")


def test_a_release_is_recorded(objects: Objects) -> None:
    label = "maestro.intelgraph.ai/release-record=maestro"
    assert objects("secrets", f"--namespace={NAMESPACE}", f"--selector={label}")["items"]


def ask(client: testinfra.host.Host, port: int, path: str) -> str:
    """Ask the Service from a pod, by its name in the cluster's DNS; the whole answer as text.

    With nc, since the wget of a static busybox cannot look names up.
    """
    found = client.check_output(f"nslookup -type=a {SERVICE}")
    address = found.rsplit("Address: ", 1)[-1].strip()
    request = f"GET {path} HTTP/1.0\\r\\nHost: {SERVICE}\\r\\n\\r\\n"
    return client.check_output(f"printf '{request}' | nc -w 30 {address} {port}")


def test_other_applications_reach_the_service_by_its_name(client: testinfra.host.Host) -> None:
    body = ask(client, 8080, "/api/v1/status").split("\r\n\r\n")[-1]
    assert json.loads(body)["version"] == "2.0.0-prod"


def test_the_service_is_ready_with_its_databases(client: testinfra.host.Host) -> None:
    assert ask(client, 8080, "/readyz").startswith("HTTP/1.0 200 OK")


def test_metrics_are_on_their_own_port(client: testinfra.host.Host) -> None:
    assert "maestro_build_info{" in ask(client, 9090, "/metrics")
    assert ask(client, 8080, "/metrics").startswith("HTTP/1.0 404 ")
