# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which objects of a namespace belong to a release: what it declares, what those own and name, their events. Pure."""

from __future__ import annotations

import typing as t

from .._health.facts import Live
from .._objects.group_kind import identity
from .scope import BundleSubject

INSTANCE = "app.kubernetes.io/instance"
SURROUNDINGS = ("Namespace", "ResourceQuota", "LimitRange")
"""Kinds that bear on every release in the namespace, whoever made them."""
WORKLOADS = ("Deployment", "StatefulSet", "ReplicaSet", "Job")
OFFSPRING = ("Pod", "ReplicaSet", "PersistentVolumeClaim")
"""Kinds whose names begin with that of the workload that made them; events of those that are gone stay for an hour."""
NAMED = {
    "ConfigMap": ("configMap.name", "configMapRef.name", "configMapKeyRef.name"),
    "PersistentVolumeClaim": ("persistentVolumeClaim.claimName",),
    "Secret": (
        "secretName",
        "secret.name",
        "secretRef.name",
        "secretKeyRef.name",
        "imagePullSecrets.name",
        "target.name",
    ),
    "ServiceAccount": ("serviceAccountName",),
}
"""Where an object names another of the kind, by the last fields of the path."""


def belonging(objects: t.Mapping[str, t.Sequence[Live]], subject: BundleSubject) -> dict[str, tuple[Live, ...]]:
    """The objects that belong to the release, by kind; a kind of which none does is there, with none."""
    everything = [live for lives in objects.values() for live in lives if live["kind"] != "Event"]
    kept = {_uid(live): live for live in _roots(everything, subject)}
    grown = -1
    while grown != len(kept):
        grown = len(kept)
        named = {reference for live in kept.values() for reference in references(live)}
        kept.update(
            (_uid(live), live)
            for live in everything
            if _owners(live) & kept.keys() or (live["kind"], live["metadata"]["name"]) in named
        )
    ordered = sorted([*kept.values(), *_about(kept.values(), objects.get("Event", ()))], key=identity)
    return {kind: tuple(live for live in ordered if live["kind"] == kind) for kind in objects}


def _roots(everything: t.Iterable[Live], subject: BundleSubject) -> list[Live]:
    """What the release declares or declared, what carries its label, and what bears on everything in the namespace."""
    declared = {identity(manifest) for record in subject.records for manifest in record.manifests}
    return [
        live
        for live in everything
        if live["kind"] in SURROUNDINGS
        or identity(live) in declared
        or (live["metadata"].get("labels") or {}).get(INSTANCE) == subject.name
    ]


def _about(kept: t.Collection[Live], events: t.Iterable[Live]) -> list[Live]:
    """The events about one of the objects, or about a pod that one of their workloads had."""
    names = {(live["kind"], live["metadata"]["name"]) for live in kept}
    workloads = tuple(f"{live['metadata']['name']}-" for live in kept if live["kind"] in WORKLOADS)
    found = []
    for event in events:
        about = event.get("involvedObject") or {}
        name = str(about.get("name", ""))
        if (about.get("kind"), name) in names or (about.get("kind") in OFFSPRING and name.startswith(workloads)):
            found.append(event)
    return found


def references(live: Live) -> set[tuple[str, str]]:
    """The objects of the same namespace that this one names, as (kind, name)."""
    return {
        (kind, value)
        for path, value in _texts(live.get("spec"), ())
        for kind, places in NAMED.items()
        if ".".join(path[-2:]) in places or path[-1] in places
    }


def _texts(value: t.Any, path: tuple[str, ...]) -> t.Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, dict):
        for field, inner in value.items():
            yield from _texts(inner, (*path, str(field)))
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, path)
    elif isinstance(value, str) and path:
        yield path, value


def _uid(live: Live) -> str:
    return str(live["metadata"].get("uid") or identity(live))


def _owners(live: Live) -> set[str]:
    return {str(owner.get("uid")) for owner in live["metadata"].get("ownerReferences") or ()}
