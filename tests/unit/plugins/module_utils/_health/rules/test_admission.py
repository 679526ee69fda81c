# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods that the API server does not let be created."""

from __future__ import annotations

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._health.rules import evaluate

from .views import (
    DEPLOYMENT,
    NEW,
    NOW,
    OLD,
    ago,
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
            "limit-range-violation",
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
        (
            'admission webhook "h" denied the request: readinessProbe must set timeoutSeconds',
            "admission-denied",
            'admission webhook "h" denied the request: readinessProbe must set timeoutSeconds',
        ),
        ('Pod "maestro-new-x" is invalid: spec.containers: Required value', "pod-refused", 'Pod "maestro-new-x" is in'),
    ],
)
def test_who_refuses_pods_is_told_at_once(said: str, expected: str, words: str) -> None:
    finding = cause(evaluate(facts(unavailable(), replica_set(NEW, failure(said)))))
    assert (finding.id, finding.object) == (expected, DEPLOYMENT)
    assert finding.message.startswith(f"pods cannot be created: {words}")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (WEBHOOK, "webhook-unavailable"),
        ("etcdserver: request timed out", "pod-refused"),
        ("Internal error occurred: resource quota evaluation timed out", "pod-refused"),
        (f"{REFUSED}not yet ready to handle request", "pod-refused"),
        (f"{REFUSED}status unknown for quota: maestro, resources: pods", "pod-refused"),
        ('pods is forbidden: User "system:serviceaccount:kube-system:x" cannot create resource "pods"', "pod-refused"),
        ('Post "https://10.0.0.1:6443/api/v1/namespaces/n/pods": EOF', "pod-refused"),
        ("read tcp 10.0.0.5:4711->10.0.0.1:6443: read: connection reset by peer", "pod-refused"),
        ("http2: client connection lost", "pod-refused"),
        ("the server is currently unable to handle the request (post pods)", "pod-refused"),
        ("the server was unable to return a response in the time allotted", "pod-refused"),
        ("Unauthorized", "pod-refused"),
        ('admission webhook "h" denied the request:\n\nGet "https://ghcr.io/v2/": i/o timeout', "admission-denied"),
        ('failed calling webhook "h": failed to call webhook: Post "https://h/x": EOF', "webhook-unavailable"),
    ],
)
def test_who_does_not_answer_has_until_a_try_after_a_minute(said: str, expected: str) -> None:
    """The ReplicaSet's controller tries after 41 and 82 s: what came back after 45 s is only known then."""
    given = facts(unavailable(), replica_set(NEW, failure(said, age=82)))
    assert undecided(evaluate(given)).id == expected
    assert seconds_left(given) == 8
    assert cause(evaluate(facts(unavailable(), replica_set(NEW, failure(said, age=90))))).id == expected


def test_a_service_account_of_the_release_itself_may_be_a_moment_late() -> None:
    said = 'pods "x" is forbidden: error looking up service account maestro-system/maestro: '
    said += 'serviceaccount "maestro" not found'
    given = facts(unavailable(), replica_set(NEW, failure(said)), wanted=[("ServiceAccount", "maestro")])
    assert undecided(evaluate(given)).id == "reference-missing"


def test_what_stopped_the_former_revision_is_not_this_ones_fault() -> None:
    said = f"{REFUSED}exceeded quota: q"
    previous = replica_set(OLD, failure(said))
    given = facts(unavailable(failure(said)), previous, replica_set())
    assert evaluate(given).verdict == ""
    assert evaluate(given).findings == ()


def test_a_surge_that_was_not_needed_is_no_fault() -> None:
    given = facts(deployment(1), replica_set(NEW, failure(f"{REFUSED}exceeded quota: q")), pod(running()))
    assert evaluate(given).verdict == "passed"


def test_the_count_of_refusals_is_evidence() -> None:
    said = f"{REFUSED}exceeded quota: q"
    refusing = replica_set(NEW, failure(said))
    reported = event(refusing, "FailedCreate", f"(combined from similar events): Error creating: {said}", count=13)
    assert cause(evaluate(facts(unavailable(), refusing, reported))).evidence == (
        f"FailedCreate (13 times): Error creating: {said}",
    )


def test_the_newest_refusal_counts_and_not_the_one_that_the_condition_keeps() -> None:
    full = f"Error creating: {REFUSED}exceeded quota: q"
    refusing = replica_set(NEW, failure(WEBHOOK, age=30))
    away = event(refusing, "FailedCreate", f"Error creating: {WEBHOOK}", count=5, first=30, last=25)
    refused = event(refusing, "FailedCreate", full, count=4, first=20, last=2)
    finding = cause(evaluate(facts(unavailable(), refusing, away, refused)))
    assert (finding.id, finding.since) == ("quota-exceeded", ago(20))
    before = event(refusing, "FailedCreate", full, first=900, last=600)
    given = facts(unavailable(), refusing, away, before)
    assert undecided(evaluate(given)).id == "webhook-unavailable"
    assert seconds_left(given) == 60


def test_another_refusal_that_may_pass_has_its_own_time() -> None:
    refusing = replica_set(NEW, failure(WEBHOOK, age=80))
    store = event(refusing, "FailedCreate", "Error creating: etcdserver: request timed out", first=3000, last=1)
    assert seconds_left(facts(unavailable(), refusing, store)) == 10
    store["firstTimestamp"] = ago(20)
    given = facts(unavailable(), refusing, store)
    assert undecided(evaluate(given)).id == "pod-refused"
    assert seconds_left(given) == 70


def test_a_pod_that_may_not_be_deleted_is_none_that_cannot_be_created() -> None:
    said = 'admission webhook "guard" denied the request: nothing is deleted today'
    keeping = replica_set(NEW, condition("ReplicaFailure", "True", said, "FailedDelete", age=1))
    made = [pod(), pod(running(ready=False), name="b")]
    assert evaluate(facts(unavailable(replicas=2), keeping, *made)).findings == ()
    refused = event(keeping, "FailedCreate", f"Error creating: {REFUSED}exceeded quota: q", first=1)
    assert cause(evaluate(facts(unavailable(replicas=2), keeping, *made, refused))).id == "quota-exceeded"


def test_a_replica_set_that_cannot_be_made() -> None:
    """The controller tells of it before it shows that it has seen the generation."""
    said = 'Failed to create new replica set "maestro-7": replicasets.apps "maestro-7" is forbidden: exceeded quota: q'
    refused = unavailable(condition("Progressing", "False", said, "ReplicaSetCreateError"))
    refused["metadata"]["generation"] = 2
    reported = event(refused, "ReplicaSetCreateError", said)
    finding = cause(evaluate(facts(refused, replica_set(OLD), pod(of=OLD), reported)))
    assert finding.id == "quota-exceeded"
    assert finding.message == 'pods cannot be created: Failed to create new replica set "maestro-7": exceeded quota: q'
    assert finding.evidence == (f"ReplicaSetCreateError (once): {said}",)


def test_old_pods_that_are_ending_give_their_quota_back() -> None:
    leaving = pod(name="maestro-old-a", of=OLD)
    leaving["metadata"]["deletionTimestamp"] = ago(-200)
    full = failure(f"{REFUSED}exceeded quota: q, requested: pods=1, used: pods=4, limited: pods=4")
    given = facts(unavailable(), replica_set(NEW, full), replica_set(OLD), leaving)
    assert undecided(evaluate(given)).id == "quota-exceeded"
    assert seconds_left(given) == 260


def test_an_old_pod_that_ended_early_may_not_be_known_to_have_ended() -> None:
    """It has 30 s to end, and went at once; the quota's own count and the next try follow in their own time."""
    full = failure(f"{REFUSED}exceeded quota: q, requested: pods=1, used: pods=4, limited: pods=4")
    old = replica_set(OLD)
    reported = event(old, "SuccessfulDelete", "Deleted pod: maestro-old-a", last=5)
    given = facts(unavailable(), replica_set(NEW, full), old, reported)
    assert undecided(evaluate(given)).id == "quota-exceeded"
    assert seconds_left(given) == -5 + 30 + 60


def test_a_refusal_of_before_is_tried_again_after_as_long_as_it_has_lasted() -> None:
    """What is mended outside while a controller pauses is seen at its next try; its pauses double."""
    full = replica_set(NEW, failure(f"{REFUSED}exceeded quota: q", age=400))
    reported = event(full, "FailedCreate", "exceeded quota: q", first=400, last=90)
    given = facts(unavailable(), full, reported, begun=NOW - 60)
    assert undecided(evaluate(given)).id == "quota-exceeded"
    assert seconds_left(given) == -60 + 30 + 340
    again = event(full, "FailedCreate", "exceeded quota: q", first=400, last=5)
    assert cause(evaluate(facts(unavailable(), full, again, begun=NOW - 60))).id == "quota-exceeded"


def test_an_old_refusal_of_a_set_that_has_made_pods_since_is_over() -> None:
    """The controller does not tell of each pod that it has made."""
    workload = item("StatefulSet", "maestro", spec={"replicas": 2}, status={"observedGeneration": 1})
    refused = event(workload, "FailedCreate", "pods is forbidden: exceeded quota: q", first=3000, last=2400)
    made = pod(name="maestro-0", age=2300)
    made["metadata"]["ownerReferences"] = [{"uid": "StatefulSet/maestro"}]
    assert evaluate(facts(workload, refused, made)).verdict == ""


@pytest.mark.parametrize("kind", ["StatefulSet", "Job"])
def test_kinds_without_such_a_condition_are_judged_by_events(kind: str) -> None:
    workload = item(kind, "maestro", spec={"replicas": 1}, status={"observedGeneration": 1, "updateRevision": "b"})
    said = f'create Pod maestro-0 in {kind} maestro failed error: pods "maestro-0" is forbidden: exceeded quota: q'
    refused = event(workload, "FailedCreate", said, last=10)
    assert cause(evaluate(facts(workload, refused))).message == "pods cannot be created: exceeded quota: q"
    made = event(workload, "SuccessfulCreate", "create Pod maestro-0 in StatefulSet maestro successful", last=5)
    assert evaluate(facts(workload, refused, made)).verdict == ""
