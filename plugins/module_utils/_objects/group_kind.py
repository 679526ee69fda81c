# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The name of a kind: its name alone where it is Kubernetes' own, else with its API group. Pure.

Kubernetes writes a group-kind as `Kind.group` (apimachinery, GroupKind.String). No two kinds of its own groups share a
name, so those keep the name that everybody knows: `Service` is the core's, `Service.serving.knative.dev` is Knative's.
"""

from __future__ import annotations

import typing as t

BUILT_IN_GROUPS = frozenset(
    {
        "",
        "admissionregistration.k8s.io",
        "apiextensions.k8s.io",
        "apiregistration.k8s.io",
        "apps",
        "authentication.k8s.io",
        "authorization.k8s.io",
        "autoscaling",
        "batch",
        "certificates.k8s.io",
        "coordination.k8s.io",
        "discovery.k8s.io",
        "events.k8s.io",
        "extensions",
        "flowcontrol.apiserver.k8s.io",
        "networking.k8s.io",
        "node.k8s.io",
        "policy",
        "rbac.authorization.k8s.io",
        "resource.k8s.io",
        "scheduling.k8s.io",
        "storage.k8s.io",
        "storagemigration.k8s.io",
    }
)
"""The groups that kube-apiserver and its aggregator serve themselves; whatever else ends in k8s.io is a CRD."""


def group_of(api_version: str) -> str:
    """The API group of an apiVersion; empty for the core's."""
    return api_version.rpartition("/")[0]


def group_kind(api_version: str, kind: str) -> str:
    """`Deployment`, `Certificate.cert-manager.io`."""
    group = group_of(api_version)
    return kind if group in BUILT_IN_GROUPS else f"{kind}.{group}"


def kind_of(item: t.Mapping[str, t.Any]) -> str:
    """The name of the kind of a manifest or of a live object."""
    return group_kind(str(item.get("apiVersion", "")), str(item["kind"]))


def identity(item: t.Mapping[str, t.Any]) -> tuple[str, str, str]:
    """(kind, namespace, name) of a manifest or of a live object; the namespace is empty for what has none."""
    return kind_of(item), item["metadata"].get("namespace", ""), item["metadata"]["name"]


def plain(kind: str) -> str:
    """The name of a kind without its group."""
    return kind.partition(".")[0]
