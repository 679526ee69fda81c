# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What in a namespace does not belong to the release, so that deleting the namespace would take it along."""

from __future__ import annotations

import typing as t

from .._cluster.client import ApiError, Cluster
from .._objects.manifest import Manifest
from .objects.ownership import CREATED_BY, INSTANCE, ReleaseName, is_ours
from .record.history import RECORD_LABEL

DERIVED_GROUPS = ("metrics.k8s.io", "custom.metrics.k8s.io", "events.k8s.io")
DERIVED_KINDS = frozenset({"Endpoints", "Event"})
"""What the cluster makes of other objects by itself, without naming an owner."""
OF_EVERY_NAMESPACE = frozenset(
    {
        ("ConfigMap", "istio-ca-root-cert"),
        ("ConfigMap", "kube-root-ca.crt"),
        ("ConfigMap", "openshift-service-ca.crt"),
        ("ServiceAccount", "builder"),
        ("ServiceAccount", "default"),
        ("ServiceAccount", "deployer"),
    }
)
"""What a cluster puts into each namespace."""
TOKEN_TYPES = ("kubernetes.io/service-account-token", "kubernetes.io/dockercfg")
CERTIFICATE, ISSUED = "cert-manager.io/certificate-name", "controller.cert-manager.io/fao"
SHOWN = 5


class Contents(t.NamedTuple):
    """Objects of others as `<kind>/<name>`, and kinds that may not be listed."""

    others: tuple[str, ...]
    unlisted: tuple[str, ...] = ()


def why_it_stays(cluster: Cluster, namespace: Manifest, release: ReleaseName) -> str:
    """Why the release may not delete its namespace with all that is in it, or an empty string."""
    annotations = namespace["metadata"].get("annotations") or {}
    if annotations.get(CREATED_BY) != release.name:
        return "the release did not create it"
    found = contents(cluster, release)
    if found.others:
        count = f"{len(found.others)} object{'' if len(found.others) == 1 else 's'} of others"
        more = f" and {len(found.others) - SHOWN} more" if len(found.others) > SHOWN else ""
        return f"it holds {count}: {', '.join(found.others[:SHOWN])}{more}"
    if found.unlisted:
        return f"nobody knows what else it holds: {', '.join(found.unlisted)} may not be listed"
    return ""


def contents(cluster: Cluster, release: ReleaseName) -> Contents:
    """All objects in the release's namespace that are neither its own nor made of its own by the cluster."""
    answers = cluster.parallel(lambda kind: _of_kind(cluster, kind, release), _kinds(cluster))
    others = sorted({name for found in answers for name in found.others})
    return Contents(tuple(others), tuple(sorted(kind for found in answers for kind in found.unlisted)))


class Listed(t.NamedTuple):
    """A kind that can be listed in a namespace, and where."""

    kind: str
    path: str


def _kinds(cluster: Cluster) -> list[Listed]:
    groups = cluster.get("/apis").get("groups") or ()
    versions = [each["preferredVersion"]["groupVersion"] for each in groups if each["name"] not in DERIVED_GROUPS]
    paths = ["/api/v1", *(f"/apis/{version}" for version in versions)]
    return [kind for kinds in cluster.parallel(lambda path: _of_version(cluster, path), paths) for kind in kinds]


def _of_version(cluster: Cluster, path: str) -> list[Listed]:
    """The kinds of one version of a group; none where what serves it is away: that keeps a namespace by itself."""
    try:
        resources = cluster.get(path).get("resources") or ()
    except ApiError as error:
        if error.status not in (403, 404, 503):
            raise
        return []
    return [
        Listed(each["kind"], f"{path}/namespaces/{{}}/{each['name']}")
        for each in resources
        if each["namespaced"] and "list" in each.get("verbs", ()) and each["kind"] not in DERIVED_KINDS
    ]


def _of_kind(cluster: Cluster, kind: Listed, release: ReleaseName) -> Contents:
    try:
        items = cluster.get(kind.path.format(release.namespace)).get("items") or ()
    except ApiError as error:
        if error.status == 403:
            return Contents((), (kind.kind,))
        if error.status in (404, 405):
            return Contents(())
        raise
    names = [f"{kind.kind}/{item['metadata']['name']}" for item in items if _is_anothers(kind.kind, item, release)]
    return Contents(tuple(names))


def _is_anothers(kind: str, item: Manifest, release: ReleaseName) -> bool:
    """What has an owner counts for that: it is in the namespace, or of no use without it."""
    metadata = item["metadata"]
    labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
    of_cluster = (
        metadata.get("ownerReferences")
        or (kind, metadata["name"]) in OF_EVERY_NAMESPACE
        or (kind == "Secret" and (item.get("type") in TOKEN_TYPES or CERTIFICATE in annotations or ISSUED in labels))
    )
    of_release = (
        is_ours(item, release)
        or labels.get(RECORD_LABEL) == release.name
        or (kind == "Lease" and metadata["name"] == f"{release.name}-release")
        or (kind == "PersistentVolumeClaim" and labels.get(INSTANCE) == release.name)
    )
    return not (of_cluster or of_release)
