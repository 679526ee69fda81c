# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Service leads to: one of its ports, and the pods that are ready behind it. Pure."""

from __future__ import annotations

import re
import typing as t

from ..._findings import registry
from ..api_resources import Manifest
from ..errors import ClusterError
from .listener import Backend

USUAL_PORT = "http"
_TEXT = re.compile(r"(?:service|svc)/(?P<name>[a-z0-9]([-a-z0-9]*[a-z0-9])?)(?::(?P<port>[a-z0-9-]+))?")
_TLS_NAMES = ("https", "kubernetes.io/wss", "wss")


class NotForwardable(ClusterError):
    """Nothing that could be forwarded to: no such Service, no such port, or no pod behind it that is ready."""

    finding_type = registry.PORT_FORWARD_NO_TARGET


class ServicePort(t.NamedTuple):
    """`service/NAME:PORT` in its parts; without a port the one named http is meant, or the only one."""

    service: str
    port: str = ""

    def __str__(self) -> str:
        return f"service/{self.service}" + (f":{self.port}" if self.port else "")


class Port(t.NamedTuple):
    """A port of a Service, and whether TLS is spoken there."""

    name: str
    number: int
    tls: bool = False


def service_port_of(text: str) -> ServicePort | None:
    """The parts of `service/NAME` or `service/NAME:PORT`; None when it is something else."""
    found = _TEXT.fullmatch(text.strip())
    return ServicePort(found["name"], found["port"] or "") if found else None


def port_of(service: Manifest, wanted: str = "") -> Port:
    """The port that is meant, by its name or number. Raises NoWay, naming the ports that there are."""
    name, spec = service["metadata"]["name"], service["spec"]
    if spec.get("type") == "ExternalName":
        raise NotForwardable(f"Service {name} stands for {spec.get('externalName')}, which is outside the cluster")
    ports = [each for each in spec.get("ports") or () if each.get("protocol", "TCP") == "TCP"]
    meant = wanted or (USUAL_PORT if len(ports) != 1 else "")
    for each in ports:
        if not meant or meant in (each.get("name"), str(each["port"])):
            return Port(each.get("name") or "", each["port"], _speaks_tls(each))
    known = ", ".join(f"{each.get('name') or 'unnamed'} ({each['port']})" for each in ports) or "none"
    raise NotForwardable(f"Service {name} has no TCP port {meant}; its ports: {known}")


def backends_of(slices: t.Iterable[Manifest], port: Port) -> list[Backend]:
    """The ready pods of a Service's EndpointSlices, each with the number that the port has in it."""
    found = {
        Backend(endpoint["targetRef"]["name"], number)
        for each in slices
        for number in _numbers(each, port)
        for endpoint in each.get("endpoints") or ()
        if _is_ready(endpoint) and (endpoint.get("targetRef") or {}).get("kind") == "Pod"
    }
    return sorted(found)


def _numbers(endpoint_slice: Manifest, port: Port) -> t.Iterator[int]:
    """A named target port may have another number in each pod; slices hold pods of one number."""
    for each in endpoint_slice.get("ports") or ():
        if (each.get("name") or "") == port.name and each.get("port") and each.get("protocol", "TCP") == "TCP":
            yield each["port"]


def _is_ready(endpoint: Manifest) -> bool:
    """An endpoint that says nothing counts as ready, as the API has it."""
    conditions = endpoint.get("conditions") or {}
    return conditions.get("ready") is not False and not conditions.get("terminating")


def _speaks_tls(port: Manifest) -> bool:
    """By the port's protocol where it tells one, else by its name or its usual number."""
    reported = port.get("appProtocol")
    return str(reported).lower() in _TLS_NAMES if reported else port.get("name") == "https" or port["port"] == 443
