# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the Secrets that somebody else keeps, and has workloads roll when their values are others than before."""

from __future__ import annotations

import dataclasses
import typing as t

from ..._cluster.client import ApiError, Cluster
from ..._objects.manifest import Key, Manifest, key_of
from ..objects.external_secret_digest import Values, digest, digest_of, external_secrets, with_digest
from .plan import CHANGE, KEEP, Plan, Step

FORBIDDEN = 403


def with_digests(cluster: Cluster, manifests: t.Sequence[Manifest]) -> list[Manifest]:
    """The manifests, each workload with the digest of what the Secrets that it reads hold now."""
    digests = _digests(cluster, external_secrets(manifests))
    return [_marked(manifest, digests) for manifest in manifests]


def renewed(cluster: Cluster, plan: Plan) -> Plan:
    """The plan, with workloads changed whose Secrets have other values now than when it was made."""
    declared = [step.manifest for step in plan.steps if step.manifest is not None]
    digests = _digests(cluster, external_secrets(declared))
    return Plan(tuple(_renewed(step, digests) for step in plan.steps))


def _digests(cluster: Cluster, read: t.Mapping[Key, tuple[Key, ...]]) -> dict[Key, str]:
    """By workload; as long as values are not known it keeps the digest that it has."""
    values = _values(cluster, sorted({secret for each in read.values() for secret in each}))
    return {workload: digest(each, values) or _kept(cluster, workload) for workload, each in read.items()}


def _values(cluster: Cluster, secrets: t.Sequence[Key]) -> Values:
    try:
        return dict(zip(secrets, cluster.parallel(lambda key: cluster.find(*key), secrets), strict=True))
    except ApiError as error:
        if error.status != FORBIDDEN:
            raise
        cluster.warnings.append(f"Pods do not follow a change of their Secrets' values: {error.message}")
        return {}


def _kept(cluster: Cluster, workload: Key) -> str:
    live = cluster.find(*workload)
    return digest_of(live) if live else ""


def _marked(manifest: Manifest, digests: t.Mapping[Key, str]) -> Manifest:
    key = key_of(manifest)
    return with_digest(manifest, digests[key]) if key in digests else manifest


def _renewed(step: Step, digests: t.Mapping[Key, str]) -> Step:
    if step.manifest is None or step.predicted is None or step.key not in digests:
        return step
    wanted = digests[step.key]
    if wanted == digest_of(step.manifest):
        return step
    action = CHANGE if step.action == KEEP else step.action
    manifest, predicted = with_digest(step.manifest, wanted), with_digest(step.predicted, wanted)
    return dataclasses.replace(step, action=action, manifest=manifest, predicted=predicted)
