# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the account must be allowed to do, and which of it the API server has to be asked about one by one."""

from __future__ import annotations

import typing as t

from .._cluster.api_resources import KINDS, Kind
from .._objects.manifest import Key, Manifest, key_of
from .._release.planning.plan import NEVER_PRUNED
from .requirements import Needs

Rule = t.Mapping[str, t.Any]
REVIEW = "authorization.k8s.io/v1"

WRITE = ("get", "create", "patch", "delete")
WATCH = ("list", "watch")
UNWATCHED = frozenset({"Secret"})
OBSERVED = {
    ("v1", "Pod"): ("list", "watch"),
    ("v1", "Event"): ("list", "watch"),
    ("apps/v1", "ReplicaSet"): ("list", "watch"),
    ("discovery.k8s.io/v1", "EndpointSlice"): ("list", "watch"),
    ("v1", "Secret"): ("get", "list", "create", "patch", "delete"),
    ("coordination.k8s.io/v1", "Lease"): ("get", "create", "patch", "delete"),
}
"""What every release does besides its manifests: it watches its pods and what leads to them, keeps its history and
takes its lock."""


class Permission(t.NamedTuple):
    """One verb on one resource; `subject` is the kind, or the Role whose grants it belongs to."""

    subject: str
    verb: str
    group: str
    resource: str
    namespace: str = ""
    name: str = ""


def required(
    needs: Needs, kinds: t.Mapping[tuple[str, str], Kind], there: t.Collection[Key] = frozenset()
) -> list[Permission]:
    """Each verb on each kind that applying, watching, pruning and recording the release takes.

    An object outside the namespace that is `there` already need not be created: a platform team may have done that.
    """
    found = [access for manifest in needs.manifests for access in _of_manifest(manifest, kinds, there)]
    for (api_version, kind), verbs in OBSERVED.items():
        key = Key(api_version, kind, needs.namespace, "")
        found += [_access(key, KINDS[api_version, kind], verb) for verb in verbs]
    return list(dict.fromkeys(found))


def forwarding(namespace: str) -> list[Permission]:
    """What opening a port-forward takes: it is a GET, which newer API servers let only those do who may create too."""
    return [Permission("Port-forward", verb, "", "pods/portforward", namespace) for verb in ("get", "create")]


def granted_by_roles(needs: Needs) -> list[Permission]:
    """What the release's own Roles grant: nobody may grant what they do not hold (or `escalate`)."""
    return [
        Permission(str(key_of(role)), verb, group, resource, needs.namespace, name)
        for role in needs.of_kind("Role")
        for rule in role.get("rules") or ()
        for verb in rule.get("verbs") or ()
        for group in rule.get("apiGroups") or ()
        for resource in rule.get("resources") or ()
        for name in rule.get("resourceNames") or ("",)
    ]


def escalations(needs: Needs) -> list[Permission]:
    """The verb that stands in for holding what a Role grants."""
    return [
        Permission(str(key_of(role)), "escalate", "rbac.authorization.k8s.io", "roles", needs.namespace)
        for role in needs.of_kind("Role")
    ]


def uncovered(accesses: t.Iterable[Permission], rules: t.Sequence[Rule]) -> list[Permission]:
    """What the rules of the account in the namespace do not grant for sure.

    Rules of a namespace say nothing of objects outside it, so these are always left over. The others may still be
    granted by an authorizer that lists no rules: only a review of each decides.
    """
    return [access for access in accesses if not access.namespace or not any(_grants(rule, access) for rule in rules)]


def review(access: Permission) -> Manifest:
    """The SelfSubjectAccessReview that decides."""
    resource, subresource = [*access.resource.split("/"), ""][:2]
    attributes = {
        "verb": access.verb,
        "group": access.group,
        "resource": resource,
        "subresource": subresource,
        "namespace": access.name if resource == "namespaces" else access.namespace,
        "name": access.name,
    }
    filled = {name: value for name, value in attributes.items() if value}
    return {"apiVersion": REVIEW, "kind": "SelfSubjectAccessReview", "spec": {"resourceAttributes": filled}}


def rules_review(namespace: str) -> Manifest:
    """The SelfSubjectRulesReview that lists what the account may do in a namespace."""
    return {"apiVersion": REVIEW, "kind": "SelfSubjectRulesReview", "spec": {"namespace": namespace}}


def _of_manifest(
    manifest: Manifest, kinds: t.Mapping[tuple[str, str], Kind], there: t.Collection[Key]
) -> t.Iterator[Permission]:
    key = key_of(manifest)
    kind = kinds.get((key.api_version, key.kind))
    if kind is None:
        return
    needless = {"delete"} if key.kind in NEVER_PRUNED else set()
    if not kind.namespaced and key in there:
        needless.add("create")
    watched = WATCH if kind.namespaced and key.kind not in UNWATCHED else ()
    yield from (_access(key, kind, verb) for verb in (*WRITE, *watched) if verb not in needless)


def _access(key: Key, kind: Kind, verb: str) -> Permission:
    group = key.api_version.rpartition("/")[0]
    name = "" if verb in ("create", "list", "watch") or kind.namespaced else key.name
    return Permission(key.kind, verb, group, kind.plural, key.namespace if kind.namespaced else "", name)


def _grants(rule: Rule, access: Permission) -> bool:
    names = rule.get("resourceNames") or ()
    return (
        _has(rule.get("verbs"), access.verb)
        and _has(rule.get("apiGroups"), access.group)
        and _has(rule.get("resources"), access.resource)
        and (not names or access.name in names)
    )


def _has(values: t.Sequence[str] | None, value: str) -> bool:
    return bool(values) and (value in (values or ()) or "*" in (values or ()))
