# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order in which a release is applied: each stage needs what the former ones made. Pure."""

from __future__ import annotations

import typing as t

from ..._objects.manifest import Manifest

ORDER = "maestro.intelgraph.ai/order"
"""Annotation by which an object asks for one of the stages AROUND_WORKLOAD, for example a Job that migrates data."""
NAMESPACE, DEFINITIONS, SETTINGS = "namespace", "definitions", "settings"
BEFORE_WORKLOAD, WORKLOAD, TRAFFIC, AFTER_WORKLOAD = "before-workload", "workload", "traffic", "after-workload"
AROUND_WORKLOAD = (BEFORE_WORKLOAD, AFTER_WORKLOAD)


class Stage(t.NamedTuple):
    """Kinds, as `<kind>.<group>`, that can be applied together, once the stages before it are in place."""

    name: str
    kinds: frozenset[str] = frozenset()


STAGES = (
    Stage(NAMESPACE, frozenset({"Namespace"})),
    Stage(DEFINITIONS, frozenset({"CustomResourceDefinition.apiextensions.k8s.io"})),
    Stage(
        "foundation",
        frozenset(
            {
                "ClusterIssuer.cert-manager.io",
                "ClusterRole.rbac.authorization.k8s.io",
                "ClusterRoleBinding.rbac.authorization.k8s.io",
                "ClusterSecretStore.external-secrets.io",
                "Issuer.cert-manager.io",
                "LimitRange",
                "NetworkPolicy.networking.k8s.io",
                "PersistentVolume",
                "PriorityClass.scheduling.k8s.io",
                "ResourceQuota",
                "Role.rbac.authorization.k8s.io",
                "RoleBinding.rbac.authorization.k8s.io",
                "RuntimeClass.node.k8s.io",
                "SecretStore.external-secrets.io",
                "ServiceAccount",
                "StorageClass.storage.k8s.io",
            }
        ),
    ),
    Stage(
        SETTINGS,
        frozenset(
            {
                "Certificate.cert-manager.io",
                "ConfigMap",
                "ExternalSecret.external-secrets.io",
                "PersistentVolumeClaim",
                "Secret",
            }
        ),
    ),
    Stage(BEFORE_WORKLOAD),
    Stage(
        WORKLOAD,
        frozenset(
            {
                "CronJob.batch",
                "DaemonSet.apps",
                "Deployment.apps",
                "HorizontalPodAutoscaler.autoscaling",
                "Job.batch",
                "Pod",
                "PodDisruptionBudget.policy",
                "ReplicaSet.apps",
                "Service",
                "StatefulSet.apps",
            }
        ),
    ),
    Stage(TRAFFIC),
    Stage(AFTER_WORKLOAD),
)
"""A kind that no stage names comes after the workload: it concerns traffic or monitoring, or is nobody knows what."""
NAMES = tuple(stage.name for stage in STAGES)

Item = t.TypeVar("Item")


def stage_of(manifest: Manifest) -> int:
    """The number of the stage in which the object is applied."""
    asked = asked_order(manifest)
    if asked in AROUND_WORKLOAD:
        return NAMES.index(asked)
    kind = group_kind(manifest)
    return next((number for number, stage in enumerate(STAGES) if kind in stage.kinds), NAMES.index(TRAFFIC))


def asked_order(manifest: Manifest) -> str:
    """What the object itself says of its order, or an empty string."""
    return str((manifest["metadata"].get("annotations") or {}).get(ORDER, ""))


def group_kind(manifest: Manifest) -> str:
    """`Deployment.apps`, and `Service` for the core group: another group's Service is another kind."""
    group = manifest["apiVersion"].rpartition("/")[0]
    return f"{manifest['kind']}.{group}" if group else str(manifest["kind"])


def by_stage(items: t.Iterable[Item], manifest: t.Callable[[Item], Manifest]) -> list[tuple[str, list[Item]]]:
    """The items in the order of the stages, each stage with its name; empty stages are left out."""
    staged: dict[int, list[Item]] = {}
    for item in items:
        staged.setdefault(stage_of(manifest(item)), []).append(item)
    return [(STAGES[number].name, staged[number]) for number in sorted(staged)]


def in_order(manifests: t.Iterable[Manifest]) -> list[Manifest]:
    """The manifests in the order of the stages, otherwise as they came."""
    return sorted(manifests, key=stage_of)
