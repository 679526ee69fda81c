# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds what a run that was taken over may have created after its successor had cleared up: no record names it."""

from __future__ import annotations

import typing as t

from .._cluster.api_resources import Manifest
from .._cluster.client import ApiError, Cluster
from .._objects.manifest import Key, key_of
from .objects.ownership import ReleaseName, is_managed, is_ours
from .record.history import INTERRUPTED, PENDING, History


def orphans(
    cluster: Cluster, history: History, release: ReleaseName, manifests: t.Iterable[Manifest]
) -> frozenset[Key]:
    """Objects in its namespace that a release made and no remembered one has.

    Looked for only as long as the history remembers a run that was killed, and among the kinds that its releases
    have. What may not be listed is told as a warning.
    """
    if not any(record.state in (PENDING, INTERRUPTED) for record in history.records):
        return frozenset()
    known = {key for record in history.records for key in record.keys} | {key_of(each) for each in manifests}
    kinds = sorted({(key.api_version, key.kind) for key in known if key.namespace == release.namespace})
    found = cluster.parallel(lambda kind: _made_by_a_release(cluster, kind, release), kinds)
    return frozenset(key for keys in found for key in keys) - known


def _made_by_a_release(cluster: Cluster, kind: tuple[str, str], release: ReleaseName) -> set[Key]:
    selector = f"app.kubernetes.io/instance={release.name}"
    try:
        items = cluster.list_objects(*kind, release.namespace, labelSelector=selector)["items"]
    except ApiError as error:
        if error.status not in (403, 404):
            raise
        if error.status == 403:
            cluster.warnings.append(f"What a killed run may have left of kind {kind[1]} was not looked for: {error}")
        return set()
    return {
        Key(*kind, release.namespace, item["metadata"]["name"])
        for item in items
        if is_ours(item, release) and is_managed(item)
    }
