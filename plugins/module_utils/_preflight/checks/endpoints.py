# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Are the services there that the release talks to, outside the cluster or inside it?"""

from __future__ import annotations

import typing as t

from ..._cluster.batch_get import Reached
from ..._findings import registry
from ..._findings.finding import Finding
from ..._objects.manifest import Key
from ..._variables import network_peers
from ..snapshot import PreflightSnapshot, Unknown, known
from ..view import OFF, PreflightView

EXTERNAL = "ExternalName"
HEADLESS = "None"
CORRECT_SERVICE = (
    "Create the Service or what stands behind it, or correct name and port. If it is a name of another DNS that pods "
    "resolve and this host does not, set prerequisites_endpoints to warning."
)


def check_endpoints(view: PreflightView) -> t.Iterator[Finding]:
    """Reachable from this host is what can be known; of a Service, which only pods reach, what the API says."""
    severity = view.options.endpoint_severity
    if severity == OFF:
        return
    for reached in unreached(view.snapshot):
        endpoint, service = reached.endpoint, service_of(reached, view.needs.namespace)
        problem = f"This host cannot open a connection: {reached.problem} (after {reached.seconds:.1f} s)."
        said = _problem_of_service(view, service, endpoint.port) if service else ""
        if said or service is None:
            yield registry.ENDPOINT_UNREACHABLE.found(
                f"{endpoint.name} {endpoint.host}:{endpoint.port}",
                f"{problem} {said}".strip(),
                severity=severity,
                next_step=CORRECT_SERVICE if service else "",
            )


def unreached(snapshot: PreflightSnapshot) -> list[Reached]:
    """The endpoints that this host could not connect to."""
    return [reached for reached in snapshot.endpoints if reached.problem]


def service_of(reached: Reached, namespace: str) -> Key | None:
    """The Service that a pod in the namespace would take the endpoint's host for."""
    host = reached.endpoint.host
    found = "" if network_peers.is_address(host) else network_peers.namespace_of_service(host, namespace)
    return Key("v1", "Service", found, host.partition(".")[0]) if found else None


def _problem_of_service(view: PreflightView, service: Key, port: int) -> str:
    """Why pods cannot reach it either; empty when they can, or when that is not known."""
    live = view.snapshot.live.get(service)
    if service in view.needs.keys or service not in view.snapshot.live or isinstance(live, Unknown):
        return ""
    if live is None:
        return f"{service}, which pods would take the name for, does not exist."
    spec, is_backed = live["spec"], known(view.snapshot.backed.get(service, True), True)
    if spec.get("type") == EXTERNAL:
        return ""
    ports = [item["port"] for item in spec.get("ports") or ()]
    if spec.get("clusterIP") != HEADLESS and port not in ports:
        return f"{service} has no port {port}, but {', '.join(map(str, ports)) or 'none'}."
    return "" if is_backed else f"{service} has nothing ready behind it."


CHECKS = (check_endpoints,)
