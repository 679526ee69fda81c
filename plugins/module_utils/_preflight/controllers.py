# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The software that serves or acts on what the manifests hold: how it is known, what to do where it lacks."""

from __future__ import annotations

import re

from .._ingress import providers
from .._ingress.provider import Software

CONTROLLER_KINDS = ("Deployment", "DaemonSet")


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
CLUSTER_AUTOSCALER = Software("Cluster Autoscaler", r"cluster-autoscaler(-[a-z0-9]+)?", (), "")

ALL = (CERT_MANAGER, PROMETHEUS_OPERATOR, EXTERNAL_SECRETS, *providers.software(), CLUSTER_AUTOSCALER)
OPERATORS = (CERT_MANAGER, PROMETHEUS_OPERATOR, EXTERNAL_SECRETS)
"""Software whose absence leaves its objects lying unread, although the API server takes them."""
WATCHED = tuple(each for each in ALL if each.image)
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
