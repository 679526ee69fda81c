# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""May the account do what the release does?"""

from __future__ import annotations

from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight import permissions
from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.permissions import Permission
from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.snapshot import Unknown
from tests.unit.rendering import only

from ..builders import NAMESPACE, deployment, findings, ids, obj, snapshot, view

ROLE = obj(
    "rbac.authorization.k8s.io/v1", "Role", rules=[{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]}]
)


def denied(kind: str, *verbs: str) -> tuple[Permission, ...]:
    return tuple(Permission(kind, verb, "apps", "deployments", NAMESPACE) for verb in verbs)


def test_what_is_forbidden_is_one_finding_for_each_kind_with_its_verbs() -> None:
    pods = (Permission("Pod", "watch", "", "pods", NAMESPACE),)
    deployments, other = findings(
        deployment(), snapshot=snapshot(denied=(*denied("Deployment", "create", "patch"), *pods))
    )
    assert deployments.id == other.id == "permission-missing"
    assert deployments.object == "Deployment in maestro-system"
    assert deployments.message == "The account may not create, patch deployments of apps."
    assert len(deployments.evidence) == 2
    assert other.message == "The account may not watch pods."


def test_a_role_that_grants_more_than_the_account_holds_is_refused() -> None:
    needs = view(ROLE).needs
    both = snapshot(denied=(*permissions.granted_by_roles(needs), *permissions.escalations(needs)))
    finding = only(findings(ROLE, snapshot=both))
    assert finding.id == "role-escalation"
    assert finding.object == "Role maestro-system/maestro"
    assert "get configmaps" in finding.message


def test_an_account_that_may_escalate_may_grant_anything() -> None:
    assert findings(ROLE, snapshot=snapshot(denied=tuple(permissions.granted_by_roles(view(ROLE).needs)))) == []


def test_a_permission_that_could_not_be_decided_leaves_the_verdict_open() -> None:
    found = findings(deployment(), snapshot=snapshot(undecided=(Unknown("ask about pods", "timed out"),)))
    assert ids(found) == ["fact-unknown"]
