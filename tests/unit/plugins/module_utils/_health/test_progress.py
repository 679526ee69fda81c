# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told while a release is waited for: each change once, at most one line a second about the pods."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._findings.finding import Finding
from ansible_collections.intelgraph.maestro.plugins.module_utils._health import progress
from ansible_collections.intelgraph.maestro.plugins.module_utils._health.facts import Facts, HealthEvaluation
from ansible_collections.intelgraph.maestro.plugins.module_utils._health.progress import Moment, Teller, state_of
from tests.unit.plugins.samples import Manifest, manifest

TROUBLE = Finding("image-not-found", "error", "Deployment n/maestro", "no such image", next_step="Push it.")


class Told(t.NamedTuple):
    """A teller and the lines that it has told."""

    teller: Teller
    lines: list[str]


@pytest.fixture
def reported() -> Told:
    lines: list[str] = []
    return Told(Teller(lines.append, limit=600), lines)


def facts(ready: int, starting: int = 0) -> Facts:
    conditions = [{"type": "Ready", "status": "True"}]
    pods: list[Manifest] = [manifest("v1", "Pod", f"r{i}", status={"conditions": conditions}) for i in range(ready)]
    pods += [manifest("v1", "Pod", f"s{i}", spec={"nodeName": "n"}) for i in range(starting)]
    return Facts(0.0, (), {"Pod": tuple(pods)})


UNDECIDED = HealthEvaluation("")


def test_a_change_is_told_with_the_time_that_went_and_that_is_left(reported: Told) -> None:
    assert reported.teller.see(facts(2, 1), UNDECIDED, 12.2) is None
    assert reported.lines == ["  12 s  pods: 2 ready, 1 starting (588 s left)"]
    assert reported.teller.timeline == [Moment(12.2, {"ready": 2, "starting": 1}, "pods: 2 ready, 1 starting")]


def test_pods_are_not_told_before_it_is_known_which_are_new(reported: Told) -> None:
    unseen = manifest("apps/v1", "Deployment", "maestro", status={"observedGeneration": 1})
    unseen["metadata"]["generation"] = 2
    early = dataclasses.replace(facts(3), objects={**facts(3).objects, "Deployment": (unseen,)})
    assert reported.teller.see(early, UNDECIDED, 0.1) is None
    assert reported.lines == []
    reported.teller.see(early, UNDECIDED, 9.0, is_last=True)
    assert reported.lines == ["   9 s  pods: 3 ready"]


def test_what_stays_as_it_is_is_not_told_again(reported: Told) -> None:
    for second in range(60):
        reported.teller.see(facts(1, 2), HealthEvaluation("", (TROUBLE,)), float(second))
    assert len(reported.lines) == 2


def test_changes_within_a_second_are_told_together_in_their_turn(reported: Told) -> None:
    reported.teller.see(facts(0, 3), UNDECIDED, 1.0)
    assert reported.teller.see(facts(1, 2), UNDECIDED, 1.2) == pytest.approx(2.0)
    assert reported.teller.see(facts(2, 1), UNDECIDED, 1.5) == pytest.approx(2.0)
    assert reported.teller.see(facts(2, 1), UNDECIDED, 2.0) is None
    assert [line.split("(")[0].strip() for line in reported.lines] == [
        "1 s  pods: 3 starting",
        "2 s  pods: 2 ready, 1 starting",
    ]


def test_the_end_is_told_at_once_and_has_no_time_left(reported: Told) -> None:
    reported.teller.see(facts(2, 1), UNDECIDED, 1.0)
    assert reported.teller.see(facts(3), HealthEvaluation("passed"), 1.1, is_last=True) is None
    assert reported.lines[-1] == "   1 s  pods: 3 ready"


def test_a_finding_is_told_at_once_and_once(reported: Told) -> None:
    reported.teller.see(facts(0, 3), UNDECIDED, 1.0)
    reported.teller.see(facts(0, 3), HealthEvaluation("failed", (TROUBLE,)), 1.1)
    reported.teller.see(facts(0, 3), HealthEvaluation("failed", (TROUBLE,)), 5.0)
    assert reported.lines[1:] == ["   1 s  [image-not-found] Deployment n/maestro: no such image. Push it."]


def test_a_hundred_changes_in_ten_seconds_make_ten_lines(reported: Told) -> None:
    for step in range(100):
        reported.teller.see(facts(step, 100 - step), UNDECIDED, step / 10)
    assert len(reported.lines) == 10


def test_a_timeline_has_an_end(reported: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "LONGEST", 3)
    for second in range(10):
        reported.teller.see(facts(second + 1), UNDECIDED, float(second))
    assert len(reported.teller.timeline) == 3


def test_anything_else_is_said_once_whatever_its_reason_is_then(reported: Told) -> None:
    reported.teller.see(facts(3), UNDECIDED, 1.0)
    for second, reason in ((2.0, "reset"), (3.0, "refused")):
        reported.teller.say(second, "the API server is away", reason)
    assert reported.lines[1:] == ["   2 s  the API server is away: reset"]
    assert reported.teller.timeline[-1].pods == {"ready": 3}
    reported.teller.see(facts(3), UNDECIDED, 9.0)
    assert reported.lines[-1] == "   9 s  pods: 3 ready (591 s left)", "and that it is back"


@pytest.mark.parametrize(
    ("pods", "missing", "state"),
    [
        ({}, (), ""),
        ({"ready": 3}, (), "pods: 3 ready"),
        ({"ready": 3}, ("Ingress n/maestro: no address.",), "pods: 3 ready; waiting for Ingress n/maestro: no address"),
        ({"ready": 2, "old": 1}, ("Deployment n/maestro: 1 old pod",), "pods: 2 ready, 1 old"),
        ({}, ("Namespace n: it is Terminating",), "waiting for Namespace n: it is Terminating"),
    ],
)
def test_what_is_waited_for_is_told_once_the_pods_are_ready(
    pods: dict[str, int], missing: tuple[str, ...], state: str
) -> None:
    assert state_of(pods, missing) == state
