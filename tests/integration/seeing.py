# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks at what a release made: its objects and their versions, and the service as a user reaches it."""

from __future__ import annotations

import dataclasses
import json
import socket
import ssl
import time
import typing as t
from http.client import HTTPResponse, HTTPSConnection

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.watch import Informer, Source, until
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.record.history import History, Record
from tests.integration.waiting import wait_for

Manifest = dict[str, t.Any]
DECLARED = (
    ("v1", "ConfigMap"),
    ("v1", "LimitRange"),
    ("v1", "PersistentVolumeClaim"),
    ("v1", "ResourceQuota"),
    ("v1", "Secret"),
    ("v1", "Service"),
    ("v1", "ServiceAccount"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("autoscaling/v2", "HorizontalPodAutoscaler"),
    ("networking.k8s.io/v1", "Ingress"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
    ("policy/v1", "PodDisruptionBudget"),
    ("rbac.authorization.k8s.io/v1", "Role"),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"),
    ("cert-manager.io/v1", "Certificate"),
    ("cert-manager.io/v1", "Issuer"),
    ("monitoring.coreos.com/v1", "PrometheusRule"),
    ("monitoring.coreos.com/v1", "ServiceMonitor"),
    ("traefik.io/v1alpha1", "Middleware"),
)
"""The kinds that a release declares in a namespace."""
IN_A_ROW = 12
"""Answers that show, with two replicas of the ingress controller taken by chance, that both know a name."""


def declared(cluster: Cluster, namespace: str, *kinds: tuple[str, str]) -> dict[str, Manifest]:
    """All objects of the declared kinds (or of `kinds`) in a namespace, by `Kind/name`."""
    lists = cluster.parallel(lambda kind: (kind, cluster.list_objects(*kind, namespace)["items"]), kinds or DECLARED)
    return {f"{kind}/{item['metadata']['name']}": item for (_, kind), items in lists for item in items}


def generations(cluster: Cluster, namespace: str) -> dict[str, str]:
    """What tells whether somebody wrote to the declared objects: status updates of controllers do not count."""
    return {name: _version(item) for name, item in declared(cluster, namespace).items()}


def _version(item: Manifest) -> str:
    """The generation; for a kind that has none its spec, or the resource version when there is no status either."""
    metadata = item["metadata"]
    spec = json.dumps(item.get("spec")) if "status" in item else metadata["resourceVersion"]
    return f"{metadata['uid']} {metadata.get('generation', spec)}"


def pods(cluster: Cluster, namespace: str) -> list[Manifest]:
    """The release's pods that are not being deleted."""
    items = cluster.list_objects("v1", "Pod", namespace, labelSelector="app.kubernetes.io/name=maestro")["items"]
    return [item for item in items if "deletionTimestamp" not in item["metadata"]]


def zones(cluster: Cluster, of: t.Iterable[Manifest]) -> set[str]:
    """The zones of the nodes that these pods run on."""
    nodes = {
        item["metadata"]["name"]: item["metadata"]["labels"] for item in cluster.list_objects("v1", "Node")["items"]
    }
    return {nodes[pod["spec"]["nodeName"]]["topology.kubernetes.io/zone"] for pod in of}


def wait_until_served(cluster: Cluster, namespace: str, many: int) -> None:
    """Wait until a namespace's Services have so many ready pods behind them."""

    def ready() -> int:
        slices = informer.objects("EndpointSlice")
        endpoints = [each for item in slices for each in item.get("endpoints") or ()]
        return len({each["targetRef"]["name"] for each in endpoints if each["conditions"].get("ready")})

    with Informer(cluster, [Source("discovery.k8s.io/v1", "EndpointSlice", namespace)]) as informer:
        assert informer.synced(60), f"the API does not list the EndpointSlices of {namespace}"
        assert until(informer, lambda: ready() >= many, time.monotonic() + 60), f"{ready()} of {many} pods are served"


def history(cluster: Cluster, namespace: str, name: str = "maestro") -> list[Record]:
    """The records of a release, the oldest first."""
    return History(cluster, namespace, name).read().records


@dataclasses.dataclass(frozen=True)
class Answer:
    """An HTTP answer that has been read."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> t.Any:
        return json.loads(self.body)


def version_within(lab: t.Mapping[str, t.Any], hostname: str, wanted: str, seconds: float) -> str:
    """The version that answers: the wanted one as soon as it does, else the last one seen after these seconds.

    The ingress keeps connections open, so a pod that is ending may answer for as long as it drains.
    """
    deadline = time.monotonic() + seconds
    while True:
        seen = str(fetch(lab, hostname, "/api/v1/status").json["version"])
        if seen == wanted or time.monotonic() > deadline:
            return seen
        time.sleep(0.2)


def wait_until_answered(lab: t.Mapping[str, t.Any], hostname: str) -> None:
    """Wait until each replica of the ingress controller leads to the service.

    Each takes a moment to know a new name and its certificate, and answers until then with 404 or another certificate.
    """
    wait_for(
        f"every replica of the ingress controller leads to {hostname}",
        lambda: fetch(lab, hostname, "/readyz").status,
        lambda status: status == 200,
        times=IN_A_ROW,
    )


def fetch(lab: t.Mapping[str, t.Any], hostname: str, path: str, **headers: str) -> Answer:
    """GET over HTTPS through the lab's ingress, with its CA and the name's certificate checked."""
    context = ssl.create_default_context(cafile=lab["ca_bundle"])
    ingress = lab["ingress"]
    connection = HTTPSConnection(hostname, int(ingress["https_port"]), timeout=10, context=context)
    plain = socket.create_connection((ingress["address"], int(ingress["https_port"])), timeout=10)
    connection.sock = context.wrap_socket(plain, server_hostname=hostname)
    try:
        connection.request("GET", path, headers=headers)
        response: HTTPResponse = connection.getresponse()
        return Answer(response.status, {key.lower(): value for key, value in response.getheaders()}, response.read())
    finally:
        connection.close()
