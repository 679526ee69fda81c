# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a rollback would grant more than the cluster grants now, or reach beyond the release's namespace. Pure.

A record that nobody has signed may be another's work. What it makes run in the release's own namespace is bounded by
that; roles, bindings, cluster-scoped objects and objects of other namespaces are not.
"""

from __future__ import annotations

import typing as t

from ..._cluster.errors import ClusterError
from ..._findings import registry
from ..._objects.manifest import Key, Manifest
from ..objects.ownership import comparable
from .plan import ADOPT, CHANGE, CREATE, REPLACE, Plan, Step

RBAC = "rbac.authorization.k8s.io"
DESCRIPTIVE = "app.kubernetes.io/"
"""Labels that grant nothing; every release may have another version in them."""
POD_SECURITY = "pod-security.kubernetes.io/"
DONE = {CREATE: "create", CHANGE: "change", ADOPT: "take over", REPLACE: "replace"}


class RollbackEscalates(ClusterError):
    """A rollback would create or change what grants permissions or lies outside of the release's namespace."""

    finding_type = registry.ROLLBACK_RBAC


def require_no_escalation(plan: Plan, namespace: str, before: t.Mapping[Key, Manifest], number: int) -> None:
    """Raises RollbackEscalates, naming the objects.

    `before` are live objects as this run found them, before it changed any: to bring those back grants nothing new.
    """
    found = [step for step in plan.doing(*DONE) if is_guarded(step.key, namespace) and not _is_held(step, before)]
    if found:
        lines = "".join(f"\n- {DONE[step.action]} {step.key}{_grant(step.declared)}" for step in found)
        raise RollbackEscalates(
            f"The record of release {number} is not signed, and restoring it would do what the live release does not "
            f"hold:{lines}"
        )


def is_guarded(key: Key, namespace: str) -> bool:
    """Whether an object grants permissions, or is outside of the namespace."""
    return key.api_version.partition("/")[0] == RBAC or key.namespace != namespace


def _is_held(step: Step, before: t.Mapping[Key, Manifest]) -> bool:
    """Whether all that the object will grant is granted now, or was when this run began."""
    held = [live for live in (step.live, before.get(step.key)) if live is not None]
    after = step.predicted or step.declared
    if step.action == CHANGE and step.key.kind == "Namespace":
        return any(_only_loses_labels(live, after) for live in held)
    return any(_essence(live) == _essence(after) or _grants_no_more(live, after) for live in held)


def _essence(live: Manifest) -> Manifest:
    """The object without what only describes it."""
    kept = comparable(live)
    metadata = dict(kept["metadata"])
    labels = {name: text for name, text in (metadata.pop("labels", None) or {}).items() if DESCRIPTIVE not in name}
    return {**kept, "metadata": {**metadata, "labels": labels}}


def _grants_no_more(live: Manifest, after: Manifest) -> bool:
    """Whether a role or a binding grants nothing that it does not grant now."""
    if live["kind"] != after["kind"] or _aggregation(live) != _aggregation(after):
        return False
    if live["kind"] in ("Role", "ClusterRole"):
        return all(any(_covers(held, rule) for held in live.get("rules") or ()) for rule in after.get("rules") or ())
    if live["kind"] in ("RoleBinding", "ClusterRoleBinding"):
        subjects = live.get("subjects") or ()
        return live.get("roleRef") == after.get("roleRef") and all(
            subject in subjects for subject in after.get("subjects") or ()
        )
    return False


def _only_loses_labels(live: Manifest, after: Manifest) -> bool:
    """Whether a namespace gets no label or annotation, by which policies choose it, and keeps its Pod Security."""
    old, new = (_essence(each)["metadata"] for each in (live, after))
    security = [{name: text for name, text in each["labels"].items() if POD_SECURITY in name} for each in (old, new)]
    return security[0] == security[1] and all(
        (new.get(kind) or {}).items() <= (old.get(kind) or {}).items() for kind in ("labels", "annotations")
    )


def _aggregation(role: Manifest) -> list[t.Any]:
    """By what a ClusterRole takes rules of others in, or gives its own to others."""
    labels = role["metadata"].get("labels") or {}
    return [role.get("aggregationRule"), sorted(item for item in labels.items() if RBAC in item[0])]


def _covers(held: Manifest, rule: Manifest) -> bool:
    """Whether one rule grants all that another does; no names mean every name."""
    fields = ("verbs", "apiGroups", "resources", "nonResourceURLs")
    names = held.get("resourceNames") or ()
    return all(_has(held.get(field) or (), rule.get(field) or ()) for field in fields) and (
        not names or (bool(rule.get("resourceNames")) and _has(names, rule["resourceNames"]))
    )


def _has(held: t.Collection[str], wanted: t.Collection[str]) -> bool:
    return "*" in held or all(each in held for each in wanted)


def _grant(manifest: Manifest) -> str:
    """Whom a binding gives what, in a few words."""
    role = manifest.get("roleRef") or {}
    if not role:
        return ""
    subjects = ", ".join(f"{each.get('kind')} {each.get('name')}" for each in manifest.get("subjects") or ())
    return f" ({role.get('kind')} {role.get('name')} for {subjects or 'nobody'})"
