# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Has a smoke run ask the pods behind a Service through the API server, where there is no public way from here."""

from __future__ import annotations

import contextlib
import dataclasses
import time
import typing as t

from .._cluster.client import Cluster
from .._cluster.errors import ApiError, ClusterError
from .._cluster.port_forward.listener import Forwarding
from .._cluster.port_forward.service_endpoints import (
    NotForwardable,
    Port,
    ServicePort,
    backends_of,
    port_of,
)
from .._cluster.watch import Informer, Source, until
from .._findings import registry
from .._smoke.http.request import NotAllowed
from .._smoke.options import SmokeOptions, SmokePlan
from .._smoke.past_ingress import Signs, inner, not_asked, spread
from .._smoke.runner import Transport

Params = t.Mapping[str, t.Any]
PATIENCE = 2.0
"""Seconds for the first pod to be ready: endpoints follow readiness a moment later."""
VERBS = ("get", "create")
"""What opening a port-forward takes: it is a GET, which API servers from 1.35 on let only those do who may create."""


class ForwardingRefused(ClusterError):
    """The API server does not forward ports for this account, or not at all."""

    finding_type = registry.PORT_FORWARD_REFUSED


@dataclasses.dataclass(frozen=True)
class Through:
    """An open way: what is asked on it, and what it leaves out by name."""

    plan: SmokePlan
    left_out: tuple[str, ...]
    forwarding: Forwarding
    reported: str

    def transport(self, transport: Transport) -> Transport:
        """The manner of a run on this way: only the service's own origin is reached by it."""
        host, port = self.forwarding.address
        url = self.plan.url
        return dataclasses.replace(
            transport,
            resolve={**transport.resolve, f"{url.host}:{url.port}": f"{host}:{port}"},
            reported=self.reported,
            notes=(not_asked(self.reported, self.left_out),),
            signs=self._signs,
        )

    def as_dict(self) -> dict[str, t.Any]:
        """Plain values, for a module's result."""
        return {
            "asked": self.reported,
            "left_out": list(self.left_out),
            "connections": dict(sorted(self.forwarding.opened.items())),
            "refused": dict(self.forwarding.refused),
            "broken": dict(self.forwarding.broken),
        }

    def _signs(self) -> Signs:
        counts = (self.forwarding.broken, self.forwarding.refused)
        broken, refused = (tuple(f"{text} ({times} x)" for text, times in each.most_common()) for each in counts)
        return Signs(broken, refused)


@contextlib.contextmanager
def opened(parsed: SmokeOptions, connection: Params) -> t.Iterator[Through]:
    """The way for as long as the block runs. Raises NotAllowed, NotForwardable, ForwardingRefused, ClusterError."""
    way, namespace = parsed.port_forward, parsed.namespace
    if way is None:
        raise NotAllowed("there is no port_forward")
    with Cluster.connect(connection) as cluster:
        port = port_of(_service(cluster, namespace, way), way.port)
        plan, left_out = inner(parsed.given, port.tls)
        slices = Source("discovery.k8s.io/v1", "EndpointSlice", namespace, f"kubernetes.io/service-name={way.service}")
        with Informer(cluster, [slices]) as informer:
            ready = _ready(informer, port, way, namespace)
            with Forwarding(
                cluster, namespace, lambda: backends_of(informer.objects("EndpointSlice"), port)
            ) as forwarding:
                _require(cluster, namespace, forwarding)
                reported = f"{way._replace(port=port.name or str(port.number))} in {namespace}"
                yield Through(spread(plan, ready), left_out, forwarding, reported)


def _service(cluster: Cluster, namespace: str, way: ServicePort) -> dict[str, t.Any]:
    service = cluster.find("v1", "Service", namespace, way.service)
    if service is None:
        there = [item["metadata"]["name"] for item in cluster.list_objects("v1", "Service", namespace)["items"]]
        raise NotForwardable(f"{namespace} has no Service {way.service}; it has {', '.join(sorted(there)) or 'none'}")
    return service


def _ready(informer: Informer, port: Port, way: ServicePort, namespace: str) -> int:
    """How many pods are ready behind the Service. Raises NotForwardable when none is within a moment."""

    def backends() -> int:
        return len(backends_of(informer.objects("EndpointSlice"), port))

    informer.synced(PATIENCE)
    if not until(informer, lambda: backends() > 0, time.monotonic() + PATIENCE):
        raise NotForwardable(f"No pod behind Service {way.service} of {namespace} is ready")
    return backends()


def _require(cluster: Cluster, namespace: str, forwarding: Forwarding) -> None:
    """Try the way once before anything is asked on it."""
    try:
        forwarding.require()
    except ApiError as error:
        verbs = _missing(cluster, namespace) if error.status == 403 else []
        lacks = f"The account may not {' and '.join(verbs)} pods/portforward in {namespace}. " if verbs else ""
        raise ForwardingRefused(f"{lacks}{error}") from error


def _missing(cluster: Cluster, namespace: str) -> list[str]:
    """The verbs on pods/portforward that the account lacks, by the API server's own review."""
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    lacking = []
    for verb in VERBS:
        asked = {"verb": verb, "resource": "pods", "subresource": "portforward", "namespace": namespace}
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": asked},
        }
        if not cluster.create(path, body)["status"].get("allowed"):
            lacking.append(verb)
    return lacking
