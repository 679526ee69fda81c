# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets that pods read and that no manifest of the release holds: External Secrets or a person keeps their values.

A release cannot name them by their content. So the pod template bears a digest of their values: pods roll when a
value is another one than they were started with. The digest is of the cluster and not of the release, therefore it
is in no record. Pure.
"""

from __future__ import annotations

import copy
import hashlib
import json
import typing as t

from ..._objects.manifest import Key, Manifest, is_secret, key_of
from ..._objects.pod_template import pod_spec, settings_of
from .content_hash import DIGITS

DIGEST = "maestro.intelgraph.ai/secrets-digest"
ROLLED = frozenset({"Deployment", "StatefulSet"})
"""Kinds that replace their pods when the template changes."""
Values = t.Mapping[Key, "Manifest | None"]
"""Live Secrets as far as they may be read, None for one that does not exist."""


def external_secrets(manifests: t.Sequence[Manifest]) -> dict[Key, tuple[Key, ...]]:
    """For each workload the Secrets that its pods cannot do without and that the release does not make, by name."""
    own = {key_of(manifest) for manifest in manifests if is_secret(manifest)}
    read = {
        key_of(manifest): tuple(sorted({*_secrets_of(manifest)} - own))
        for manifest in manifests
        if manifest["kind"] in ROLLED
    }
    return {workload: secrets for workload, secrets in read.items() if secrets}


def digest(secrets: t.Iterable[Key], values: Values) -> str:
    """Names the values of these Secrets; empty while one of them is missing or may not be read."""
    held = {key.name: values.get(key) for key in secrets}
    if not all(held.values()):
        return ""
    content = {name: (live or {}).get("data") or {} for name, live in held.items()}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:DIGITS]


def digest_of(workload: Manifest) -> str:
    """The digest that a workload's pod template bears, or an empty string."""
    metadata = workload["spec"]["template"].get("metadata") or {}
    return str((metadata.get("annotations") or {}).get(DIGEST, ""))


def with_digest(workload: Manifest, text: str) -> Manifest:
    """The workload with this digest in its pod template, or with none."""
    marked = copy.deepcopy(workload)
    metadata = marked["spec"]["template"].setdefault("metadata", {})
    others = {name: value for name, value in (metadata.get("annotations") or {}).items() if name != DIGEST}
    if text or others or "annotations" in metadata:
        metadata["annotations"] = {**others, **({DIGEST: text} if text else {})}
    return marked


def _secrets_of(workload: Manifest) -> t.Iterator[Key]:
    namespace = key_of(workload).namespace
    for reference in settings_of(pod_spec(workload) or {}):
        if reference.kind == "Secret" and not reference.is_optional:
            yield Key("v1", "Secret", namespace, reference.name)
