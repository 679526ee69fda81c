# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is the place where the release goes free of what would stop it: its namespace, admission, lock, fixed fields?"""

from __future__ import annotations

import typing as t

from ..._findings import registry
from ..._findings.finding import Finding
from ..._objects.manifest import Manifest, key_of
from ..._release.objects.ownership import ReleaseName, is_ours
from ..._release.planning.plan import REPLACEABLE
from ..._release.planning.selector_change import labels_to_add
from ..snapshot import Refusal, Unknown
from ..view import PreflightView
from .capacity import pods_of_others

FIXED_FIELDS: dict[str, tuple[str, ...]] = {
    "Deployment": ("spec.selector",),
    "StatefulSet": ("spec.selector", "spec.serviceName", "spec.podManagementPolicy"),
    "StorageClass": ("provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"),
    "PersistentVolumeClaim": ("spec.storageClassName", "spec.accessModes", "spec.volumeMode"),
    "RoleBinding": ("roleRef",),
}
"""Fields that the API server lets nobody change; an update of one is refused in the middle of a release."""
DEFAULTS = {"volumeBindingMode": "Immediate", "reclaimPolicy": "Delete", "spec.podManagementPolicy": "OrderedReady"}
SHOWN_PODS = 10
SOLVER_LABEL = "acme.cert-manager.io/http01-solver"
"""Pods that cert-manager starts for the release's certificate."""
NOT_ALLOWED_TO_CREATE = "cannot create resource"
ABOUT_QUOTA = "exceeded quota"


def check_namespace(view: PreflightView) -> t.Iterator[Finding]:
    namespace = view.snapshot.namespace
    if namespace is None or isinstance(namespace, Unknown) or not namespace.terminating_since:
        return
    held = "; ".join(namespace.held_by) or "the server does not say by what"
    yield registry.NAMESPACE_TERMINATING.found(
        f"Namespace {view.needs.namespace}",
        f"It is being deleted since {namespace.terminating_since} and takes no new object. It is held by {held}.",
        namespace.held_by,
    )


def check_shared(view: PreflightView) -> t.Iterator[Finding]:
    """A namespace that is not the release's own may hold pods of others, which some of its objects are about too."""
    others = [pod for pod in pods_of_others(view) or () if SOLVER_LABEL not in pod.labels]
    strict = [str(key_of(manifest)) for manifest in view.needs.manifests if _is_about_all_pods(manifest)]
    if others and strict and not view.needs.of_kind("Namespace"):
        names = sorted(pod.name for pod in others)
        yield registry.NAMESPACE_SHARED.found(
            f"Namespace {view.needs.namespace}",
            f"It is shared with pods of others ({len(others)}), and {', '.join(strict)} would be about them too.",
            [f"Pod {name}" for name in names[:SHOWN_PODS]],
        )


def _is_about_all_pods(manifest: Manifest) -> bool:
    return manifest["kind"] in ("ResourceQuota", "LimitRange") or (
        manifest["kind"] == "NetworkPolicy" and not any((manifest["spec"].get("podSelector") or {}).values())
    )


def check_admission(view: PreflightView) -> t.Iterator[Finding]:
    """A pod that admission refuses shows only as a Deployment that stays without pods; quotas are judged apart."""
    for key, refusal in view.snapshot.dry_runs.items():
        if not isinstance(refusal, Refusal) or NOT_ALLOWED_TO_CREATE in refusal.message:
            continue
        if refusal.status == 0 or refusal.status >= 500 or ABOUT_QUOTA in refusal.message:
            continue
        check = registry.POD_SECURITY if "violates PodSecurity" in refusal.message else registry.POD_REFUSED
        yield check.found(key, f"The API server refuses its pods (dry run): {refusal.message}", [refusal.message])


def check_history(view: PreflightView) -> t.Iterator[Finding]:
    pending = view.snapshot.pending
    if pending is None or isinstance(pending, Unknown):
        return
    name = f"Release {view.needs.name} in {view.needs.namespace}"
    record = pending.record or "its lock"
    if pending.holder:
        left = f"its lock is renewed, or free in {pending.lease_seconds_left:.0f} s by the clock of this machine"
        yield registry.RELEASE_IN_PROGRESS.found(
            name,
            f"Another run is at work ({record}), held by {pending.holder}, or was killed a moment ago; {left}. "
            "The release looks at the lock and refuses when that run lives",
            severity="warning",
            next_step="Wait until it ends; to go on is safe, because nothing changes beside it.",
        )
    elif pending.record:
        yield registry.RELEASE_INTERRUPTED.found(name, f"A former run ended without an outcome ({record}).")


def check_fixed_fields(view: PreflightView) -> t.Iterator[Finding]:
    """What cannot be changed and is not deleted and created anew by the release itself."""
    for manifest in view.needs.manifests:
        live = view.snapshot.live.get(key_of(manifest))
        if live is None or isinstance(live, Unknown):
            continue
        goes_anew = manifest["kind"] in REPLACEABLE or labels_to_add(manifest, live) is not None
        if goes_anew and is_ours(live, ReleaseName(view.needs.name, view.needs.namespace)):
            continue
        for path in FIXED_FIELDS.get(manifest["kind"], ()):
            before, after = _field(live, path), _field(manifest, path)
            if after is not None and before != after:
                yield registry.FIELD_IMMUTABLE.found(
                    key_of(manifest),
                    f"{path} cannot be changed once it is there: it is {before}, and would be {after}.",
                )


def _field(manifest: Manifest, path: str) -> t.Any:
    value: t.Any = manifest
    for part in path.split("."):
        value = (value or {}).get(part)
    return DEFAULTS.get(path) if value is None else value


CHECKS = (check_namespace, check_shared, check_admission, check_history, check_fixed_fields)
