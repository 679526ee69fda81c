# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is there what the manifests name but do not bring?"""

from __future__ import annotations

import typing as t

from ..._findings import registry
from ..._findings.finding import Finding
from ..._objects.manifest import Key, Manifest, key_of
from ..references import Dependency, keys_made, made_by
from ..snapshot import Unknown
from ..view import PreflightView

DATA_KINDS = frozenset({"Secret", "ConfigMap"})


def check_references(view: PreflightView) -> t.Iterator[Finding]:
    """An object that nobody brings must be there, with the keys that are read."""
    brought = _brought(view)
    for reference in view.needs.references:
        target = reference.target
        if target in brought:
            yield from _evaluate_keys(reference, keys_made(brought[target]), brought[target])
            continue
        live = view.snapshot.live.get(target)
        if target not in view.snapshot.live or isinstance(live, Unknown):
            continue
        if live is None:
            yield _missing(reference, view)
        elif target.kind in DATA_KINDS:
            yield from _evaluate_keys(reference, _filled(live), live)


def _brought(view: PreflightView) -> dict[Key, Manifest]:
    """Each object that the release brings or has made, with the manifest that it comes from."""
    own = {key_of(manifest): manifest for manifest in view.needs.manifests}
    made = {key: manifest for manifest in view.needs.manifests if (key := made_by(manifest))}
    return {**made, **own}


def _missing(reference: Dependency, view: PreflightView) -> Finding:
    where = " The namespace itself does not exist yet." if view.snapshot.namespace is None else ""
    keys = f" It must have the keys {', '.join(reference.keys)}." if reference.keys else ""
    inside = where if reference.target.namespace == view.needs.namespace else ""
    return registry.REFERENCE_MISSING.found(
        reference.target, f"{reference.user} needs it, but it does not exist and no role brings it.{inside}{keys}"
    )


def _evaluate_keys(reference: Dependency, keys: frozenset[str] | None, source: Manifest) -> t.Iterator[Finding]:
    missing = [] if keys is None else [key for key in reference.keys if key not in keys]
    if missing:
        through = f" (from {key_of(source)})" if source["kind"] != reference.target.kind else ""
        yield registry.SECRET_KEYS_MISSING.found(
            reference.target, f"{reference.user} reads {', '.join(missing)}, missing or empty there{through}."
        )


def _filled(live: Manifest) -> frozenset[str]:
    """The keys of a live Secret or ConfigMap that have a value."""
    return frozenset(
        key for key, value in {**(live.get("data") or {}), **(live.get("binaryData") or {})}.items() if value
    )


CHECKS = (check_references,)
