# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects that a restored release has and does not write: what they hold is in no record, so they must be there."""

from __future__ import annotations

from ..._cluster.client import Cluster
from ..._cluster.errors import ClusterError
from ..._findings import registry
from ..._objects.manifest import Manifest, is_secret, key_of
from ..objects.assembly import Release
from ..objects.content_hash import holds_its_content, is_named_by_content
from .plan import KEEP, Step


class CannotRestore(ClusterError):
    """Something that a former release needs is gone, and no record holds it."""

    finding_type = registry.ROLLBACK_IMPOSSIBLE


def kept_steps(cluster: Cluster, release: Release) -> list[Step]:
    """A step for each object that is kept. Raises CannotRestore with all that are not there as they were."""
    manifests = [manifest for manifest in release.manifests if key_of(manifest) in release.kept]
    found = list(zip(manifests, cluster.parallel(lambda each: cluster.find(*key_of(each)), manifests), strict=True))
    problems = [f"{key_of(manifest)} {problem}" for manifest, live in found if (problem := _problem(manifest, live))]
    if problems:
        raise CannotRestore(f"What this release needs is in the cluster no more: {'; '.join(problems)}")
    return [
        Step(key_of(manifest), KEEP, manifest, live, live, note=release.kept[key_of(manifest)])
        for manifest, live in found
    ]


def _problem(manifest: Manifest, live: Manifest | None) -> str:
    if live is None:
        return "was deleted, and its values are in no record" if is_secret(manifest) else "was deleted"
    if is_named_by_content(manifest) and not holds_its_content(manifest, live):
        return "was made anew with other values"
    return ""
