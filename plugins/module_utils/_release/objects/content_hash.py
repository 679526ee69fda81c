# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Immutable ConfigMaps and Secrets are named by their content, and everything that refers to them follows.

Old pods keep the settings that they were started with, a change of settings rolls the pods, and a former release's
settings are still there when it is restored. Only objects marked `immutable: true` are renamed.
"""

from __future__ import annotations

import copy
import hashlib
import json
import typing as t

from ..._objects.manifest import Key, Manifest, key_of
from ..._objects.pod_template import pod_spec, settings_of

DIGITS = 10
CONTENT = ("data", "binaryData", "type")
Names = t.Mapping[tuple[str, str], str]
"""From (kind, plain name) to the name by content, in one namespace."""


def is_named_by_content(manifest: Manifest) -> bool:
    return manifest["kind"] in ("ConfigMap", "Secret") and manifest.get("immutable") is True


def name_by_content(manifests: t.Sequence[Manifest]) -> list[Manifest]:
    """The manifests with content names and with every reference rewritten; Secrets must hold their values."""
    names: dict[str, dict[tuple[str, str], str]] = {}
    for manifest in filter(is_named_by_content, manifests):
        key = key_of(manifest)
        names.setdefault(key.namespace, {})[key.kind, key.name] = f"{key.name}-{_digest(manifest)}"
    return [_renamed(manifest, names.get(key_of(manifest).namespace, {})) for manifest in manifests]


def named_by_content(manifests: t.Iterable[Manifest]) -> set[Key]:
    """The objects among `manifests` that are named by their content."""
    return {key_of(manifest) for manifest in manifests if is_named_by_content(manifest)}


def plain_name(name: str) -> str:
    """The name without the digits that tell the content."""
    return name.rpartition("-")[0]


def holds_its_content(manifest: Manifest, live: Manifest) -> bool:
    """Whether a live object named by its content still has that content; `manifest` says what was counted in."""
    content = {field: live[field] for field in CONTENT if field in manifest and field in live}
    return bool(manifest["metadata"]["name"].endswith(f"-{_digest(content)}"))


def _digest(manifest: Manifest) -> str:
    content = {field: manifest[field] for field in CONTENT if field in manifest}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:DIGITS]


def _renamed(manifest: Manifest, names: Names) -> Manifest:
    renamed = copy.deepcopy(manifest)
    own = names.get((manifest["kind"], manifest["metadata"]["name"]))
    if own and is_named_by_content(manifest):
        renamed["metadata"]["name"] = own
    if manifest["kind"] == "ServiceAccount":
        _follow_pull_secrets(renamed, names)
    pod = pod_spec(renamed) or {}
    _follow_pull_secrets(pod, names)
    for reference in settings_of(pod):
        _follow(*reference, names)
    return renamed


def _follow_pull_secrets(holder: Manifest, names: Names) -> None:
    for reference in holder.get("imagePullSecrets") or ():
        _follow("Secret", reference, "name", names)


def _follow(kind: str, holder: Manifest, field: str, names: Names) -> None:
    name = names.get((kind, holder.get(field, "")))
    if name:
        holder[field] = name
