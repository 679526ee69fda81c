# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A record that nobody has signed grants nothing that is not granted already."""

from __future__ import annotations

import copy
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._objects.manifest import key_of
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.planning.escalation import (
    RollbackEscalates,
    require_no_escalation,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.planning.plan import (
    ADOPT,
    CHANGE,
    CREATE,
    KEEP,
    PRUNE,
    REPLACE,
    Plan,
    Step,
)
from tests.unit.plugins.samples import NAMESPACE, Manifest, deployment

RBAC = "rbac.authorization.k8s.io/v1"
READ = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}
ALL = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}
ONE_SECRET = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"], "resourceNames": ["a"]}
ANY_SECRET = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}
MAESTRO, ATTACKER = ({"kind": "ServiceAccount", "name": name, "namespace": NAMESPACE} for name in ("maestro", "other"))


def role(*rules: Manifest, kind: str = "Role", labels: dict[str, str] | None = None) -> Manifest:
    metadata: Manifest = {"name": "maestro", **({"labels": labels} if labels else {})}
    if kind == "Role":
        metadata["namespace"] = NAMESPACE
    return {"apiVersion": RBAC, "kind": kind, "metadata": metadata, "rules": list(rules)}


def binding(*subjects: Manifest, role: str = "maestro", kind: str = "RoleBinding") -> Manifest:
    metadata: Manifest = {"name": "maestro", **({"namespace": NAMESPACE} if kind == "RoleBinding" else {})}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role}
    return {"apiVersion": RBAC, "kind": kind, "metadata": metadata, "roleRef": reference, "subjects": list(subjects)}


def namespace(level: str, name: str = NAMESPACE) -> Manifest:
    labels = {"pod-security.kubernetes.io/enforce": level}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def check(action: str, after: Manifest, live: Manifest | None = None, before: Manifest | None = None) -> None:
    step = Step(key_of(after), action, after, live, after)
    require_no_escalation(Plan((step,)), NAMESPACE, {step.key: before} if before else {}, 2)


@pytest.mark.parametrize(
    "after",
    [
        binding(ATTACKER, role="cluster-admin", kind="ClusterRoleBinding"),
        binding(ATTACKER),
        role(READ),
        role(READ, kind="ClusterRole"),
        namespace("privileged", "other"),
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "kube-system"}},
        {"apiVersion": "x.example/v1", "kind": "Anything", "metadata": {"name": "c"}},
    ],
)
@pytest.mark.parametrize("action", [CREATE, ADOPT])
def test_what_grants_or_lies_outside_is_not_created(after: Manifest, action: str) -> None:
    live = None if action == CREATE else {**copy.deepcopy(after), "rules": [], "subjects": [], "spec": {"x": 1}}
    with pytest.raises(RollbackEscalates, match=str(key_of(after))):
        check(action, after, live)


WIDER: dict[str, tuple[Manifest, Manifest]] = {
    "another rule": (role(READ), role(READ, ALL)),
    "every verb": (role(READ), role({**READ, "verbs": ["*"]})),
    "every name": (role(ONE_SECRET), role(ANY_SECRET)),
    "another name": (role(ONE_SECRET), role({**ONE_SECRET, "resourceNames": ["a", "b"]})),
    "another subject": (binding(MAESTRO), binding(MAESTRO, ATTACKER)),
    "another role": (binding(MAESTRO), binding(MAESTRO, role="admin")),
    "aggregated": (
        role(READ, kind="ClusterRole"),
        role(READ, kind="ClusterRole", labels={"rbac.authorization.k8s.io/aggregate-to-view": "true"}),
    ),
    "less security": (namespace("restricted"), namespace("privileged")),
}
NO_WIDER: dict[str, tuple[Manifest, Manifest]] = {
    "the same": (role(READ), role(READ)),
    "fewer rules": (role(READ, ONE_SECRET), role(READ)),
    "one verb less": (role(READ), role({**READ, "verbs": ["get"]})),
    "one name of all": (role(ANY_SECRET), role(ONE_SECRET)),
    "covered by everything": (role(ALL), role(READ)),
    "fewer subjects": (binding(MAESTRO, ATTACKER), binding(MAESTRO)),
    "another version in its labels": (role(READ), role(READ, labels={"app.kubernetes.io/version": "2"})),
}


@pytest.mark.parametrize("what", WIDER)
@pytest.mark.parametrize("action", [CHANGE, REPLACE])
def test_what_would_grant_more_is_refused(what: str, action: str) -> None:
    live, after = WIDER[what]
    with pytest.raises(RollbackEscalates) as caught:
        check(action, after, live)
    assert caught.value.id == "rollback-rbac"
    assert "maestro_rollback_rbac" in caught.value.next_step


@pytest.mark.parametrize("what", NO_WIDER)
def test_what_grants_no_more_is_restored(what: str) -> None:
    live, after = NO_WIDER[what]
    check(CHANGE, after, live)


@pytest.mark.parametrize("what", WIDER)
def test_what_was_there_when_the_run_began_comes_back(what: str) -> None:
    now, before = WIDER[what]
    check(CHANGE, before, now, before)


@pytest.mark.parametrize("what", WIDER)
def test_what_was_there_is_no_pretext_for_more(what: str) -> None:
    before, after = WIDER[what]
    with pytest.raises(RollbackEscalates):
        check(CHANGE, after, before, before)


@pytest.mark.parametrize("action", [KEEP, PRUNE])
def test_what_is_not_written_grants_nothing(action: str) -> None:
    check(action, role(ALL), role(READ))


def test_the_release_s_own_objects_are_not_asked_about() -> None:
    check(CREATE, deployment())


def test_all_objects_are_named_with_what_they_grant() -> None:
    admin = binding(ATTACKER, role="cluster-admin", kind="ClusterRoleBinding")
    steps = [Step(key_of(each), CREATE, each, None, each) for each in (admin, role(ALL))]
    with pytest.raises(RollbackEscalates) as caught:
        require_no_escalation(Plan(tuple(steps)), NAMESPACE, t.cast("dict[t.Any, t.Any]", {}), 2)
    assert "create ClusterRoleBinding maestro (ClusterRole cluster-admin for ServiceAccount other)" in str(caught.value)
    assert f"create Role {NAMESPACE}/maestro" in str(caught.value)
