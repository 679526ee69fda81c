# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps what shows why a release failed, before anything of it is undone: one JSON file that only its owner reads."""

from __future__ import annotations

import json
import os
import pathlib
import tempfile
import typing as t

from .._cluster.client import ApiError, Cluster
from .._objects.manifest import Manifest
from .._redaction.mask import Mask
from .outcome import Outcome
from .session import ReleaseOptions

WORKLOADS = (("apps/v1", "Deployment"), ("apps/v1", "StatefulSet"), ("apps/v1", "ReplicaSet"), ("v1", "Pod"))


def gather(cluster: Cluster, options: ReleaseOptions, outcome: Outcome, mask: Mask) -> str:
    """The release's result, the status of its workloads and pods, and the namespace's events, as JSON without secrets.

    What may not be read says so in its place.
    """
    content = {
        "kept": cluster.clock.stamp(),
        "release": {
            "name": options.name,
            "namespace": options.namespace,
            "number": outcome.number,
            "about": options.about,
        },
        "result": outcome.as_result(),
        "objects": {kind: _read(cluster, version, kind, options) for version, kind in WORKLOADS},
        "events": _events(cluster, options.namespace),
    }
    return json.dumps(mask.displayed(content), indent=2, sort_keys=True)


def write(folder: pathlib.Path, stem: str, stamp: str, content: str) -> pathlib.Path:
    """Write the file whole or not at all; `stamp` (ISO 8601) makes its name one that no other has. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{stem}-{stamp.replace(':', '').replace('+0000', 'Z')}.json"
    handle, draft = tempfile.mkstemp(dir=folder, prefix=f".{stem}-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(content)
        os.replace(draft, path)
    except BaseException:
        os.unlink(draft)
        raise
    return path.absolute()


def _read(cluster: Cluster, version: str, kind: str, options: ReleaseOptions) -> t.Any:
    try:
        found = cluster.list_objects(version, kind, options.namespace, labelSelector=options.selector)["items"]
    except ApiError as error:
        return str(error)
    return [_displayed(item) for item in found]


def _displayed(item: Manifest) -> Manifest:
    """What tells how it is with an object; what was declared is in the history."""
    metadata = {
        field: item["metadata"].get(field) for field in ("name", "generation", "creationTimestamp", "deletionTimestamp")
    }
    spec = item.get("spec") or {}
    place = {field: spec[field] for field in ("nodeName", "replicas") if field in spec}
    return {"metadata": metadata, "spec": place, "status": item.get("status")}


def _events(cluster: Cluster, namespace: str) -> t.Any:
    try:
        items = cluster.list_objects("v1", "Event", namespace)["items"]
    except ApiError as error:
        return str(error)
    displayed = [
        {
            "at": item.get("lastTimestamp") or item.get("eventTime") or item["metadata"]["creationTimestamp"],
            "object": f"{item['involvedObject'].get('kind')} {item['involvedObject'].get('name')}",
            "count": item.get("count", 1),
            **{field: item.get(field) for field in ("type", "reason", "message")},
        }
        for item in items
    ]
    return sorted(displayed, key=lambda event: str(event["at"]))
