# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which pods of a release should be answering requests now, and with which revision."""

from __future__ import annotations

import typing as t

from .._cluster.api_resources import Manifest
from .._cluster.client import Cluster
from .._cluster.errors import ApiError, ClusterError
from .._findings import registry

REVISION = "deployment.kubernetes.io/revision"
HTTP = "http"
"""What the Service calls the port that users come in by."""


class NoWorkload(ClusterError):
    """There is neither a Deployment nor a StatefulSet of the release's name."""

    finding_type = registry.RELEASE_MISSING
    own_next_step = "Deploy it first, or name the release and its namespace."


class Serving(t.NamedTuple):
    """The names of the ready pods, and the revision that the newest of them have, as the service reports it.

    `leaving` are pods that are ending, `unlisted` ready ones that the Service sends nobody to. A pod that the Service
    sends requests to is among `pods`, whoever made it. `port` is where in a pod it sends them, 0 where it sends none.
    `unowned` are pods that no controller of the release owns, so that no release replaces them or takes them away.
    """

    pods: tuple[str, ...]
    revision: str
    leaving: tuple[str, ...] = ()
    unlisted: tuple[str, ...] = ()
    port: int = 0
    unowned: tuple[str, ...] = ()


def serving(cluster: Cluster, namespace: str, name: str) -> Serving:
    """Read the workload and its pods. Pods that are ending or not ready are not expected to answer."""
    deployment = cluster.find("apps/v1", "Deployment", namespace, name)
    workload = deployment or cluster.find("apps/v1", "StatefulSet", namespace, name)
    if workload is None:
        raise NoWorkload(f"{namespace} has no Deployment and no StatefulSet {name}")
    selector = ",".join(f"{key}={value}" for key, value in workload["spec"]["selector"]["matchLabels"].items())
    sets = (
        cluster.list_objects("apps/v1", "ReplicaSet", namespace, labelSelector=selector)["items"] if deployment else []
    )
    mine = [each for each in sets if workload["metadata"]["uid"] in _owners(each)]
    revision = _hash_of_newest(mine, workload) if deployment else workload.get("status", {}).get("updateRevision", "")
    controllers = {each["metadata"]["uid"] for each in (*mine, workload)}
    pods = cluster.list_objects("v1", "Pod", namespace, labelSelector=selector)["items"]
    ready = {pod["metadata"]["name"] for pod in pods if _answers(pod)}
    owned = {pod["metadata"]["name"] for pod in pods if _owners(pod) & controllers}
    leaving = {pod["metadata"]["name"] for pod in pods if "deletionTimestamp" in pod["metadata"]}
    slices = _slices(cluster, namespace, name)
    listed = {endpoint["targetRef"]["name"] for endpoint in _ready_endpoints(slices or [])}
    answering = ready | listed - leaving
    return Serving(
        tuple(sorted(answering)),
        revision,
        tuple(sorted(leaving)),
        tuple(sorted(ready - listed)) if slices is not None else (),
        next(_ports(slices or []), 0),
        tuple(sorted(answering - owned)),
    )


def _slices(cluster: Cluster, namespace: str, service: str) -> list[Manifest] | None:
    """The EndpointSlices of a Service; None where they may not be read."""
    of_service = f"kubernetes.io/service-name={service}"
    try:
        found = cluster.list_objects("discovery.k8s.io/v1", "EndpointSlice", namespace, labelSelector=of_service)
    except ApiError:
        return None
    return t.cast("list[Manifest]", found["items"])


def _ready_endpoints(slices: t.Iterable[Manifest]) -> t.Iterator[Manifest]:
    """The pods among the endpoints that are sent requests; readiness that is not told is as good as true."""
    for endpoint in (each for item in slices for each in item.get("endpoints") or ()):
        if "targetRef" in endpoint and (endpoint.get("conditions") or {}).get("ready") is not False:
            yield endpoint


def _ports(slices: t.Iterable[Manifest]) -> t.Iterator[int]:
    """The numbers of the port `http` in the pods."""
    return (port["port"] for item in slices for port in item.get("ports") or () if port.get("name") == HTTP)


def _hash_of_newest(replica_sets: t.Iterable[Manifest], deployment: Manifest) -> str:
    """The label of the ReplicaSet that has the Deployment's own revision."""
    newest = deployment["metadata"].get("annotations", {}).get(REVISION, "")
    for metadata in (item["metadata"] for item in replica_sets):
        if metadata.get("annotations", {}).get(REVISION) == newest:
            return str(metadata["labels"].get("pod-template-hash", ""))
    return ""


def _owners(item: Manifest) -> set[str]:
    return {owner["uid"] for owner in item["metadata"].get("ownerReferences", ())}


def _answers(pod: Manifest) -> bool:
    conditions = pod.get("status", {}).get("conditions", ())
    is_ready = any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
    return is_ready and "deletionTimestamp" not in pod["metadata"]
