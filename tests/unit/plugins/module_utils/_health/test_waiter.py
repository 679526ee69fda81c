# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting ends with the judge's verdict, when nothing can be learnt any more, or when the time is over."""

from __future__ import annotations

import dataclasses
import time
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster import watch
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Answer, ApiError
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.errors import Unreachable
from ansible_collections.intelgraph.maestro.plugins.module_utils._health import waiter
from ansible_collections.intelgraph.maestro.plugins.module_utils._health.facts import (
    Facts,
    HealthEvaluation,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._health.observer import Subject
from ansible_collections.intelgraph.maestro.plugins.module_utils._health.waiter import await_verdict, health_now
from tests.unit.api_double import ApiDouble
from tests.unit.plugins.module_utils._health.scripted import (
    FAILED,
    LAST_WORDS,
    LONG,
    PASSED,
    SUBJECT,
    TROUBLE,
    WAITING,
    Scripted,
    later,
    wait,
)
from tests.unit.plugins.samples import NAMESPACE, base64_of, config_map, deployment
from tests.unit.rendering import only


def test_it_ends_soon_after_the_news_that_decide_it(cluster: ApiDouble, evaluated: t.Callable[..., Scripted]) -> None:
    evaluated(at_3=PASSED)
    later(0.3, lambda: cluster.put(deployment(replicas=3)))
    health = wait(cluster)
    assert health.verdict == "passed"
    assert 0.3 <= health.seconds < LONG / 2


def test_it_ends_at_once_when_waiting_cannot_help(cluster: ApiDouble, evaluated: t.Callable[..., Scripted]) -> None:
    evaluated(at_0=FAILED)
    health = wait(cluster)
    assert (health.verdict, health.findings) == ("failed", (TROUBLE,))
    assert health.seconds < LONG / 2


def test_bad_news_of_a_moment_are_no_verdict(cluster: ApiDouble, evaluated: t.Callable[..., Scripted]) -> None:
    """Each watch brings its news in its own time: a pod may be seen before the claim that it names."""
    evaluate = evaluated(at_2=FAILED, at_3=PASSED)
    later(0.1, lambda: cluster.put(deployment(replicas=2)))
    later(0.3, lambda: cluster.put(deployment(replicas=3)))
    reported: list[str] = []
    health = wait(cluster, tell=reported.append)
    assert (health.verdict, [line for line in reported if "crash-loop" in line]) == ("passed", [])
    assert 2 in [facts.objects["Deployment"][0]["spec"]["replicas"] for facts in evaluate.facts]


def test_what_is_deleted_meanwhile_is_seen(cluster: ApiDouble, evaluated: t.Callable[..., Scripted]) -> None:
    evaluated(at_none=FAILED)
    later(0.2, lambda: cluster.request("DELETE", f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/maestro"))
    assert wait(cluster).verdict == "failed"


def test_it_judges_again_at_the_moment_that_the_judge_names(
    cluster: ApiDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    again_at = time.time() + 0.3

    def by_clock(facts: Facts) -> HealthEvaluation:
        return PASSED if facts.now >= again_at else HealthEvaluation("", again_at=again_at)

    monkeypatch.setattr(waiter, "evaluate", by_clock)
    health = wait(cluster)
    assert health.verdict == "passed"
    assert health.seconds < LONG / 2


def test_that_moment_is_one_of_the_servers_clock(cluster: ApiDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster.clock, "now", lambda: time.time() + 600)
    seen: list[float] = []

    def by_clock(facts: Facts) -> HealthEvaluation:
        seen.append(facts.now)
        return PASSED if facts.now >= seen[0] + 0.3 else HealthEvaluation("", again_at=seen[0] + 0.3)

    monkeypatch.setattr(waiter, "evaluate", by_clock)
    assert wait(cluster).seconds < LONG / 2
    assert seen[0] == pytest.approx(time.time() + 600, abs=LONG)


def test_a_burst_of_news_is_judged_together(cluster: ApiDouble, evaluated: t.Callable[..., Scripted]) -> None:
    evaluate = evaluated(at_40=PASSED)

    def burst() -> None:
        for replicas in range(1, 41):
            cluster.put(deployment(replicas=replicas))

    later(0.1, burst)
    assert wait(cluster).verdict == "passed"
    assert len(evaluate.facts) < 15


def test_it_ends_with_the_time(cluster: ApiDouble, evaluated: t.Callable[..., Scripted]) -> None:
    evaluated()
    health = wait(cluster, timeout=0.3)
    assert (health.verdict, health.missing) == ("failed", ("two pods",))
    assert 0.3 <= health.seconds < LONG


def test_without_time_to_wait_it_is_judged_once(cluster: ApiDouble, evaluated: t.Callable[..., Scripted]) -> None:
    evaluated(at_0=PASSED)
    assert wait(cluster, timeout=0).verdict == "passed"


@pytest.mark.parametrize(("evaluation", "verdict"), [(PASSED, "passed"), (FAILED, "failed"), (WAITING, "inconclusive")])
def test_a_look_does_not_wait(
    cluster: ApiDouble, evaluated: t.Callable[..., Scripted], evaluation: HealthEvaluation, verdict: str
) -> None:
    evaluated(at_0=evaluation)
    health = health_now(cluster, SUBJECT)
    assert (health.verdict, health.missing) == (verdict, evaluation.missing)
    assert health.seconds < LONG / 2


def break_off(cluster: ApiDouble, part: str, error: Exception) -> None:
    """Let the lists and watches of a collection fail."""
    cluster.fail("GET", part, error)
    cluster.fail("WATCH", part, error)


AWAY = Unreachable("The API server cannot be reached")


def test_nothing_passes_on_what_may_be_old(cluster: ApiDouble, evaluated: t.Callable[..., Scripted]) -> None:
    """The judge would pass it, but its pods are not followed any more; then they are again."""
    evaluated(at_3=PASSED)

    def begin() -> None:
        break_off(cluster, "/pods", AWAY)
        later(0.3, lambda: cluster.put(deployment(replicas=3)))
        later(0.8, cluster.mend)

    later(0.2, begin)
    health = wait(cluster)
    assert health.verdict == "passed"
    assert health.seconds >= 1.0


def test_an_api_that_is_away_until_the_end_leaves_it_open(
    cluster: ApiDouble, evaluated: t.Callable[..., Scripted]
) -> None:
    evaluated(at_0=FAILED)
    break_off(cluster, "/", AWAY)
    cluster.limits = cluster.limits._replace(read=0.2)
    health = wait(cluster, timeout=0.5)
    assert health.verdict == "inconclusive"
    assert health.findings[0].id == "api-unreachable"
    assert "it is not known how the release stands (Deployment, Pod, ReplicaSet): The API server cannot be reached" in (
        health.findings[0].message
    )


def test_an_api_that_is_slow_is_no_reason_to_pass(cluster: ApiDouble, evaluated: t.Callable[..., Scripted]) -> None:
    evaluated(at_none=PASSED, at_0=PASSED)
    cluster.slow["/pods"] = 10.0
    health = wait(cluster, timeout=0.3)
    assert (health.verdict, health.findings[0].id) == ("inconclusive", "api-unreachable")
    assert "has not answered yet when it was asked for Pod" in health.findings[0].message


def test_somebody_is_told_that_it_is_away(
    cluster: ApiDouble, evaluated: t.Callable[..., Scripted], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiter, "HICCUP", 0.1)
    evaluated()
    reported: list[str] = []
    later(0.2, lambda: break_off(cluster, "/pods", AWAY))
    wait(cluster, timeout=3.0, tell=reported.append)
    away = "the API server does not answer; what is known may be old: The API server cannot be reached"
    assert sum(away in line for line in reported) == 1


FORBIDDEN = ApiError(403, "Forbidden", "you may not list pods")
EXPIRED = ApiError(401, "Unauthorized", "the token has expired")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "FIRST_PATIENCE", 0.0)
    monkeypatch.setattr(watch, "LATER_PATIENCE", 0.0)


@pytest.mark.usefixtures("impatient")
def test_what_may_not_be_read_is_never_passed_over(cluster: ApiDouble, evaluated: t.Callable[..., Scripted]) -> None:
    evaluated(at_0=PASSED)
    break_off(cluster, "/pods", FORBIDDEN)
    health = wait(cluster)
    assert health.verdict == "inconclusive"
    finding = only(health.findings)
    assert (finding.id, finding.object) == ("permission-missing", f"Pod in namespace {NAMESPACE}")
    assert "you may not list pods" in finding.message


@pytest.mark.usefixtures("impatient")
def test_a_failure_is_a_failure_whatever_may_not_be_read(
    cluster: ApiDouble, evaluated: t.Callable[..., Scripted]
) -> None:
    evaluated(at_0=FAILED)
    break_off(cluster, "/pods", FORBIDDEN)
    health = wait(cluster)
    assert health.verdict == "failed"
    assert [finding.id for finding in health.findings] == ["crash-loop", "permission-missing"]


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(("error", "finding"), [(FORBIDDEN, "permission-missing"), (EXPIRED, "credentials-refused")])
def test_what_may_not_be_read_any_more_ends_the_wait(
    cluster: ApiDouble, evaluated: t.Callable[..., Scripted], error: ApiError, finding: str
) -> None:
    evaluated()
    later(0.2, lambda: break_off(cluster, "/", error))
    health = wait(cluster, timeout=60)
    assert health.verdict == "inconclusive"
    assert {each.id for each in health.findings} == {finding}
    assert health.seconds < 10


@pytest.mark.usefixtures("impatient")
def test_credentials_that_were_never_good_end_the_wait(
    cluster: ApiDouble, evaluated: t.Callable[..., Scripted]
) -> None:
    evaluated(at_none=PASSED)
    break_off(cluster, "/", EXPIRED)
    health = wait(cluster, timeout=60)
    assert (health.verdict, health.findings[0].id) == ("inconclusive", "credentials-refused")


@pytest.mark.usefixtures("impatient")
def test_it_can_be_judged_without_nodes_and_events(cluster: ApiDouble, evaluated: t.Callable[..., Scripted]) -> None:
    evaluated(at_0=PASSED)
    for part in ("/nodes", "/events"):
        break_off(cluster, part, FORBIDDEN)
    health = wait(cluster)
    assert health.verdict == "passed"
    assert [(finding.severity, finding.object) for finding in health.findings] == [
        ("note", f"Event in namespace {NAMESPACE}")
    ]


def logging(log: t.Callable[[], str]) -> t.Callable[..., Answer]:
    """Answers of a namespace without Secrets in which every container has this log."""
    return lambda path, *_seconds, **_query: Answer(200, {"items": []} if path.endswith("/secrets") else log())


def test_a_failure_comes_with_its_proof(
    cluster: ApiDouble, evaluated: t.Callable[..., Scripted], monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluate = evaluated(at_0=dataclasses.replace(FAILED, log_requests=(LAST_WORDS,)))
    monkeypatch.setattr(cluster, "once", logging(lambda: "panic: no database"))
    assert wait(cluster).verdict == "failed"
    assert evaluate.facts[-1].answers == {LAST_WORDS: ("panic: no database",)}


def test_a_proof_that_does_not_come_holds_up_no_verdict(
    cluster: ApiDouble, evaluated: t.Callable[..., Scripted], monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluated(at_0=dataclasses.replace(FAILED, log_requests=(LAST_WORDS,)))
    monkeypatch.setattr(waiter, "PROOF_SECONDS", 0.2)
    monkeypatch.setattr(cluster, "once", logging(lambda: time.sleep(4) or "late"))
    health = wait(cluster)
    assert health.verdict == "failed"
    assert health.seconds < 3


def test_secrets_are_taken_out_of_all_that_is_told(cluster: ApiDouble, evaluated: t.Callable[..., Scripted]) -> None:
    smoke_result = dataclasses.replace(TROUBLE, evidence=("canary-7c1f",), cause="canary-7c1f")
    evaluated(at_0=HealthEvaluation("failed", (smoke_result,), missing=("canary-7c1f",)))
    reported: list[str] = []
    health = wait(cluster, tell=reported.append, mask=lambda text: text.replace("canary-7c1f", "***"))
    assert "canary" not in f"{health} {reported}"
    assert health.findings[0].message == "it ends with ***"


def test_what_the_secrets_of_the_namespace_hold_is_taken_out_of_last_words(
    cluster: ApiDouble, evaluated: t.Callable[..., Scripted]
) -> None:
    data = {"KEY": base64_of("canary-7c1f")}
    named = {"name": "theirs", "namespace": NAMESPACE}
    cluster.put({"apiVersion": "v1", "kind": "Secret", "metadata": named, "data": data})
    evaluated(at_0=HealthEvaluation("failed", (dataclasses.replace(TROUBLE, evidence=("last words: canary-7c1f",)),)))
    reported: list[str] = []
    health = wait(cluster, tell=reported.append)
    assert "canary" not in f"{health} {reported}"
    assert health.findings[0].evidence == ("last words: (secret theirs/KEY)",)


def test_who_may_not_list_secrets_is_told_what_that_means(
    cluster: ApiDouble, evaluated: t.Callable[..., Scripted]
) -> None:
    cluster.fail("GET", "/secrets", ApiError(403, "Forbidden", "you may not list secrets"))
    evaluated(at_0=FAILED)
    assert [finding.id for finding in wait(cluster).findings] == ["crash-loop", "permission-missing"]


def test_secrets_are_read_only_when_there_is_something_to_show(
    cluster: ApiDouble, evaluated: t.Callable[..., Scripted]
) -> None:
    cluster.fail("GET", "/secrets", AssertionError("nobody asks"))
    evaluated(at_0=PASSED)
    assert wait(cluster).verdict == "passed"


def test_what_happens_is_told_and_remembered(cluster: ApiDouble, evaluated: t.Callable[..., Scripted]) -> None:
    evaluated(at_3=FAILED)
    reported: list[str] = []
    later(0.2, lambda: cluster.put(deployment(replicas=3)))
    health = wait(cluster, tell=reported.append)
    remembered = [moment.message for moment in health.timeline]
    assert remembered[0] == "waiting for two pods"
    assert remembered.count(TROUBLE.sentence()) == 1
    assert len(reported) == len(remembered)


def test_what_is_not_watched_is_looked_at_once(cluster: ApiDouble, evaluated: t.Callable[..., Scripted]) -> None:
    evaluated(at_none=PASSED)
    cluster.put(config_map())
    asked = cluster.requests
    health = await_verdict(cluster, Subject("maestro", NAMESPACE, (config_map(),)), 5)
    assert (health.verdict, cluster.requests - asked) == ("passed", 1)


@pytest.mark.parametrize(
    ("is_there", "finding", "words"),
    [(True, "object-terminating", "held by its finalizers: example.com/hold"), (False, "object-gone", "not there")],
)
def test_what_is_not_watched_and_goes_is_never_passed(
    cluster: ApiDouble, is_there: bool, finding: str, words: str
) -> None:
    going = config_map()
    going["metadata"].update(deletionTimestamp="2026-11-30T10:00:00Z", finalizers=["example.com/hold"])
    if is_there:
        cluster.put(going)
    health = await_verdict(cluster, Subject("maestro", NAMESPACE, (config_map(),)), 5)
    assert health.verdict == "failed"
    assert [each.id for each in health.findings] == [finding]
    assert words in health.findings[0].message


def test_what_may_not_be_read_and_is_not_watched_is_left_alone(cluster: ApiDouble) -> None:
    cluster.fail("GET", "/configmaps", ApiError(403, "Forbidden", "you may not"))
    assert await_verdict(cluster, Subject("maestro", NAMESPACE, (config_map(),)), 5).verdict == "passed"
