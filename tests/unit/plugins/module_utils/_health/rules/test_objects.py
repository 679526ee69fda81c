# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What objects of any kind say of themselves, in the verdict."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._health.rules import evaluate, headline

from .views import NOW, ago, cause, condition, deployment, event, facts, item, pod, replica_set, running, seconds_left

Live = dict[str, t.Any]


def widget(age: float = 60, **status: t.Any) -> Live:
    return item("Widget", "w", age=age, spec={}, status=status)


@pytest.mark.parametrize("kind", ["Deployment", "Widget", "PodDisruptionBudget", "Job", "Service"])
def test_what_is_being_deleted_fails_the_release_and_says_what_holds_it(kind: str) -> None:
    going = item(kind, "x", spec={}, status={"conditions": [condition("Complete", "True"), condition("Ready", "True")]})
    going["metadata"].update(deletionTimestamp=ago(30), finalizers=["example.com/hold"])
    finding = cause(evaluate(facts(going)))
    assert finding.id == "object-terminating"
    assert finding.message == f"it is being deleted since {ago(30)}, held by its finalizers: example.com/hold"


def test_what_cannot_be_judged_is_said_in_the_verdict() -> None:
    given = facts(widget())
    evaluation = evaluate(given)
    assert (evaluation.verdict, [each.id for each in evaluation.findings]) == ("passed", ["resource-not-judged"])
    assert headline(given, evaluation) == (
        "Everything is ready. Not judged: Widget maestro-system/w (see resource-not-judged)."
    )


def test_a_controller_has_a_moment_for_its_first_word() -> None:
    assert seconds_left(facts(widget(age=1))) == 2


def test_a_custom_resource_of_an_older_generation_is_waited_for() -> None:
    changed = widget(observedGeneration=1, conditions=[condition("Ready", "True")])
    changed["metadata"]["generation"] = 2
    assert evaluate(facts(changed)).missing == (
        "Widget maestro-system/w: the controller has not seen the newest change yet",
    )


def test_a_controller_that_gives_up_fails_the_release_with_its_words() -> None:
    stalled = widget(observedGeneration=1, conditions=[condition("Stalled", "True", "no such bucket", "NotFound")])
    finding = cause(evaluate(facts(stalled)))
    assert (finding.id, finding.message) == ("resource-failed", "no such bucket")
    earlier = facts(stalled, begun=NOW - 5)
    assert evaluate(earlier).verdict == "", "what was wrong before the release may have been mended"


def test_the_unready_pod_of_an_unknown_kind_is_waited_for() -> None:
    owned = pod(running(ready=False), name="w-0")
    owned["metadata"]["ownerReferences"] = [{"uid": "Widget/w", "kind": "Widget"}]
    given = facts(widget(conditions=[condition("Ready", "True")]), owned)
    assert evaluate(given).missing == ("Pod maestro-system/w-0: it is not ready",)
    of_a_job = dict(owned, metadata={**owned["metadata"], "ownerReferences": [{"uid": "Job/x", "kind": "Job"}]})
    assert evaluate(facts(widget(conditions=[condition("Ready", "True")]), of_a_job)).verdict == "passed"


def test_a_suspended_job_is_in_its_declared_state_which_is_said() -> None:
    suspended = item("Job", "later", spec={"suspend": True}, status={})
    key = ("Job", "maestro-system", "later")
    given = facts(suspended, manifests={key: {"spec": {"suspend": True}}})
    assert (evaluate(given).verdict, [each.id for each in evaluate(given).findings]) == (
        "passed",
        ["resource-suspended"],
    )
    queued = dataclasses.replace(given, manifests={key: {"spec": {}}})
    assert evaluate(queued).missing == ("Job maestro-system/later: it is suspended, though not by its declaration",)


def test_a_budget_that_can_never_be_met_is_said() -> None:
    status = {"observedGeneration": 1, "expectedPods": 0, "desiredHealthy": 1, "currentHealthy": 0}
    evaluation = evaluate(facts(deployment(0), item("PodDisruptionBudget", "maestro", spec={}, status=status)))
    assert evaluation.verdict == "passed"
    assert [(each.id, each.severity) for each in evaluation.findings] == [("disruption-budget-unmet", "note")]


def test_a_job_that_its_ttl_removed_unseen_is_not_judged() -> None:
    key = ("Job", "maestro-system", "migrate")
    given = facts(wanted=[("Job", "migrate")], manifests={key: {"spec": {"ttlSecondsAfterFinished": 0}}}, begun=NOW - 5)
    given = dataclasses.replace(given, objects={**given.objects, "Job": ()})
    evaluation = evaluate(given)
    assert (evaluation.verdict, [each.id for each in evaluation.findings]) == ("passed", ["resource-not-judged"])
    assert cause(evaluate(dataclasses.replace(given, manifests={}))).id == "object-gone"


def test_a_claim_without_a_pod_has_to_be_bound_unless_its_class_waits_for_one() -> None:
    pending = item("PersistentVolumeClaim", "data", spec={}, status={"phase": "Pending"})
    assert evaluate(facts(pending)).missing == (
        "PersistentVolumeClaim maestro-system/data: it is not bound to a volume yet",
    )
    waits = event(pending, "WaitForFirstConsumer", "waiting for first consumer to be created before binding")
    assert evaluate(facts(pending, waits)).verdict == "passed"


def test_a_service_of_another_group_is_not_the_cores() -> None:
    knative = item("Service", "web", spec={"selector": {"app": "x"}}, status={})
    knative["apiVersion"] = "serving.knative.dev/v1"
    given = facts(deployment(), replica_set(), pod(), knative)
    assert evaluate(given).missing == (
        "Service.serving.knative.dev maestro-system/web: its condition Ready is not reported yet",
    )
