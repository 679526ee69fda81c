# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the preflight finds on a real API server, asked without a play around it."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from ansible_collections.intelgraph.maestro.plugins.module_utils._findings.finding import Finding
from ansible_collections.intelgraph.maestro.plugins.module_utils._objects.manifest import Manifest
from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.collect import examine
from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.requirements import needs_of
from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.view import PreflightOptions
from tests.integration.furnishing import allow, furnish
from tests.integration.waiting import wait_for
from tests.unit.plugins.module_utils._preflight.builders import deployment, obj
from tests.unit.rendering import only

Lab = dict[str, t.Any]


@pytest.fixture
def inhabited(namespace: str, cluster: Cluster) -> str:
    """A namespace that is there before the release."""
    furnish(cluster, namespace)
    return namespace


def found_in(lab: Lab, namespace: str, *manifests: Manifest, **connection: t.Any) -> list[Finding]:
    """What the preflight finds for manifests of a test's own, without a play around it."""
    for manifest in manifests:
        manifest["metadata"]["namespace"] = namespace
    params = {"in_cluster": False, "connect_timeout": 5.0, "request_timeout": 30.0, "retry_timeout": 5.0}
    params |= {"kubeconfig": lab["kubeconfig"], **connection}
    look = examine(params, needs_of({"test": manifests}, "maestro", namespace), PreflightOptions(production=False))
    return list(look.evaluation.findings)


def test_pod_security_is_asked_of_the_server_and_nothing_is_stored(namespace: str, cluster: Cluster, lab: Lab) -> None:
    furnish(cluster, namespace, **{"pod-security.kubernetes.io/enforce": "restricted"})
    finding = only(found_in(lab, namespace, deployment()))
    assert finding.id == "pod-security"
    assert "runAsNonRoot != true" in finding.message
    assert cluster.list_objects("v1", "Pod", namespace)["items"] == []


def test_a_selector_that_cannot_change_is_seen_before_it_is_tried(inhabited: str, cluster: Cluster, lab: Lab) -> None:
    old = deployment(replicas=0, selector={"matchLabels": {"app": "old"}})
    old["spec"]["template"]["metadata"]["labels"] = {"app": "old"}
    cluster.create(f"/apis/apps/v1/namespaces/{inhabited}/deployments", {**old, "metadata": {"name": "maestro"}})
    finding = only(found_in(lab, inhabited, deployment()))
    assert finding.id == "field-immutable"
    assert "spec.selector" in finding.message


def test_a_role_that_grants_more_than_its_author_holds_is_seen(inhabited: str, cluster: Cluster, lab: Lab) -> None:
    account = allow(
        cluster,
        inhabited,
        [
            {
                "apiGroups": ["rbac.authorization.k8s.io"],
                "resources": ["roles"],
                "verbs": ["get", "list", "watch", "create", "patch", "delete"],
            }
        ],
    )
    rule = {"apiGroups": ["apps"], "resources": ["daemonsets"], "verbs": ["delete"]}
    role = obj("rbac.authorization.k8s.io/v1", "Role", rules=[rule])
    found = found_in(lab, inhabited, role, impersonate_user=account)
    escalation = only(finding for finding in found if finding.id == "role-escalation")
    assert "delete daemonsets of apps" in escalation.message
    assert not any(finding.object.startswith("Role in") for finding in found)


def posted_by(account: str, lab: Lab) -> set[str]:
    """What the audit log has of an account but for its reads. A line is there a moment after the request's answer."""
    log = pathlib.Path(lab["audit_log"])
    newest = sorted(log.parent.glob(f"{log.stem}*"), key=lambda path: path.stat().st_mtime)[-2:]
    lines = [line for path in newest for line in path.read_text(encoding="utf-8").splitlines()]
    events = [json.loads(line) for line in lines if account in line and line.endswith("}")]
    seen = [event for event in events if event.get("impersonatedUser", {}).get("username") == account]
    return {event["requestURI"] for event in seen if event["verb"] not in ("get", "list", "watch")}


def test_the_preflight_writes_nothing(inhabited: str, cluster: Cluster, lab: Lab) -> None:
    """The API server's audit log has every request of the account: all that is not a read is a review or a dry run."""
    account = allow(cluster, inhabited, [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}])
    found_in(lab, inhabited, deployment(), impersonate_user=account)
    trial = f"/api/v1/namespaces/{inhabited}/pods?dryRun=All"
    posted = wait_for(f"the audit log has {trial}", lambda: posted_by(account, lab), lambda seen: trial in seen)
    reviews = "/apis/authorization.k8s.io/v1/selfsubject"
    assert all("dryRun=All" in uri or uri.startswith(reviews) for uri in posted)
