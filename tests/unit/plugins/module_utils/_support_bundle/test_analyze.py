# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A diagnosis is judged by what it collected, its logs included; a judge that stumbles does not take it along."""

from __future__ import annotations

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._health.facts import (
    PREVIOUS_LOG,
    PROBE,
    Facts,
    HealthEvaluation,
    LogRequest,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._support_bundle import analyze as place
from ansible_collections.intelgraph.maestro.plugins.module_utils._support_bundle.analyze import evaluated
from ansible_collections.intelgraph.maestro.plugins.module_utils._support_bundle.scope import LeftOut, LogName
from tests.unit.plugins.module_utils._support_bundle.objects import NAMESPACE, collected, live

RELEASE = (live("Deployment", "maestro"), live("Pod", "maestro-1"))


def test_the_judge_has_all_that_was_collected_and_the_ends_of_the_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Facts] = []
    log_requests = tuple(LogRequest(what, NAMESPACE, "maestro-1", "maestro") for what in (PREVIOUS_LOG, PROBE))

    def evaluate(facts: Facts) -> HealthEvaluation:
        seen.append(facts)
        return HealthEvaluation("failed", log_requests=log_requests)

    monkeypatch.setattr(place, "evaluate", evaluate)
    log = {LogName("maestro-1", "maestro", previous=True): "".join(f"line {number}\n" for number in range(30))}
    found = collected(*RELEASE, logs=log, nodes=(live("Node", "node-1"),))
    assert evaluated(found) == HealthEvaluation("failed", log_requests=log_requests)
    assert set(seen[-1].objects) == {"Deployment", "Pod", "Node"}
    assert seen[-1].wanted == (("Deployment", NAMESPACE, "maestro"),)
    assert seen[-1].answers == {log_requests[0]: tuple(f"line {number}" for number in range(10, 30))}


def test_nodes_that_could_not_be_read_are_not_told_as_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "evaluate", lambda facts: HealthEvaluation("", missing=tuple(facts.objects)))
    verdict = evaluated(collected(*RELEASE))
    assert verdict is not None
    assert verdict.missing == ("Deployment", "Pod")


def test_nothing_is_no_release_that_passed() -> None:
    found = collected(live("ResourceQuota", "of-the-platform"))
    assert evaluated(found) is None
    assert found.left_out == [LeftOut("findings.txt", "there is no release to judge")]


def test_facts_that_cannot_be_judged_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(_facts: Facts) -> HealthEvaluation:
        raise KeyError("spec")

    monkeypatch.setattr(place, "evaluate", stumble)
    found = collected(*RELEASE)
    assert evaluated(found) is None
    assert found.left_out[0].why == "the facts could not be judged: KeyError 'spec'"
