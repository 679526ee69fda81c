# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a ServiceAccount may do beside what its release grants: no verb more, none less. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from .._health.facts import Live
from .._objects.manifest import displayed
from .violation import Violation

PolicyRule = t.Mapping[str, t.Any]
ANY = "*"
SHOWN, LISTED = 3, 20
"""Resources that a sentence names before it only counts, and that its evidence lists."""
GRAVEST = (ANY, "secrets", "pods/exec", "pods/attach", "serviceaccounts/token", "rolebindings", "roles", "pods")
"""What opens the way to everything else; named first."""
EVERYBODYS: tuple[PolicyRule, ...] = (
    {
        "apiGroups": ["authorization.k8s.io"],
        "resources": ["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
        "verbs": ["create"],
    },
    {"apiGroups": ["authentication.k8s.io"], "resources": ["selfsubjectreviews"], "verbs": ["create"]},
    {
        "apiGroups": ["certificates.k8s.io"],
        "resources": ["clustertrustbundles"],
        "verbs": ["get", "list", "watch"],
    },
)
"""What Kubernetes itself grants every account that it knows (bindings labelled rbac-defaults)."""
BOOTSTRAPPING = "kubernetes.io/bootstrapping"


class Permit(t.NamedTuple):
    """One verb on one resource; `name` narrows it to one object."""

    group: str
    resource: str
    name: str
    verb: str

    def covers(self, other: Permit) -> bool:
        """Whether whoever holds this one holds the other too."""
        return (
            self.group in (ANY, other.group)
            and self.resource in (ANY, other.resource)
            and self.name in ("", other.name)
            and self.verb in (ANY, other.verb)
        )


@dataclasses.dataclass(frozen=True)
class Grant:
    """One binding that the account is a subject of, the role that it gives, and that role's rules."""

    binding: str
    role: str
    rules: tuple[PolicyRule, ...]
    since: str = ""


@dataclasses.dataclass(frozen=True)
class Access:
    """What is known of an account: the API server's own list of rules (None when it could not be had whole), and the
    grants that the bindings tell. `unread` are the kinds of bindings that could not be read.
    """

    namespace: str
    account: str
    rules: tuple[PolicyRule, ...] | None
    grants: tuple[Grant, ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def is_known(self) -> bool:
        """Whether the account's permissions are known to their end."""
        return self.rules is not None or not self.unread


def permits(rules: t.Iterable[PolicyRule]) -> list[Permit]:
    """The single permits that rules grant; rules about URLs grant none."""
    return [
        Permit(group, resource, name, verb)
        for rule in rules
        for group in rule.get("apiGroups") or ()
        for resource in rule.get("resources") or ()
        for name in rule.get("resourceNames") or ("",)
        for verb in rule.get("verbs") or ()
    ]


def violations(declared: t.Sequence[Live], access: Access) -> t.Iterator[Violation]:
    """One breach for each binding that gives more, one for what no binding explains, one for what is lacking."""
    roles = [item for item in declared if item["kind"] == "Role"]
    wanted = permits(rule for role in roles for rule in role.get("rules") or ())
    expected = [*wanted, *permits(EVERYBODYS)]
    given = [permit for grant in access.grants for permit in permits(grant.rules)]
    held = given if access.rules is None else permits(access.rules)
    more = _uncovered(held, expected)
    about = f"ServiceAccount {access.namespace}/{access.account}"
    for grant in access.grants:
        extra = [permit for permit in _uncovered(permits(grant.rules), expected) if _covered(permit, held)]
        if extra:
            message = f"It gives {about} more than the release does ({grant.role}): {worded(extra)}"
            made = f"the binding was made at {grant.since}" if grant.since else ""
            yield Violation(grant.binding, message, evidence=tuple(filter(None, (made, *listed(extra)))))
    unexplained = _uncovered(more, given)
    if unexplained:
        source = "by a binding that could not be read" if access.unread else "by something else than RBAC"
        yield Violation(
            about,
            f"It may do more than the release grants, {source}: {worded(unexplained)}",
            evidence=listed(unexplained),
        )
    lacking = _uncovered(wanted, held) if access.is_known else []
    if lacking:
        yield Violation(displayed(roles[0]), f"{about} may not do what this grants: {worded(lacking)}")


def _uncovered(asked: t.Iterable[Permit], given: t.Sequence[Permit]) -> list[Permit]:
    return [permit for permit in dict.fromkeys(asked) if not _covered(permit, given)]


def _covered(asked: Permit, given: t.Iterable[Permit]) -> bool:
    return any(permit.covers(asked) for permit in given)


def worded(many: t.Iterable[Permit]) -> str:
    """`get, list secrets; create pods/exec; and 4 more`, the gravest first."""
    parts = _by_resource(many)
    rest = len(parts) - SHOWN
    return "; ".join(parts[:SHOWN]) + (f"; and {rest} more" if rest > 0 else "")


def listed(many: t.Iterable[Permit]) -> tuple[str, ...]:
    """The same as lines of evidence, where the sentence does not name all."""
    parts = _by_resource(many)
    return tuple(parts[:LISTED]) if len(parts) > SHOWN else ()


def _by_resource(many: t.Iterable[Permit]) -> list[str]:
    """Verbs put together for each resource."""
    verbs: dict[str, list[str]] = {}
    for permit in sorted(many, key=_gravity):
        group = f".{permit.group}" if permit.group else ""
        resource = "everything" if (permit.group, permit.resource) == (ANY, ANY) else f"{permit.resource}{group}"
        named = f"{resource} {permit.name}" if permit.name else resource
        verbs.setdefault(named, []).append("any verb on" if permit.verb == ANY else permit.verb)
    return [f"{', '.join(each)} {resource}" for resource, each in verbs.items()]


def _gravity(permit: Permit) -> tuple[int, Permit]:
    rank = GRAVEST.index(permit.resource) if permit.resource in GRAVEST else len(GRAVEST)
    return rank, permit


def grants(bindings: t.Iterable[Live], roles: t.Iterable[Live]) -> tuple[Grant, ...]:
    """What each of these RoleBindings and ClusterRoleBindings gives; a role that is not there gives nothing."""
    rules = {(role["kind"], role["metadata"]["name"]): tuple(role.get("rules") or ()) for role in roles}
    found = []
    for binding in bindings:
        reference, since = binding["roleRef"], str(binding["metadata"].get("creationTimestamp", ""))
        given = rules.get((reference["kind"], reference["name"]), ())
        found.append(Grant(displayed(binding), f"{reference['kind']} {reference['name']}", given, since))
    return tuple(found)


def concerns(binding: Live, namespace: str, account: str) -> bool:
    """Whether a binding is about the account, by its name or by a group that it is in; Kubernetes' own are not."""
    if (binding["metadata"].get("labels") or {}).get(BOOTSTRAPPING):
        return False
    groups = {"system:authenticated", "system:serviceaccounts", f"system:serviceaccounts:{namespace}"}
    user = f"system:serviceaccount:{namespace}:{account}"
    return any(
        (
            each["kind"] == "ServiceAccount"
            and each["name"] == account
            # A RoleBinding may leave its own namespace out, a ClusterRoleBinding has none.
            and each.get("namespace", binding["metadata"].get("namespace")) == namespace
        )
        or (each["kind"] == "User" and each["name"] == user)
        or (each["kind"] == "Group" and each["name"] in groups)
        for each in binding.get("subjects") or ()
    )
