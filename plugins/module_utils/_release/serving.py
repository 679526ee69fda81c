# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which pods of a release should be answering requests now, and with which revision."""

from __future__ import annotations

import typing as t

from .._cluster.client import Cluster
from .._cluster.errors import ClusterError
from .._cluster.kinds import Manifest

REVISION = "deployment.kubernetes.io/revision"


class NoWorkload(ClusterError):
    """There is neither a Deployment nor a StatefulSet of the release's name."""

    id = "release-missing"
    next_step = "Deploy it first, or name the release and its namespace."


class Serving(t.NamedTuple):
    """The names of the ready pods, and the revision that the newest of them have, as the service reports it."""

    pods: tuple[str, ...]
    revision: str


def serving(cluster: Cluster, namespace: str, name: str) -> Serving:
    """Read the workload and its pods. Pods that are ending or not ready are not expected to answer."""
    deployment = cluster.find("apps/v1", "Deployment", namespace, name)
    workload = deployment or cluster.find("apps/v1", "StatefulSet", namespace, name)
    if workload is None:
        raise NoWorkload(f"{namespace} has no Deployment and no StatefulSet {name}")
    selector = ",".join(f"{key}={value}" for key, value in workload["spec"]["selector"]["matchLabels"].items())
    revision = (
        _hash_of_newest(cluster.list_objects("apps/v1", "ReplicaSet", namespace, labelSelector=selector), workload)
        if deployment
        else workload.get("status", {}).get("updateRevision", "")
    )
    pods = cluster.list_objects("v1", "Pod", namespace, labelSelector=selector)["items"]
    return Serving(tuple(sorted(pod["metadata"]["name"] for pod in pods if _answers(pod))), revision)


def _hash_of_newest(replica_sets: Manifest, deployment: Manifest) -> str:
    """The label of the ReplicaSet that has the Deployment's own revision."""
    newest = deployment["metadata"].get("annotations", {}).get(REVISION, "")
    for item in replica_sets["items"]:
        metadata = item["metadata"]
        owners = {owner["uid"] for owner in metadata.get("ownerReferences", ())}
        if deployment["metadata"]["uid"] in owners and metadata.get("annotations", {}).get(REVISION) == newest:
            return str(metadata["labels"].get("pod-template-hash", ""))
    return ""


def _answers(pod: Manifest) -> bool:
    conditions = pod.get("status", {}).get("conditions", ())
    is_ready = any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
    return is_ready and "deletionTimestamp" not in pod["metadata"]
