# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One release as it is remembered, and what its record must have to be used. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from ..._findings.finding import PASSED
from ..._objects.manifest import Key, Manifest, key_of, malformed
from ..bounded_json import Budget, Unreadable, is_count, parsed, unpacked

PENDING, INTERRUPTED = "pending", "interrupted"
"""The state of a record until its release has a verdict, which is its state from then on, and what becomes of
`pending` when its run was killed: the next one writes that.
"""
NUMBERS = ("rollback_to", "first_released_as")
"""What a record says of its run that later runs count with."""
MAPPINGS = ("spec", "data", "status", "roleRef")
"""Fields of a manifest that are dictionaries in every kind that has them."""


@dataclasses.dataclass(frozen=True)
class Record:
    """One release as it is remembered.

    `manifests` are the applied objects without secret values; `about` holds who, when (UTC, ISO 8601) and why;
    `outcome` what came of it (empty while `state` is `pending`).
    """

    number: int
    state: str
    manifests: tuple[Manifest, ...]
    about: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    outcome: dict[str, t.Any] = dataclasses.field(default_factory=dict)

    @property
    def keys(self) -> set[Key]:
        return {key_of(manifest) for manifest in self.manifests}

    @property
    def without_content(self) -> Record:
        """What is left of a record whose content is lost: it has not passed, and nothing can be restored from it."""
        return Record(self.number, INTERRUPTED if self.state == PASSED else self.state, (), outcome=self.outcome)


def filled(record: Record, packed: bytes, budget: Budget) -> Record:
    """The record with what its compressed content says. Raises Unreadable."""
    content = parsed(unpacked(packed, budget), budget)
    if not isinstance(content, dict):
        raise Unreadable(f"its content is a {type(content).__name__}, not an object")
    about, manifests = content.get("about"), content.get("manifests")
    if not isinstance(about, dict):
        raise Unreadable("its content has no about")
    if not isinstance(manifests, list):
        raise Unreadable("its content has no list of manifests")
    wrong = next((why for why in (*map(_unusable, manifests), _unusable_about(about)) if why), "")
    if wrong:
        raise Unreadable(wrong)
    return dataclasses.replace(record, manifests=tuple(manifests), about=about)


def outcome_of(text: str, budget: Budget) -> dict[str, t.Any]:
    """What came of a release. Raises Unreadable."""
    outcome = parsed(text.encode(errors="replace"), budget)
    if not isinstance(outcome, dict):
        raise Unreadable("its outcome is no object")
    wrong = [name for name in ("counts", "seconds", "smoke", "running") if not isinstance(outcome.get(name, {}), dict)]
    wrong += [name for name in ("findings", "timeline") if not _are_objects(outcome.get(name, []))]
    wrong += [name for name in ("reason", "ended") if not isinstance(outcome.get(name, ""), str)]
    if wrong:
        raise Unreadable(f"its outcome has no usable {', '.join(wrong)}")
    return outcome


def _unusable_about(about: dict[str, t.Any]) -> str:
    """Why what a record says of its run cannot be used, or an empty string."""
    numbers = [name for name in NUMBERS if not is_count(about.get(name, 0))]
    texts = [name for name in ("by", "reason", "begun", "run", "job") if not isinstance(about.get(name, ""), str)]
    mappings = [name for name in ("origin", "components", "plan") if not isinstance(about.get(name, {}), dict)]
    wrong = [*numbers, *texts, *mappings, *(() if _is_usable_proof(about.get("proof", {})) else ("proof",))]
    return f"what it says of its run has no usable {', '.join(wrong)}" if wrong else ""


def _is_usable_proof(proof: t.Any) -> bool:
    """Whether a later smoke test can read how the release proved itself."""
    if not proof:
        return isinstance(proof, dict)
    kinds = {"url": str, "expect": dict, "defaults": bool, "checks": list}
    if not isinstance(proof, dict) or any(not isinstance(proof.get(name), kind) for name, kind in kinds.items()):
        return False
    return all(isinstance(check, dict) and ("name" in check or len(check) > 1) for check in proof["checks"])


def _unusable(manifest: t.Any) -> str:
    """Why a manifest of a record cannot be used, or an empty string."""
    values = ("data", "stringData")
    is_object = isinstance(manifest, dict)
    bare = {name: part for name, part in manifest.items() if name not in values} if is_object else manifest
    if why := malformed(bare):
        return f"a manifest of it {why}"
    metadata, name = manifest["metadata"], f"{manifest['kind']} {manifest['metadata']['name']}"
    if not isinstance(metadata.get("namespace", ""), str):
        return f"its manifest of {name} has a namespace that is no string"
    wrong = [f"metadata.{field}" for field in ("labels", "annotations") if not _are_texts(metadata.get(field))]
    wrong += [field for field in MAPPINGS if not isinstance(manifest.get(field) or {}, dict)]
    wrong += [field for field in ("rules", "subjects") if not _are_objects(manifest.get(field) or [])]
    if not wrong:
        wrong = _unusable_spec(manifest.get("spec") or {}, manifest["kind"])
    return f"its manifest of {name} has no usable {', '.join(wrong)}" if wrong else ""


def _unusable_spec(spec: dict[str, t.Any], kind: str) -> list[str]:
    """The fields of a specification that others look into."""
    if kind == "HorizontalPodAutoscaler":
        target = spec.get("scaleTargetRef")
        is_target = isinstance(target, dict) and all(isinstance(target.get(field), str) for field in ("kind", "name"))
        return [] if is_target else ["spec.scaleTargetRef"]
    template = spec.get("template")
    if not isinstance(template, dict):
        return []
    pod = template.get("spec") or {}
    if not isinstance(pod, dict) or not isinstance(template.get("metadata") or {}, dict):
        return ["spec.template"]
    lists = ("containers", "initContainers", "ephemeralContainers", "volumes", "imagePullSecrets")
    return [f"spec.template.spec.{field}" for field in lists if not _are_objects(pod.get(field) or [])]


def _are_objects(value: t.Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _are_texts(value: t.Any) -> bool:
    return value is None or (isinstance(value, dict) and all(isinstance(text, str) for text in value.values()))
