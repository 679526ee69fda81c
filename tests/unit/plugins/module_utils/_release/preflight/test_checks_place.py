# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is the place free of what would stop the release?"""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._release.preflight.facts import (
    Namespace,
    Pending,
    Refusal,
)
from tests.unit.rendering import only

from .builders import deployment, facts, findings, ids, key, obj

DEPLOYMENT = key("Deployment", "maestro", api_version="apps/v1")


def test_a_namespace_that_is_being_deleted_is_refused_with_what_holds_it() -> None:
    dying = Namespace({}, "2026-11-23T10:00:00Z", ("NamespaceFinalizersRemaining: x.example.com in 1 instances",))
    finding = only(findings(facts=facts(namespace=dying)))
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
    found = findings(facts=facts(dry_runs={DEPLOYMENT: Refusal(status, message)}))
    assert ids(found) == expected
    assert all(message in finding.message for finding in found)


def test_a_release_at_work_is_told_with_its_holder_and_left_to_the_release_to_judge() -> None:
    finding = only(findings(facts=facts(pending=Pending("maestro-release-4", "runner-7", 21.4))))
    assert (finding.id, finding.severity) == ("release-in-progress", "warning")
    assert "maestro-release-4" in finding.message
    assert "runner-7" in finding.message
    assert "21 s" in finding.message


def test_a_lock_without_a_record_is_a_release_at_work() -> None:
    assert ids(findings(facts=facts(pending=Pending("", "runner-7", 5.0)))) == ["release-in-progress"]


def test_a_release_without_an_end_is_a_note_once_nobody_holds_it() -> None:
    finding = only(findings(facts=facts(pending=Pending("maestro-release-4", "", 0.0))))
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
    found = findings(manifest, facts=facts(live={at: live}))
    assert ids(found) == (["field-immutable"] if field else [])
    assert all(finding.message.startswith(f"{field} cannot be changed") for finding in found)


def test_a_class_of_the_release_itself_is_left_to_the_plan_which_replaces_it() -> None:
    labels = {"app.kubernetes.io/managed-by": "intelgraph.maestro", "app.kubernetes.io/instance": "maestro"}
    ours = {**STORAGE, "metadata": {**STORAGE["metadata"], "labels": labels}, "parameters": {"type": "gp2"}}
    at = key("StorageClass", "gp3", "", "storage.k8s.io/v1")
    assert findings(STORAGE, facts=facts(live={at: ours})) == []


def test_an_object_that_is_not_there_yet_may_have_any_field() -> None:
    assert findings(deployment(), facts=facts(live={DEPLOYMENT: None})) == []
