# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is there what the manifests name but do not bring?"""

from __future__ import annotations

import typing as t

from ..._findings import registry
from ..._findings.finding import Finding
from ..._objects.manifest import Key, Manifest, key_of
from ..context import Context
from ..facts import Unknown
from ..references import Reference, keys_made, made_by

DATA_KINDS = frozenset({"Secret", "ConfigMap"})


def check_references(context: Context) -> t.Iterator[Finding]:
    """An object that nobody brings must be there, with the keys that are read."""
    brought = _brought(context)
    for reference in context.needs.references:
        target = reference.target
        if target in brought:
            yield from _evaluate_keys(reference, keys_made(brought[target]), brought[target])
            continue
        live = context.facts.live.get(target)
        if target not in context.facts.live or isinstance(live, Unknown):
            continue
        if live is None:
            yield _missing(reference, context)
        elif target.kind in DATA_KINDS:
            yield from _evaluate_keys(reference, _filled(live), live)


def _brought(context: Context) -> dict[Key, Manifest]:
    """Each object that the release brings or has made, with the manifest that it comes from."""
    own = {key_of(manifest): manifest for manifest in context.needs.manifests}
    made = {key: manifest for manifest in context.needs.manifests if (key := made_by(manifest))}
    return {**made, **own}


def _missing(reference: Reference, context: Context) -> Finding:
    where = " The namespace itself does not exist yet." if context.facts.namespace is None else ""
    keys = f" It must have the keys {', '.join(reference.keys)}." if reference.keys else ""
    inside = where if reference.target.namespace == context.needs.namespace else ""
    return registry.REFERENCE_MISSING.found(
        reference.target, f"{reference.user} needs it, but it does not exist and no role brings it.{inside}{keys}"
    )


def _evaluate_keys(reference: Reference, keys: frozenset[str] | None, source: Manifest) -> t.Iterator[Finding]:
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
