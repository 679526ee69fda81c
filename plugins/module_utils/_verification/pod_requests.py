# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks the pods of a release themselves, by the API server's port-forward, where the public way leads to others."""

from __future__ import annotations

from .._cluster.client import Cluster
from .._cluster.errors import ClusterError
from .._cluster.port_forward.listener import Backend, Forwarding
from .._release.endpoints import Serving
from .._smoke.checks.pod_coverage import Directly
from .._smoke.http.probe import Asker, Reply
from .._smoke.http.request import Url, parse_url, wire


def directly(cluster: Cluster, namespace: str, service: str, behind: Serving, public: Url, timeout: float) -> Directly:
    """Asks a pod for the same path as the public URL, with the same Host header, in plain HTTP as the ingress does.

    Only pods that the Service sends requests to are asked: of any other the public way says enough.
    """
    url = parse_url(f"http://{public.authority}{public.target}")
    listed = set(behind.pods) - set(behind.unlisted)

    def ask(pod: str) -> Reply | None:
        if _has_ended(cluster, namespace, pod):
            return None
        if not behind.port or pod not in listed:
            return Reply(url, error=f"it is not among the endpoints of Service {service}")
        with Forwarding(cluster, namespace, lambda: [Backend(pod, behind.port)]) as way:
            host, port = way.address
            reply = Asker(resolve={url.host: f"{host}:{port}"}, timeout=timeout)(url, wire(url))
            if not reply.answered:
                reply.error = next(iter([*way.broken, *way.refused]), reply.error)
            return reply

    return ask


def _has_ended(cluster: Cluster, namespace: str, pod: str) -> bool:
    """Whether a pod is surely gone or going."""
    try:
        found = cluster.find("v1", "Pod", namespace, pod)
    except ClusterError:
        return False
    return found is None or "deletionTimestamp" in found["metadata"]
