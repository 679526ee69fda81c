# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The software that serves or acts on what the manifests hold: how it is known, what to do where it lacks."""

from __future__ import annotations

import re
import typing as t

CONTROLLER_KINDS = ("Deployment", "DaemonSet")


class Software(t.NamedTuple):
    """`image` matches the repository that its containers run (empty where nobody looks for them).

    `groups` are the API groups that it brings, `without` says what to set to deploy without it.
    """

    name: str
    image: str
    groups: tuple[str, ...]
    without: str


CERT_MANAGER = Software(
    "cert-manager",
    r"cert-manager-(controller|webhook|cainjector)",
    ("cert-manager.io", "acme.cert-manager.io"),
    "set ingress_tls_source to secret and bring the certificate",
)
PROMETHEUS_OPERATOR = Software(
    "prometheus-operator",
    r"prometheus-operator",
    ("monitoring.coreos.com",),
    "switch the part of the monitoring role off that contributes it",
)
EXTERNAL_SECRETS = Software(
    "external-secrets",
    r"external-secrets",
    ("external-secrets.io",),
    "set secrets_source to existing or inline",
)
INGRESS_NGINX = Software(
    "ingress-nginx",
    r"(ingress-nginx/controller(-chroot)?|nginx-ingress-controller)",
    (),
    "use another ingress_class or ingress_provider",
)
TRAEFIK = Software("Traefik", r"traefik", ("traefik.io",), "use another ingress_provider")
CLUSTER_AUTOSCALER = Software("Cluster Autoscaler", r"cluster-autoscaler(-[a-z0-9]+)?", (), "")
GATEWAY_API = Software("Gateway API", "", ("gateway.networking.k8s.io",), "use another ingress_provider")
ENVOY_GATEWAY = Software(
    "Envoy Gateway", "", ("gateway.envoyproxy.io",), "choose another ingress_gateway_implementation"
)
NGINX_GATEWAY = Software(
    "NGINX Gateway Fabric", "", ("gateway.nginx.org",), "choose another ingress_gateway_implementation"
)

ALL = (
    CERT_MANAGER,
    PROMETHEUS_OPERATOR,
    EXTERNAL_SECRETS,
    INGRESS_NGINX,
    TRAEFIK,
    CLUSTER_AUTOSCALER,
    GATEWAY_API,
    ENVOY_GATEWAY,
    NGINX_GATEWAY,
)
OPERATORS = (CERT_MANAGER, PROMETHEUS_OPERATOR, EXTERNAL_SECRETS)
"""Software whose absence leaves its objects lying unread, although the API server takes them."""
WATCHED = (*OPERATORS, INGRESS_NGINX, TRAEFIK, CLUSTER_AUTOSCALER)
SWITCHES = {
    "ServiceMonitor": "set monitoring_scraping_enabled to false",
    "PrometheusRule": "set monitoring_rules_enabled to false",
    "AlertmanagerConfig": "set monitoring_routing_enabled to false",
}
"""Kinds of a group that can be left out by themselves."""


def by_image(image: str) -> tuple[Software, str] | None:
    """Which watched software runs this image, and the version that its tag names (empty with a bare digest)."""
    repository, tag = split(image.partition("@")[0])
    for software in WATCHED:
        if re.search(rf"(^|/){software.image}$", repository):
            return software, tag.removeprefix("v")
    return None


def split(reference: str) -> tuple[str, str]:
    """Repository and tag; a colon before the last slash belongs to the registry's port."""
    host, slash, last = reference.rpartition("/")
    name, tag = [*last.split(":", 1), ""][:2]
    return f"{host}{slash}{name}", tag


def by_group(group: str) -> Software | None:
    """The software that brings an API group; None for a group of Kubernetes itself or an unknown one."""
    return next((software for software in ALL if group in software.groups), None)


def way_out(group: str, kind: str) -> str:
    """What to do where the cluster does not serve a kind."""
    brings = by_group(group)
    if brings is None:
        return "Use a cluster that serves it, or leave the objects out."
    return f"Install {brings.name}, which brings it, or {SWITCHES.get(kind, brings.without)}."
