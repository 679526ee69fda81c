# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs that have done their work in an earlier release and were removed by their TTL: they are not run again. Pure."""

from __future__ import annotations

import typing as t

from ..._objects.manifest import Key, Manifest, key_of


def removes_itself(manifest: Manifest) -> bool:
    """Whether it is a Job that is removed some time after it has ended."""
    is_job = manifest["kind"] == "Job" and manifest["apiVersion"].startswith("batch/")
    return is_job and "ttlSecondsAfterFinished" in (manifest.get("spec") or {})


def finished_jobs(
    previous: t.Iterable[Manifest], manifests: t.Iterable[Manifest], is_there: t.Callable[[Key], bool]
) -> frozenset[Key]:
    """Those that the previous release, which passed, declared in the same way and that are gone."""
    known = {key_of(manifest): manifest for manifest in previous if removes_itself(manifest)}
    same = [key_of(manifest) for manifest in manifests if known.get(key_of(manifest)) == manifest]
    return frozenset(key for key in same if not is_there(key))
