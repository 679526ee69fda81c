# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is the place free of what would stop the release?"""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._preflight.snapshot import (
    Namespace,
    Pending,
    Refusal,
    Unknown,
)
from tests.unit.rendering import only

from ..builders import NAMESPACE, SELECTOR, deployment, findings, ids, key, live_pod, obj, snapshot

DEPLOYMENT = key("Deployment", "maestro", api_version="apps/v1")


def test_a_namespace_that_is_being_deleted_is_refused_with_what_holds_it() -> None:
    dying = Namespace({}, "2026-11-23T10:00:00Z", ("NamespaceFinalizersRemaining: x.example.com in 1 instances",))
    finding = only(findings(snapshot=snapshot(namespace=dying)))
    assert finding.id == "namespace-terminating"
    assert "since 2026-11-23T10:00:00Z" in finding.message
    assert "x.example.com" in finding.message


@pytest.mark.parametrize(
    ("status", "message", "expected"),
    [
        (403, 'pods "x" is forbidden: violates PodSecurity "restricted:v1.33": runAsNonRoot', ["pod-security"]),
        (403, 'pods "x" is forbidden: no PriorityClass with name gold was found', ["pod-refused"]),
        (422, 'Pod "x" is invalid: spec.containers[0].image: Required value', ["pod-refused"]),
        (403, 'pods is forbidden: User "ci" cannot create resource "pods" in API group ""', []),
        (403, 'pods "x" is forbidden: exceeded quota: maestro', []),
        (500, "oops", []),
        (0, "timed out", []),
    ],
)
def test_what_admission_says_of_a_pod(status: int, message: str, expected: list[str]) -> None:
    found = findings(snapshot=snapshot(dry_runs={DEPLOYMENT: Refusal(status, message)}))
    assert ids(found) == expected
    assert all(message in finding.message for finding in found)


def test_a_release_at_work_is_told_with_its_holder_and_left_to_the_release_to_judge() -> None:
    finding = only(findings(snapshot=snapshot(pending=Pending("maestro-release-4", "runner-7", 21.4))))
    assert (finding.id, finding.severity) == ("release-in-progress", "warning")
    assert "maestro-release-4" in finding.message
    assert "runner-7" in finding.message
    assert "21 s" in finding.message


def test_a_lock_without_a_record_is_a_release_at_work() -> None:
    assert ids(findings(snapshot=snapshot(pending=Pending("", "runner-7", 5.0)))) == ["release-in-progress"]


def test_a_release_without_an_end_is_a_note_once_nobody_holds_it() -> None:
    finding = only(findings(snapshot=snapshot(pending=Pending("maestro-release-4", "", 0.0))))
    assert (finding.id, finding.severity) == ("release-interrupted", "note")


STORAGE = obj("storage.k8s.io/v1", "StorageClass", "gp3", "", provisioner="p", parameters={"type": "gp3"})


@pytest.mark.parametrize(
    ("manifest", "live", "field"),
    [
        (deployment(), deployment(selector={"matchLabels": {"app": "old"}}), "spec.selector"),
        (STORAGE, {**STORAGE, "parameters": {"type": "gp2"}}, "parameters"),
        ({**STORAGE, "volumeBindingMode": "WaitForFirstConsumer"}, STORAGE, "volumeBindingMode"),
        (STORAGE, {**STORAGE, "reclaimPolicy": "Delete", "volumeBindingMode": "Immediate"}, ""),
        (deployment(), deployment(), ""),
    ],
)
def test_a_field_that_cannot_change_is_refused(manifest: t.Any, live: t.Any, field: str) -> None:
    metadata = manifest["metadata"]
    at = key(manifest["kind"], metadata["name"], metadata.get("namespace", ""), manifest["apiVersion"])
    found = findings(manifest, snapshot=snapshot(live={at: live}))
    assert ids(found) == (["field-immutable"] if field else [])
    assert all(finding.message.startswith(f"{field} cannot be changed") for finding in found)


def test_a_class_of_the_release_itself_is_left_to_the_plan_which_replaces_it() -> None:
    labels = {"app.kubernetes.io/managed-by": "intelgraph.maestro", "app.kubernetes.io/instance": "maestro"}
    ours = {**STORAGE, "metadata": {**STORAGE["metadata"], "labels": labels}, "parameters": {"type": "gp2"}}
    at = key("StorageClass", "gp3", "", "storage.k8s.io/v1")
    assert findings(STORAGE, snapshot=snapshot(live={at: ours})) == []


def test_an_object_that_is_not_there_yet_may_have_any_field() -> None:
    assert findings(deployment(), snapshot=snapshot(live={DEPLOYMENT: None})) == []


DENY = obj("networking.k8s.io/v1", "NetworkPolicy", spec={"podSelector": {}, "policyTypes": ["Ingress", "Egress"]})
QUOTA = obj("v1", "ResourceQuota", spec={"hard": {}})
LIMITS = obj("v1", "LimitRange", spec={"limits": []})
OPEN = obj("networking.k8s.io/v1", "NetworkPolicy", spec={"podSelector": {"matchLabels": dict(SELECTOR)}})


def guest(**labels: str) -> t.Any:
    return dataclasses.replace(live_pod("node-1", NAMESPACE, labels), name="guest-0")


@pytest.mark.parametrize("manifest", [DENY, QUOTA, LIMITS], ids=lambda manifest: str(manifest["kind"]))
def test_pods_of_others_that_the_release_would_hit_are_warned_of(manifest: t.Any) -> None:
    own = live_pod("node-1", NAMESPACE, dict(SELECTOR))
    finding = only(findings(deployment(), manifest, snapshot=snapshot(own_pods=(own, guest()))))
    assert (finding.id, finding.severity, finding.object) == ("namespace-shared", "warning", f"Namespace {NAMESPACE}")
    assert f"{manifest['kind']} {NAMESPACE}/maestro" in finding.message
    assert finding.evidence == ("Pod guest-0",)


@pytest.mark.parametrize(
    ("manifests", "pods"),
    [
        ((DENY, QUOTA, LIMITS), ()),
        ((DENY,), (guest(**{"acme.cert-manager.io/http01-solver": "true"}),)),
        ((OPEN,), (guest(),)),
        ((DENY, obj("v1", "Namespace", NAMESPACE, "")), (guest(),)),
        ((DENY,), Unknown("list the namespace's pods", "you may not", True)),
    ],
    ids=["nobody", "the solver", "only its own pods", "its own namespace", "forbidden"],
)
def test_a_namespace_of_its_own_and_what_is_not_known_are_not(manifests: t.Any, pods: t.Any) -> None:
    assert "namespace-shared" not in ids(findings(deployment(), *manifests, snapshot=snapshot(own_pods=pods)))
