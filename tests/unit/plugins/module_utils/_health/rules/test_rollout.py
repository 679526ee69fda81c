# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rollouts as a whole, and what is not this release's fault."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._health.facts import LOG
from ansible_collections.intelgraph.maestro.plugins.module_utils._health.rules import evaluate

from .views import (
    DEPLOYMENT,
    NEW,
    NOW,
    OLD,
    ago,
    cause,
    condition,
    crashed,
    deployment,
    facts,
    item,
    node,
    pod,
    replica_set,
    rollout,
    running,
    unavailable,
    waiting,
)


def out_of_time(name: str) -> dict[str, t.Any]:
    said = f'ReplicaSet "{name}" has timed out progressing.'
    return condition("Progressing", "False", said, "ProgressDeadlineExceeded")


def test_a_paused_rollout_fails_at_once_even_when_its_pods_are_ready() -> None:
    finding = cause(evaluate(facts(deployment(spec={"paused": True}), replica_set(), pod())))
    assert (finding.id, finding.object) == ("rollout-paused", DEPLOYMENT)


def test_the_progress_deadline() -> None:
    given = facts(unavailable(out_of_time(NEW), progressDeadlineSeconds=90), replica_set(), pod(running(ready=False)))
    finding = cause(evaluate(given))
    assert (finding.id, finding.message) == (
        "progress-deadline",
        f'no new pod became available in 90 s: ReplicaSet "{NEW}" has timed out progressing.',
    )
    assert finding.since == ago(60)


def test_the_deadline_of_an_earlier_revision_does_not_count() -> None:
    given = facts(unavailable(out_of_time(OLD)), replica_set(), replica_set(OLD), pod(running(ready=False)))
    assert evaluate(given).verdict == ""


@pytest.mark.parametrize("sets", [[], [replica_set(OLD)]])
def test_a_deadline_is_not_of_this_generation_before_that_is_seen(sets: list[dict[str, t.Any]]) -> None:
    unseen = unavailable(out_of_time(NEW))
    unseen["status"]["observedGeneration"] = 0
    assert evaluate(facts(unseen, *sets)).verdict == ""


def test_the_deadline_counts_where_nothing_is_known_of_replica_sets() -> None:
    assert cause(evaluate(facts(unavailable(out_of_time(NEW))))).id == "progress-deadline"


def test_a_deadline_of_before_says_nothing_of_a_pod_that_starts_now() -> None:
    """It is the same ReplicaSet, and its condition stays until one of its pods makes progress."""
    passed = {**out_of_time(NEW), "lastUpdateTime": ago(3600), "lastTransitionTime": ago(3600)}
    starting = pod(running(ready=False, since=31), age=31)
    stuck = unavailable(passed, progressDeadlineSeconds=90)
    assert evaluate(facts(stuck, replica_set(), starting, begun=NOW - 40)).verdict == ""
    assert cause(evaluate(facts(stuck, replica_set(), starting, begun=NOW - 90))).id == "progress-deadline"


def test_the_root_cause_comes_before_the_deadline_that_it_broke() -> None:
    broken = pod(waiting("ErrImagePull", "not found"))
    evaluation = evaluate(facts(unavailable(out_of_time(NEW)), replica_set(), broken))
    assert [finding.id for finding in evaluation.findings] == ["image-not-found", "progress-deadline"]


def test_an_object_that_is_gone_is_no_release() -> None:
    finding = cause(evaluate(facts(deployment(), replica_set(), pod(), wanted=[("Service", "maestro")])))
    assert (finding.id, finding.object) == ("object-gone", "Service maestro-system/maestro")


def test_a_namespace_that_is_being_deleted_takes_the_release_with_it() -> None:
    namespace = item("Namespace", "maestro-system", status={"phase": "Terminating"})
    namespace["metadata"]["namespace"] = ""
    namespace["metadata"]["deletionTimestamp"] = ago(3)
    finding = cause(evaluate(facts(namespace, deployment(), replica_set(), pod())))
    assert (finding.id, finding.object) == ("namespace-terminating", "Namespace maestro-system")
    assert finding.since == ago(3)


def test_a_failed_job() -> None:
    failed = condition("Failed", "True", "Job has reached the specified backoff limit", "BackoffLimitExceeded")
    job = item("Job", "migrate", spec={}, status={"conditions": [failed]})
    ended = pod(crashed(1), name="migrate-x", of="-")
    ended["metadata"]["ownerReferences"] = [{"uid": "Job/migrate"}]
    ended["status"]["phase"] = "Failed"
    evaluation = evaluate(facts(job, ended))
    assert cause(evaluation).id == "job-failed"
    assert cause(evaluation).message == "it failed: Job has reached the specified backoff limit"
    assert cause(evaluation).evidence == ("container maestro: exit code 1 (Error)",)
    assert evaluation.log_requests[0].what == LOG


def test_a_job_that_tries_again_is_waited_for() -> None:
    job = item("Job", "migrate", spec={}, status={"active": 1})
    assert evaluate(facts(job)).verdict == ""
    done = item("Job", "migrate", spec={}, status={"conditions": [condition("Complete", "True")]})
    assert evaluate(facts(done)).verdict == "passed"


def test_pods_of_an_earlier_revision_that_are_unwell_are_worth_a_note_only() -> None:
    old = pod(waiting("CrashLoopBackOff", restarts=9), name="maestro-old-a", of=OLD)
    evaluation = evaluate(facts(unavailable(), replica_set(), replica_set(OLD), old, pod(running(ready=False))))
    assert evaluation.verdict == ""
    assert [(finding.id, finding.severity) for finding in evaluation.findings] == [
        ("previous-revision-unhealthy", "note")
    ]


@pytest.mark.parametrize("status", [crashed(137, restarts=5), waiting("ErrImagePull", "not found")])
def test_what_goes_wrong_on_a_node_that_is_not_ready_is_a_note(status: dict[str, t.Any]) -> None:
    evaluation = evaluate(rollout(pod(status), also=[node(ready="False")]))
    assert evaluation.verdict == ""
    assert [(finding.id, finding.object) for finding in evaluation.findings] == [("node-not-ready", "Node node-1")]


def test_a_pod_that_its_node_drives_away_is_excused() -> None:
    driven = pod(crashed(137, restarts=5), conditions=[condition("DisruptionTarget", "True", "eviction")])
    assert evaluate(rollout(driven)).findings == ()
