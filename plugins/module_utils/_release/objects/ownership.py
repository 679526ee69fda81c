# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which fields a release owns: replicas belong to the HPA, and status and bookkeeping to the cluster."""

from __future__ import annotations

import copy
import re
import typing as t

from ..._objects.manifest import SECRET_MARK, Key, Manifest, is_secret, key_of

MANAGER = "intelgraph.maestro"
"""Field manager of everything that a release declares."""
INITIAL_MANAGER = "intelgraph.maestro-initial"
"""Field manager of what is given at creation only, so that a later apply neither owns nor resets it."""
AUTOSCALED = re.compile(rf'\.spec\.replicas: conflict with "({re.escape(INITIAL_MANAGER)}|kube-controller-manager)"')
BOOKKEEPING = ("managedFields", "resourceVersion", "uid", "creationTimestamp", "generation", "selfLink")
INSTANCE, MANAGED_BY = "app.kubernetes.io/instance", "app.kubernetes.io/managed-by"
"""Labels of every object of a release: its name, and MANAGER."""
HOME = "maestro.intelgraph.ai/home"
"""Label of a cluster-scoped object: the namespace of the release that it belongs to."""
CREATED_BY = "maestro.intelgraph.ai/created-by"
"""Annotation of a namespace that a release has made because it was not there; it holds the release's name."""
TAKEN_OVER = "maestro.intelgraph.ai/taken-over"
"""Annotation that a run puts on the objects of one whose lock it took over; it belongs to no release."""
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
"""Annotation in which `kubectl apply` keeps a copy of the object, a Secret's values with it."""


class ReleaseName(t.NamedTuple):
    """What releases of one thing have in common: their name, and the namespace that holds their history."""

    name: str
    namespace: str

    def __str__(self) -> str:
        return f"{self.name} in {self.namespace}"


def at_home(manifests: t.Iterable[Manifest], namespace: str) -> list[Manifest]:
    """The manifests; those of cluster-scoped objects bear the namespace of the release to which they belong."""
    return [manifest if key_of(manifest).namespace else _labelled(manifest, namespace) for manifest in manifests]


def is_ours(live: Manifest, release: ReleaseName) -> bool:
    """Made by this release, and not taken over by another release or tool since."""
    return _release_of(live, release.namespace) == release


def other_release(live: Manifest, release: ReleaseName) -> ReleaseName | None:
    """The release that an object belongs to, if that is another one than this."""
    owner = _release_of(live, release.namespace)
    return None if owner == release else owner


def owner_of(live: Manifest) -> tuple[str, ...]:
    """Who made the object and to which release it belongs, by its labels; empty where they do not say."""
    labels = live["metadata"].get("labels") or {}
    return tuple(labels.get(name, "") for name in (MANAGED_BY, INSTANCE, HOME))


def _release_of(live: Manifest, namespace: str) -> ReleaseName | None:
    """The release that made the object, in `namespace` where nothing says otherwise; None for what none has made."""
    manager, name, home = owner_of(live)
    return ReleaseName(name, live["metadata"].get("namespace") or home or namespace) if manager == MANAGER else None


def _labelled(manifest: Manifest, namespace: str) -> Manifest:
    metadata = manifest["metadata"]
    return {**manifest, "metadata": {**metadata, "labels": {**(metadata.get("labels") or {}), HOME: namespace}}}


def is_managed(live: Manifest) -> bool:
    """Whether a release has declared fields of it, whoever made it."""
    return any(entry.get("manager") == MANAGER for entry in live["metadata"].get("managedFields") or ())


def managers_of(live: Manifest) -> list[str]:
    """Who manages fields of it, but for its status; each once, in the order of their names."""
    entries = live["metadata"].get("managedFields") or ()
    return sorted(
        {entry["manager"] for entry in entries if entry.get("manager") and entry.get("subresource") != "status"}
    )


def without_initial_replicas(manifests: t.Sequence[Manifest]) -> tuple[list[Manifest], dict[Key, int]]:
    """The manifests without the `replicas` of what an HPA among them scales, and those replicas by object."""
    scaled = {_scaled_by(manifest) for manifest in manifests if manifest["kind"] == "HorizontalPodAutoscaler"}
    initial: dict[Key, int] = {}
    kept = []
    for manifest in manifests:
        key = key_of(manifest)
        if (key.kind, key.namespace, key.name) not in scaled or "replicas" not in (manifest.get("spec") or {}):
            kept.append(manifest)
            continue
        released = copy.deepcopy(manifest)
        initial[key] = released["spec"].pop("replicas")
        kept.append(released)
    return kept, initial


def initial_replicas(key: Key, replicas: int) -> Manifest:
    """The one field that is given when the workload is created."""
    metadata = {"name": key.name, "namespace": key.namespace}
    return {"apiVersion": key.api_version, "kind": key.kind, "metadata": metadata, "spec": {"replicas": replicas}}


def hands_over_replicas(manifest: Manifest, live: Manifest | None) -> bool:
    """Whether a release that declared replicas leaves them to an autoscaler now.

    The API server would reset a field to its default when its only manager lets go of it: one pod.
    """
    if live is None or "replicas" in (manifest.get("spec") or {}):
        return False
    return any(
        entry.get("manager") == MANAGER and "f:replicas" in (entry.get("fieldsV1") or {}).get("f:spec", {})
        for entry in live["metadata"].get("managedFields") or ()
    )


def is_of_autoscaler(field: str, manager: str) -> bool:
    """Whether it is replicas that an autoscaler had from this manager; `field` is a path as in a conflict."""
    return bool(AUTOSCALED.match(f'{field}: conflict with "{manager}"'))


def are_replicas_of_autoscaler(conflicts: t.Collection[str]) -> bool:
    """Whether a release may take over everything that it is in conflict about: replicas that an autoscaler had."""
    return bool(conflicts) and all(AUTOSCALED.match(conflict) for conflict in conflicts)


def comparable(live: Manifest | None) -> Manifest:
    """An object without status and bookkeeping: two of them differ only in what somebody declared."""
    if live is None:
        return {}
    kept = {field: value for field, value in live.items() if field != "status"}
    metadata = {field: value for field, value in live["metadata"].items() if field not in BOOKKEEPING}
    annotations = metadata.pop("annotations", None) or {}
    declared = {name: text for name, text in annotations.items() if name not in (LAST_APPLIED, TAKEN_OVER)}
    kept["metadata"] = {**metadata, "annotations": declared} if declared else metadata
    return kept


def without_secret_values(manifest: Manifest, previous: Manifest | None = None) -> Manifest:
    """A Secret with marks in place of its values; a value that differs from `former`'s has a mark that says so."""
    if not manifest or not is_secret(manifest):
        return manifest
    before = (previous or {}).get("data") or {}
    displayed = {
        key: SECRET_MARK if previous is None or before.get(key) == value else f"{SECRET_MARK[:-1]}, changed)"
        for key, value in (manifest.get("data") or {}).items()
    }
    return {**{field: value for field, value in manifest.items() if field != "stringData"}, "data": displayed}


def _scaled_by(autoscaler: Manifest) -> tuple[str, str, str]:
    target = (autoscaler.get("spec") or {}).get("scaleTargetRef") or {}
    return (target.get("kind", ""), autoscaler["metadata"].get("namespace", ""), target.get("name", ""))


def field_changes(before: t.Any, after: t.Any, path: str = "") -> list[tuple[str, t.Any, t.Any]]:
    """Where two values differ: (path, before, after), None for a field that one side lacks.

    Lists of objects with names are matched by name, as Kubernetes merges them; another order is a change of the list.
    """
    if before == after:
        return []
    if isinstance(before, dict) and isinstance(after, dict):
        return _inner_changes(before, after, f"{path}." if path else "")
    if is_named_list(before) and is_named_list(after):
        return _inner_changes(_by_name(before), _by_name(after), path) or [(path, before, after)]
    return [(path, before, after)]


def _inner_changes(before: Manifest, after: Manifest, stem: str) -> list[tuple[str, t.Any, t.Any]]:
    keys = [*before, *(key for key in after if key not in before)]
    return [change for key in keys for change in field_changes(before.get(key), after.get(key), f"{stem}{key}")]


def is_named_list(value: t.Any) -> bool:
    """A list of objects that each have a name of their own."""
    if not isinstance(value, list) or not all(isinstance(item, dict) and "name" in item for item in value):
        return False
    return 0 < len(value) == len(_by_name(value))


def _by_name(items: t.Sequence[Manifest]) -> Manifest:
    return {f"[{item['name']}]": item for item in items}
