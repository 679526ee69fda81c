# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of the outside: TLS and rate limit at the ingress, and that Prometheus sees the service."""

from __future__ import annotations

import typing as t

from .._health.facts import Live
from .._ingress import providers
from .._ingress.provider import RATE_LIMIT
from .._objects.label_selector import selects
from .._objects.manifest import displayed
from .view import PostureView
from .violation import Violation

ALERTS = ("MaestroHighErrorRate", "MaestroHighLatency", "MaestroPodDown", "MaestroHighMemoryUsage")
"""One for each of the four alerts that the service must not be without."""


def ingress(view: PostureView) -> t.Iterator[Violation]:
    """Every way in but those that only send clients to HTTPS. A release without any has none to judge."""
    for route in (*view.of("Ingress"), *view.of("HTTPRoute")):
        if providers.only_redirects(view, route):
            continue
        yield from _without_tls(view, route)
        if not providers.has(RATE_LIMIT, view, route):
            yield Violation(displayed(route), "No rate limit is in front of it")


def _without_tls(view: PostureView, route: Live) -> t.Iterator[Violation]:
    if route["kind"] == "Ingress":
        yield from _ingress_without_tls(route)
    elif not _route_has_tls(view, route):
        yield Violation(displayed(route), "It is attached to a listener without TLS")


def _ingress_without_tls(item: Live) -> t.Iterator[Violation]:
    covered = {host for each in item["spec"].get("tls") or () for host in each.get("hosts") or ()}
    hosts = [rule.get("host", "*") for rule in item["spec"].get("rules") or ()]
    for host in dict.fromkeys(hosts):
        if host not in covered:
            yield Violation(displayed(item), f"Host {host} is served without TLS")


def _route_has_tls(view: PostureView, route: Live) -> bool:
    """Whether the listeners have TLS; those of a Gateway that is not the release's are its owner's matter."""
    for parent in route["spec"].get("parentRefs") or ():
        gateway = view.find("Gateway", parent["name"])
        for listener in (gateway or {"spec": {}})["spec"].get("listeners") or ():
            if parent.get("sectionName") in (None, listener["name"]) and not listener.get("tls"):
                return False
    return True


def monitoring(view: PostureView) -> t.Iterator[Violation]:
    """Where the release has monitoring: the Service that the monitor names is there, and so are the alerts."""
    for monitor in view.of("ServiceMonitor"):
        selector = monitor["spec"].get("selector")
        services = [item for item in view.of("Service") if selects(selector, item["metadata"].get("labels") or {})]
        ports = {port.get("name") for item in services for port in item["spec"].get("ports") or ()}
        for endpoint in monitor["spec"].get("endpoints") or ():
            if endpoint.get("port") not in ports:
                yield Violation(
                    displayed(monitor), f"No Service that it selects has a port named {endpoint.get('port')}"
                )
    rules = view.of("PrometheusRule")
    if rules:
        groups = [group for item in rules for group in item["spec"].get("groups") or ()]
        names = {rule.get("alert") for group in groups for rule in group.get("rules") or ()}
        for alert in ALERTS:
            if alert not in names:
                yield Violation(view.displayed("PrometheusRule"), f"The alert {alert} does not exist")
