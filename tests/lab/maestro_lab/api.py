# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Questions to the lab's API server, asked as its administrator."""

from __future__ import annotations

import http.client
import json
import ssl
from datetime import datetime
from typing import Any

from . import pki
from .failure import LabError
from .names import API_PORT, Lab

TIMEOUT = 5.0
CORDONED = "node.kubernetes.io/unschedulable"


def get(lab: Lab, path: str) -> dict[str, Any]:
    """The object or list at a path such as /api/v1/nodes; LabError when the server does not give it."""
    try:
        status, body = _asked(lab, path)
    except (OSError, http.client.HTTPException) as error:
        raise LabError(f"The API server of lab {lab.name} ({lab.api_server}) does not answer: {error}") from error
    if status != 200:
        raise LabError(f"The API server answers {status} for {path}: {body.decode(errors='replace').strip()}")
    answer = json.loads(body)
    assert isinstance(answer, dict)
    return answer


def connect(lab: Lab, timeout: float = TIMEOUT) -> http.client.HTTPSConnection:
    """A connection to the API server as its administrator, opened by its first request."""
    trusted = ssl.create_default_context(cafile=str(pki.pair(lab, pki.CLUSTER_CA).certificate))
    admin = pki.pair(lab, "admin")
    trusted.load_cert_chain(admin.certificate, admin.key)
    return http.client.HTTPSConnection(str(lab.address), API_PORT, timeout=timeout, context=trusted)


def _asked(lab: Lab, path: str) -> tuple[int, bytes]:
    """The status and the body of the server's answer."""
    connection = connect(lab)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def ready_nodes(lab: Lab, since: datetime | None = None) -> set[str]:
    """The names of the nodes that are Ready and that no taint keeps pods from; empty while the server is away.

    With `since`, only nodes whose kubelet has said so after that time: a node that has just died looks Ready for long.
    """
    try:
        nodes = get(lab, "/api/v1/nodes")["items"]
    except LabError:
        return set()
    return {node["metadata"]["name"] for node in nodes if is_ready(node, since)}


def is_ready(node: dict[str, Any], since: datetime | None = None) -> bool:
    """Whether pods can be scheduled to the node, as its kubelet said (after `since`)."""
    ready = [one for one in node["status"].get("conditions", []) if one["type"] == "Ready" and one["status"] == "True"]
    if since and ready and datetime.fromisoformat(ready[0]["lastHeartbeatTime"]) < since.replace(microsecond=0):
        return False
    taints = {taint["key"] for taint in node["spec"].get("taints", [])}
    return bool(ready) and not any(key.startswith("node.kubernetes.io/") for key in taints - {CORDONED})


def exists(lab: Lab, path: str) -> bool:
    """Whether the server has the object; False while it does not answer."""
    try:
        get(lab, path)
    except LabError:
        return False
    return True
