# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods that the API server does not let be created."""

from __future__ import annotations

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._health.judging import judge

from .scenes import (
    DEPLOYMENT,
    NEW,
    OLD,
    cause,
    condition,
    deployment,
    event,
    facts,
    item,
    pod,
    replica_set,
    running,
    seconds_left,
    unavailable,
    undecided,
)

REFUSED = 'pods "maestro-new-9jz8l" is forbidden: '
WEBHOOK = (
    'Internal error occurred: failed calling webhook "hook.example": failed to call webhook: Post '
    '"https://10.0.0.1:9/x?timeout=2s": dial tcp 10.0.0.1:9: connect: connection refused'
)


def failure(said: str, age: float = 1) -> dict[str, str]:
    return condition("ReplicaFailure", "True", said, "FailedCreate", age)


@pytest.mark.parametrize(
    ("said", "expected", "words"),
    [
        (
            f"{REFUSED}exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1",
            "quota-exceeded",
            "exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1",
        ),
        (
            f"{REFUSED}failed quota: q: must specify limits.cpu for: maestro",
            "quota-exceeded",
            "failed quota: q: must specify limits.cpu for: maestro",
        ),
        (
            f"{REFUSED}[minimum memory usage per Container is 2Mi, but request is 1Mi]",
            "limit-range-misfit",
            "[minimum memory usage per Container is 2Mi, but request is 1Mi]",
        ),
        (
            f'{REFUSED}violates PodSecurity "restricted:latest": runAsNonRoot != true',
            "pod-security",
            'violates PodSecurity "restricted:latest": runAsNonRoot != true',
        ),
        (
            f"{REFUSED}ValidatingAdmissionPolicy 'p' with binding 'p' denied request: pods need an owner",
            "admission-denied",
            "ValidatingAdmissionPolicy 'p' with binding 'p' denied request: pods need an owner",
        ),
        (
            'admission webhook "validate.kyverno.svc" denied the request: label team is required',
            "admission-denied",
            'admission webhook "validate.kyverno.svc" denied the request: label team is required',
        ),
        (
            f'{REFUSED}error looking up service account n/nosa: serviceaccount "nosa" not found',
            "reference-missing",
            "ServiceAccount maestro-system/nosa does not exist",
        ),
        (
            'pods "maestro-new-" is forbidden: no PriorityClass with name noprio was found',
            "reference-missing",
            "PriorityClass noprio does not exist",
        ),
        (
            'pods "maestro-new-" is forbidden: pod rejected: RuntimeClass "norc" not found',
            "reference-missing",
            "RuntimeClass norc does not exist",
        ),
        (
            f"{REFUSED}unable to create new content in namespace n because it is being terminated",
            "namespace-terminating",
            "unable to create new content in namespace n because it is being terminated",
        ),
        ('Pod "maestro-new-x" is invalid: spec.containers: Required value', "pod-refused", 'Pod "maestro-new-x" is in'),
    ],
)
def test_who_refuses_pods_is_told_at_once(said: str, expected: str, words: str) -> None:
    finding = cause(judge(facts(unavailable(), replica_set(NEW, failure(said)))))
    assert (finding.id, finding.object) == (expected, DEPLOYMENT)
    assert finding.message.startswith(f"pods cannot be created: {words}")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (WEBHOOK, "webhook-unavailable"),
        ("etcdserver: request timed out", "pod-refused"),
        ("Internal error occurred: resource quota evaluation timed out", "pod-refused"),
    ],
)
def test_who_does_not_answer_has_a_minute(said: str, expected: str) -> None:
    given = facts(unavailable(), replica_set(NEW, failure(said, age=10)))
    assert undecided(judge(given)).id == expected
    assert seconds_left(given) == 50
    assert cause(judge(facts(unavailable(), replica_set(NEW, failure(said, age=60))))).id == expected


def test_a_service_account_of_the_release_itself_may_be_a_moment_late() -> None:
    said = 'pods "x" is forbidden: error looking up service account maestro-system/maestro: '
    said += 'serviceaccount "maestro" not found'
    given = facts(unavailable(), replica_set(NEW, failure(said)), wanted=[("ServiceAccount", "maestro")])
    assert undecided(judge(given)).id == "reference-missing"


def test_what_stopped_the_former_revision_is_not_this_ones_fault() -> None:
    said = f"{REFUSED}exceeded quota: q"
    former = replica_set(OLD, failure(said))
    given = facts(unavailable(failure(said)), former, replica_set())
    assert judge(given).verdict == ""
    assert judge(given).findings == ()


def test_a_surge_that_was_not_needed_is_no_fault() -> None:
    given = facts(deployment(1), replica_set(NEW, failure(f"{REFUSED}exceeded quota: q")), pod(running()))
    assert judge(given).verdict == "passed"


def test_the_count_of_refusals_is_evidence() -> None:
    said = f"{REFUSED}exceeded quota: q"
    refusing = replica_set(NEW, failure(said))
    told = event(refusing, "FailedCreate", f"(combined from similar events): Error creating: {said}", count=13)
    assert cause(judge(facts(unavailable(), refusing, told))).evidence == (
        f"FailedCreate (13 times): Error creating: {said}",
    )


@pytest.mark.parametrize("kind", ["StatefulSet", "Job"])
def test_kinds_without_such_a_condition_are_judged_by_events(kind: str) -> None:
    workload = item(kind, "maestro", spec={"replicas": 1}, status={"observedGeneration": 1, "updateRevision": "b"})
    said = f'create Pod maestro-0 in {kind} maestro failed error: pods "maestro-0" is forbidden: exceeded quota: q'
    refused = event(workload, "FailedCreate", said, last=10)
    assert cause(judge(facts(workload, refused))).message == "pods cannot be created: exceeded quota: q"
    made = event(workload, "SuccessfulCreate", "create Pod maestro-0 in StatefulSet maestro successful", last=5)
    assert judge(facts(workload, refused, made)).verdict == ""
