# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What controllers make of a Deployment: a ReplicaSet and pods, as many ready as its status says are available."""

from __future__ import annotations

import typing as t

Manifest = dict[str, t.Any]
SINCE = "2026-11-23T12:00:00Z"


def owned_by(path: str, deployment: Manifest) -> dict[str, Manifest]:
    """The owned objects by path."""
    status, metadata = deployment.get("status") or {}, deployment["metadata"]
    sets = path.rsplit("/", 2)[0] + "/replicasets/"
    pods = path.rsplit("/", 2)[0].replace("/apis/apps/v1", "/api/v1") + "/pods/"
    name = f"{metadata['name']}-1"
    replica_set = _made("apps/v1", "ReplicaSet", f"{sets}{name}", metadata, "Deployment", metadata["uid"])
    made = {f"{sets}{name}": {**replica_set, "spec": {}, "status": {}}}
    template = (deployment["spec"].get("template") or {}).get("spec") or {}
    containers = [{"image": "image", **container} for container in template.get("containers", ())]
    spec = {**template, "containers": containers, "nodeName": "node-1"}
    for number in range(status.get("replicas", 0)):
        path = f"{pods}{name}-{number}"
        pod = _made("v1", "Pod", path, metadata, "ReplicaSet", replica_set["metadata"]["uid"])
        ready = str(number < status.get("availableReplicas", 0))
        conditions = [{"type": "Ready", "status": ready, "lastTransitionTime": SINCE}]
        made[path] = {**pod, "spec": spec, "status": {"conditions": conditions}}
    return made


def uid_of(path: str) -> str:
    return f"uid of {path}"


def _made(api_version: str, kind: str, path: str, like: Manifest, owner: str, uid: str) -> Manifest:
    metadata = {
        "name": path.rsplit("/", 1)[1],
        "namespace": like["namespace"],
        "uid": uid_of(path),
        "labels": like.get("labels") or {},
        "ownerReferences": [{"kind": owner, "uid": uid, "controller": True}],
        "creationTimestamp": SINCE,
    }
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata}
