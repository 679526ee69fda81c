# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an account may do against what its release grants."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.intelgraph.maestro.plugins.module_utils._posture import permissions
from ansible_collections.intelgraph.maestro.plugins.module_utils._posture.permissions import (
    EVERYBODYS,
    Access,
    Grant,
    Permit,
    concerns,
    grants,
    permits,
    violations,
    worded,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._posture.violation import Violation

Rule = dict[str, t.Any]


def rule(verbs: str, resources: str, group: str = "", **more: t.Any) -> Rule:
    return {"apiGroups": [group], "resources": resources.split(), "verbs": verbs.split(), **more}


def role(*rules: Rule) -> dict[str, t.Any]:
    return {"kind": "Role", "metadata": {"name": "maestro", "namespace": "apps"}, "rules": list(rules)}


def found(
    declared: list[Rule], held: list[Rule] | None, *bindings: Grant, unread: tuple[str, ...] = ()
) -> list[Violation]:
    """The breaches of an account that holds these rules (None: only the bindings are known)."""
    own = (role(*declared),) if declared else ()
    rules = None if held is None else (*held, *EVERYBODYS)
    return list(violations(own, Access("apps", "maestro", rules, bindings, unread)))


OWN = rule("get list", "configmaps")
OF_RELEASE = Grant("RoleBinding apps/maestro", "Role maestro", (OWN,))
OF_INTRUDER = Grant("ClusterRoleBinding intruder", "ClusterRole view", (rule("get", "secrets"), OWN), "2026-11-23")


def test_as_much_as_granted_is_no_finding() -> None:
    assert found([OWN], [OWN], OF_RELEASE) == []
    assert found([OWN], None, OF_RELEASE) == []
    assert found([], []) == []


def test_a_verb_more_names_the_binding_and_the_role() -> None:
    (violation,) = found([OWN], [OWN, rule("get", "secrets")], OF_RELEASE, OF_INTRUDER)
    assert violation.object == "ClusterRoleBinding intruder"
    assert (
        violation.message
        == "It gives ServiceAccount apps/maestro more than the release does (ClusterRole view): get secrets"
    )
    assert violation.evidence == ("the binding was made at 2026-11-23",)
    assert found([OWN], None, OF_RELEASE, OF_INTRUDER) == [violation]


def test_a_binding_that_the_server_does_not_count_is_none() -> None:
    assert found([OWN], [OWN], OF_RELEASE, OF_INTRUDER) == []


@pytest.mark.parametrize(
    ("unread", "words"),
    [(("ClusterRoleBinding",), "a binding that could not be read"), ((), "something else than RBAC")],
)
def test_what_no_binding_explains_is_told_of_the_account(unread: tuple[str, ...], words: str) -> None:
    (violation,) = found([], [rule("create", "pods/exec")], unread=unread)
    assert violation.object == "ServiceAccount apps/maestro"
    assert words in violation.message
    assert violation.message.endswith("create pods/exec")


def test_a_verb_less_is_told_of_the_role() -> None:
    (violation,) = found([OWN], [rule("get", "configmaps")])
    assert violation.object == "Role apps/maestro"
    assert violation.message == "ServiceAccount apps/maestro may not do what this grants: list configmaps"


def test_nothing_is_said_to_lack_while_bindings_are_unknown() -> None:
    assert found([OWN], None, unread=("RoleBinding",)) == []


def test_one_named_object_is_less_than_all_of_a_kind() -> None:
    one = rule("get", "configmaps", resourceNames=["a"])
    assert found([rule("get", "configmaps")], [one])[0].object == "Role apps/maestro"
    (more,) = found([one], [rule("get", "configmaps")])
    assert more.message.endswith("get configmaps")


PERMITS = st.builds(
    Permit, *(st.sampled_from(each) for each in (["", "apps", "*"], ["pods", "jobs", "*"], ["", "a"], ["get", "*"]))
)


@settings(max_examples=60)
@given(st.lists(PERMITS), st.lists(PERMITS))
def test_every_account_has_more_or_less_unless_both_cover_each_other(wanted: list[Permit], held: list[Permit]) -> None:
    def rules(many: list[Permit]) -> list[Rule]:
        return [rule(p.verb, p.resource, p.group, **({"resourceNames": [p.name]} if p.name else {})) for p in many]

    equal = all(any(b.covers(a) for b in held) for a in wanted) and all(any(b.covers(a) for b in wanted) for a in held)
    assert (found(rules(wanted), rules(held)) == []) == equal


def test_the_gravest_is_named_first_and_the_rest_is_counted() -> None:
    many = permits([rule("get", "endpoints events limitranges secrets"), rule("*", "*", "*")])
    assert worded(many) == "any verb on everything; get secrets; get endpoints; and 2 more"
    assert len(permissions.listed(many)) == 5
    assert permissions.listed(many[:2]) == ()


def binding(*subjects: dict[str, str], name: str = "b", namespace: str = "apps", **labels: str) -> dict[str, t.Any]:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {}), "labels": labels}
    kind = "RoleBinding" if namespace else "ClusterRoleBinding"
    return {
        "kind": kind,
        "metadata": metadata,
        "subjects": list(subjects),
        "roleRef": {"kind": "ClusterRole", "name": "view"},
    }


ACCOUNT = {"kind": "ServiceAccount", "name": "maestro", "namespace": "apps"}


@pytest.mark.parametrize(
    ("subject", "cluster", "is_one"),
    [
        (ACCOUNT, False, True),
        (ACCOUNT, True, True),
        ({"kind": "ServiceAccount", "name": "maestro"}, False, True),
        ({"kind": "ServiceAccount", "name": "maestro"}, True, False),
        ({**ACCOUNT, "namespace": "other"}, False, False),
        ({**ACCOUNT, "name": "default"}, False, False),
        ({"kind": "User", "name": "system:serviceaccount:apps:maestro"}, True, True),
        ({"kind": "Group", "name": "system:serviceaccounts:apps"}, False, True),
        ({"kind": "Group", "name": "system:serviceaccounts:other"}, False, False),
        ({"kind": "Group", "name": "system:authenticated"}, True, True),
    ],
)
def test_whom_a_binding_is_about(subject: dict[str, str], cluster: bool, is_one: bool) -> None:
    assert concerns(binding(subject, namespace="" if cluster else "apps"), "apps", "maestro") is is_one


def test_kubernetes_own_bindings_are_everybodys() -> None:
    own = binding(ACCOUNT, **{"kubernetes.io/bootstrapping": "rbac-defaults"})
    assert concerns(own, "apps", "maestro") is False


def test_a_grant_names_binding_and_role_and_a_missing_role_gives_nothing() -> None:
    view = {"kind": "ClusterRole", "metadata": {"name": "view"}, "rules": [OWN]}
    assert grants([binding(ACCOUNT)], [view]) == (Grant("RoleBinding apps/b", "ClusterRole view", (OWN,)),)
    assert grants([binding(ACCOUNT)], []) == (Grant("RoleBinding apps/b", "ClusterRole view", ()),)
