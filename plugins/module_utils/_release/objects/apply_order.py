# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order in which a release is applied: each stage needs what the former ones made."""

from __future__ import annotations

import typing as t

from ..._objects.manifest import Manifest


class Stage(t.NamedTuple):
    """Kinds that can be applied together, once the stages before it are in place."""

    name: str
    kinds: frozenset[str]


STAGES = (
    Stage("namespace", frozenset({"Namespace"})),
    Stage(
        "foundation",
        frozenset(
            {
                "ClusterIssuer",
                "ClusterRole",
                "ClusterRoleBinding",
                "ClusterSecretStore",
                "Issuer",
                "LimitRange",
                "NetworkPolicy",
                "PriorityClass",
                "ResourceQuota",
                "Role",
                "RoleBinding",
                "SecretStore",
                "ServiceAccount",
                "StorageClass",
            }
        ),
    ),
    Stage("settings", frozenset({"Certificate", "ConfigMap", "ExternalSecret", "PersistentVolumeClaim", "Secret"})),
    Stage(
        "workload",
        frozenset({"Deployment", "HorizontalPodAutoscaler", "PodDisruptionBudget", "Service", "StatefulSet"}),
    ),
    Stage("traffic", frozenset()),
)
"""A kind that no stage names belongs to the last one: it concerns traffic or monitoring."""
WORKLOAD = next(number for number, stage in enumerate(STAGES) if stage.name == "workload")
"""The number of the first stage that starts pods."""

Item = t.TypeVar("Item")


def stage_of(kind: str) -> int:
    """The number of the stage in which objects of this kind are applied."""
    return next((number for number, stage in enumerate(STAGES) if kind in stage.kinds), len(STAGES) - 1)


def by_stage(items: t.Iterable[Item], kind: t.Callable[[Item], str]) -> list[tuple[str, list[Item]]]:
    """The items in the order of the stages, each stage with its name; empty stages are left out."""
    staged: dict[int, list[Item]] = {}
    for item in items:
        staged.setdefault(stage_of(kind(item)), []).append(item)
    return [(STAGES[number].name, staged[number]) for number in sorted(staged)]


def in_order(manifests: t.Iterable[Manifest]) -> list[Manifest]:
    """The manifests in the order of the stages, otherwise as they came."""
    return sorted(manifests, key=lambda manifest: stage_of(manifest["kind"]))
