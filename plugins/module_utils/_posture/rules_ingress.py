# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of the outside: TLS and rate limit at the ingress, and that Prometheus sees the service."""

from __future__ import annotations

import typing as t

from .._health.facts import Live
from .._objects.label_selector import selects
from .._objects.manifest import displayed
from .view import PostureView
from .violation import Violation

NGINX_LIMITS = ("nginx.ingress.kubernetes.io/limit-rps", "nginx.ingress.kubernetes.io/limit-rpm")
TRAEFIK_CHAIN = "traefik.ingress.kubernetes.io/router.middlewares"
POLICIES = ("RateLimitPolicy", "BackendTrafficPolicy")
ALERTS = ("MaestroHighErrorRate", "MaestroHighLatency", "MaestroPodDown", "MaestroHighMemoryUsage")
"""One for each of the four alerts that the service must not be without."""


def ingress(view: PostureView) -> t.Iterator[Violation]:
    """Every way in but those that only send clients to HTTPS. A release without any has none to judge."""
    for item in view.of("Ingress"):
        if not _only_redirects(view, item):
            yield from _ingress_without_tls(item)
            if not _is_limited(view, item):
                yield Violation(displayed(item), "No rate limit is in front of it")
    for route in view.of("HTTPRoute"):
        if not _route_only_redirects(route):
            if not _route_has_tls(view, route):
                yield Violation(displayed(route), "It is attached to a listener without TLS")
            if not _route_is_limited(view, route):
                yield Violation(displayed(route), "No rate limit is in front of it")


def _ingress_without_tls(item: Live) -> t.Iterator[Violation]:
    covered = {host for each in item["spec"].get("tls") or () for host in each.get("hosts") or ()}
    hosts = [rule.get("host", "*") for rule in item["spec"].get("rules") or ()]
    for host in dict.fromkeys(hosts):
        if host not in covered:
            yield Violation(displayed(item), f"Host {host} is served without TLS")


def _chain(view: PostureView, item: Live) -> list[Live]:
    """The Traefik Middlewares that an Ingress or a route goes through, those inside chains too."""
    text = (item["metadata"].get("annotations") or {}).get(TRAEFIK_CHAIN, "")
    prefix, suffix = f"{view.namespace}-", "@kubernetescrd"
    names = [name.strip().removeprefix(prefix).removesuffix(suffix) for name in text.split(",") if name.strip()]
    rules = (item["spec"].get("rules") or ()) if item["kind"] == "HTTPRoute" else ()
    filters = [each for rule in rules for each in rule.get("filters") or ()]
    names += [
        each["extensionRef"]["name"] for each in filters if each.get("extensionRef", {}).get("kind") == "Middleware"
    ]
    found = [view.find("Middleware", name) for name in names]
    inner = [
        view.find("Middleware", each["name"])
        for middleware in found
        if middleware
        for each in (middleware["spec"].get("chain") or {}).get("middlewares") or ()
    ]
    return [middleware for middleware in (*found, *inner) if middleware]


def _only_redirects(view: PostureView, item: Live) -> bool:
    chain = _chain(view, item)
    return any((each["spec"].get("redirectScheme") or {}).get("scheme") == "https" for each in chain)


def _is_limited(view: PostureView, item: Live) -> bool:
    annotations = item["metadata"].get("annotations") or {}
    by_nginx = any(str(annotations.get(name, "0")) not in ("", "0") for name in NGINX_LIMITS)
    return by_nginx or any("rateLimit" in each["spec"] for each in _chain(view, item))


def _route_only_redirects(route: Live) -> bool:
    rules = route["spec"].get("rules") or ()
    return bool(rules) and all(
        any(each.get("type") == "RequestRedirect" for each in rule.get("filters") or ()) for rule in rules
    )


def _route_has_tls(view: PostureView, route: Live) -> bool:
    """Whether the listeners have TLS; those of a Gateway that is not the release's are its owner's matter."""
    for parent in route["spec"].get("parentRefs") or ():
        gateway = view.find("Gateway", parent["name"])
        for listener in (gateway or {"spec": {}})["spec"].get("listeners") or ():
            if parent.get("sectionName") in (None, listener["name"]) and not listener.get("tls"):
                return False
    return True


def _route_is_limited(view: PostureView, route: Live) -> bool:
    name = route["metadata"]["name"]
    attached = [
        policy
        for policy in view.of(*POLICIES)
        if any(target.get("name") == name for target in policy["spec"].get("targetRefs") or ())
    ]
    return any("rateLimit" in each["spec"] for each in (*attached, *_chain(view, route)))


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
