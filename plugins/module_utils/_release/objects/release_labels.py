# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every object of a release bears its labels and lies in its namespace, or no later release would find it. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from ..._objects.manifest import Manifest, key_of
from .assembly import BadComponents, Release
from .ownership import INSTANCE, MANAGED_BY, MANAGER, ReleaseName, at_home


def belonging(release: Release, name: ReleaseName) -> Release:
    """The release with its labels on every object that has none. Raises BadComponents for objects of others.

    What bears the labels of another release or tool, or lies in another namespace, would never be removed by a release.
    """
    problems = [problem for manifest in release.manifests for problem in _foreign(manifest, name)]
    if problems:
        raise BadComponents(f"Not of release {name}: {'; '.join(problems)}.", FOREIGN)
    manifests = at_home([_labelled(manifest, name) for manifest in release.manifests], name.namespace)
    return dataclasses.replace(release, manifests=tuple(manifests))


FOREIGN = (
    "Nothing was changed. Leave the labels out (a release sets them), and release what lies in another namespace as a "
    "release of its own (name and namespace)."
)


def _wanted(name: ReleaseName) -> dict[str, str]:
    return {INSTANCE: name.name, MANAGED_BY: MANAGER}


def _foreign(manifest: Manifest, name: ReleaseName) -> t.Iterator[str]:
    key = key_of(manifest)
    if key.namespace not in ("", name.namespace):
        yield f"{key} lies in namespace {key.namespace}, the release in {name.namespace}"
    labels = manifest["metadata"].get("labels") or {}
    for label, value in _wanted(name).items():
        if labels.get(label, value) != value:
            yield f"{key} has the label {label} {labels[label]!r}, which has to be {value!r}"


def _labelled(manifest: Manifest, name: ReleaseName) -> Manifest:
    metadata = manifest["metadata"]
    return {**manifest, "metadata": {**metadata, "labels": {**(metadata.get("labels") or {}), **_wanted(name)}}}
