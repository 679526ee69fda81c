# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""From figures to a verdict."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.load.gates import (
    RISK_LATER,
    LoadEvaluation,
    Measured,
    evaluate,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.load.recorder import KINDS, Recording
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.load.saturation import Pace

LIMITS = {"error_ratio": 0.001, "p95": 2.0, "throughput": 90.0}


def measured(
    good: int = 10_000, latency: float = 0.05, late: float = 0.001, cpu: float = 0.1, planned: int = 0, **bad: int
) -> Measured:
    """So many good answers, and so many of each other kind (``s5xx``: a status; else the kind's name)."""
    recording = Recording()
    for kind, count in {"ok": good, **{name.removeprefix("s"): many for name, many in bad.items()}}.items():
        for _number in range(count):
            recording.add(KINDS.index(kind), 0.0, late, latency, latency)
    return Measured(recording, planned or len(recording), 100.0, cpu, rate=100.0)


def ids(evaluation: LoadEvaluation) -> list[str]:
    return [finding.id for finding in evaluation.findings]


def evaluated(limits: t.Mapping[str, float] = LIMITS, **given: t.Any) -> tuple[str, list[str]]:
    evaluation = evaluate(limits, measured(**given))
    return evaluation.verdict, ids(evaluation)


def test_a_good_service_passes_without_a_finding() -> None:
    assert evaluated() == ("passed", [])


def test_errors_that_the_limit_cannot_explain_fail() -> None:
    assert evaluated(s5xx=30) == ("failed", ["error-ratio-high"])


def test_a_few_errors_leave_it_open_and_more_requests_may_decide() -> None:
    evaluation = evaluate(LIMITS, measured(s5xx=8))
    assert (evaluation.verdict, ids(evaluation)) == ("inconclusive", ["sample-too-small"])
    assert evaluation.undecided
    assert "2995 would be enough" in evaluation.findings[0].message


def test_too_few_requests_prove_nothing_however_good() -> None:
    assert evaluated(good=2000) == ("inconclusive", ["sample-too-small"])


def test_later_looks_are_stricter() -> None:
    just = measured(good=3000)
    assert evaluate(LIMITS, just).verdict == "passed"
    assert evaluate(LIMITS, just, RISK_LATER).verdict == "inconclusive"


def test_slow_answers_fail_by_how_many_they_are() -> None:
    assert evaluated(latency=3.0) == ("failed", ["latency-high"])


def test_requests_without_an_answer_miss_every_limit_of_latency() -> None:
    evaluation = evaluate({"p95": 2.0}, measured(good=6000, reset=4000))
    assert (evaluation.verdict, ids(evaluation)) == ("failed", ["latency-high"])
    assert "4000 that got no answer count as slower" in evaluation.findings[0].message


def test_too_few_answers_a_second_fail() -> None:
    assert evaluated({"throughput": 101.0}) == ("failed", ["throughput-low"])


@pytest.mark.parametrize(
    ("pace", "verdict", "found"),
    [
        (Pace(99.0, 99.5), "passed", []),
        (Pace(80.0, 99.0), "inconclusive", ["sample-too-small"]),
        (Pace(80.0, 85.0), "failed", ["throughput-low"]),
    ],
)
def test_a_rate_is_missed_when_a_queue_grows(pace: Pace, verdict: str, found: list[str]) -> None:
    load = dataclasses.replace(measured(), throughput=80.0, pace=pace)
    evaluation = evaluate(LIMITS, load)
    assert (evaluation.verdict, ids(evaluation)) == (verdict, found)


def test_429_is_the_limiters_word_and_leaves_it_open() -> None:
    verdict, found = evaluated(s429=500)
    assert (verdict, found) == ("inconclusive", ["load-rate-limited"])


@pytest.mark.parametrize(
    "state", [{"cpu": 0.9}, {"late": 1.5}, {"planned": 20_000}], ids=["no processor", "sent late", "not sent"]
)
def test_a_generator_that_was_too_slow_never_passes_and_blames_nobody(state: dict[str, t.Any]) -> None:
    assert evaluated(**state) == ("inconclusive", ["generator-overloaded"])
    verdict, found = evaluated(latency=3.0, **state)
    assert (verdict, "generator-overloaded" in found) == ("inconclusive", True)
    assert all(finding.severity != "error" for finding in evaluate(LIMITS, measured(latency=3.0, **state)).findings)


def test_what_the_service_said_itself_stands_however_slow_the_generator() -> None:
    verdict, found = evaluated(cpu=0.9, s5xx=100)
    assert (verdict, found) == ("failed", ["error-ratio-high", "generator-overloaded"])


@pytest.mark.parametrize("state", [{"cpu": 0.9}, {"late": 1.5}, {"planned": 20_000}], ids=str)
@pytest.mark.parametrize("kind", ["malformed", "cut", "tls", "connect", "reset", "s4xx", "unexpected"])
def test_a_wrong_or_broken_answer_is_one_however_late_it_was_asked_for(kind: str, state: dict[str, t.Any]) -> None:
    evaluation = evaluate(LIMITS, measured(latency=3.0, **state, **{kind: 100}))
    assert evaluation.verdict == "failed"
    severities = {finding.id: finding.severity for finding in evaluation.findings}
    assert severities["error-ratio-high"] == "error"
    assert severities["generator-overloaded"] == "warning"
    assert severities["latency-high"] == "warning"


@pytest.mark.parametrize("state", [{"cpu": 0.9}, {"late": 1.5}, {"planned": 20_000}], ids=str)
def test_a_timeout_may_come_of_being_late(state: dict[str, t.Any]) -> None:
    assert evaluated({"error_ratio": 0.001}, timeout=100, **state)[0] == "inconclusive"


@pytest.mark.parametrize(
    ("latency", "late", "verdict"), [(3.0, 0.9, "failed"), (3.0, 1.0, "inconclusive"), (2.1, 0.1, "inconclusive")]
)
def test_slowness_that_being_late_does_not_explain_stands(latency: float, late: float, verdict: str) -> None:
    """The time from sending counts, and the answer may be read late as well; 10 ms until the next request is due."""
    evaluation = evaluate({"p95": 2.0}, measured(latency=latency, late=late))
    assert (evaluation.verdict, ids(evaluation)) == (
        verdict,
        ["latency-high", "generator-overloaded"] if verdict == "failed" else ["generator-overloaded", "latency-high"],
    )


def test_slowness_of_a_generator_without_a_processor_blames_nobody() -> None:
    assert evaluated({"p95": 2.0}, latency=9.0, late=0.1, cpu=0.9)[0] == "inconclusive"


def test_a_service_too_slow_for_all_connections_fails() -> None:
    verdict, found = evaluated(latency=10.0, good=500, unsent=500)
    assert verdict == "failed"
    assert {"latency-high", "error-ratio-high", "generator-overloaded"} <= set(found)


@pytest.mark.parametrize("latency", [0.05, 10.0])
def test_what_this_machine_could_not_send_is_not_held_against_the_service(latency: float) -> None:
    verdict, found = evaluated(good=9000, unable=3000, unsent=10, latency=latency)
    assert (verdict, "generator-overloaded" in found) == ("inconclusive", True)


def test_a_few_that_this_machine_could_not_send_are_only_missing() -> None:
    assert evaluated(good=9000, unable=50) == ("passed", [])


def test_lateness_is_measured_by_the_strictest_latency_limit() -> None:
    assert evaluated({"p95": 2.0}, late=0.03)[0] == "passed"
    assert evaluated({"p95": 2.0, "p50": 0.2}, late=0.03)[0] == "inconclusive"


def test_nothing_recorded_proves_nothing() -> None:
    assert evaluate(LIMITS, measured(good=0, planned=100)).verdict == "inconclusive"


def test_a_gate_tells_its_bounds() -> None:
    gate = evaluate({"error_ratio": 0.001}, measured(s5xx=30)).gates[0].as_dict()
    assert gate["verdict"] == "failed"
    assert gate["lower"] < gate["value"] < gate["upper"]
