# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each alert fires when it should and stays silent when it should: below, above, waiting, resolving, gaps, resets."""

from __future__ import annotations

import pathlib
import re
import typing as t

import pytest

from tests.unit.monitoring import promtool
from tests.unit.monitoring.promtool import Expectation, Values
from tests.unit.monitoring.stories import STORIES, Signal, Story

State = t.Literal["below", "above", "gap", "restart"]
GAP = 3
"""Minutes: fewer than Prometheus keeps looking back to a last sample."""


def values(signal: Signal, *phases: tuple[State, int]) -> Values:
    """The samples of a signal through phases of some minutes; the state at minute 0 is that of the first phase."""
    samples: list[float | None] = []
    level = signal.start
    for state, minutes in phases:
        amount = signal.above if state == "above" else signal.below
        if state == "restart" and signal.kind == "counter":
            level = 0
        for _minute in range(minutes):
            exists = state != "gap" and amount is not None
            samples.append((amount if signal.kind == "gauge" else level) if exists else None)
            level += amount or 0
    return samples


def rule_of(story: Story) -> dict[str, t.Any]:
    """The one rule that the story is about."""
    wanted = {"severity": story.severity, **story.marks}
    found = [
        rule
        for rule in promtool.alerts(**story.variables)
        if rule["alert"] == story.alert and wanted.items() <= rule["labels"].items()
    ]
    assert len(found) == 1, f"{story.alert} {wanted}: {len(found)} rules"
    return found[0]


def play(folder: pathlib.Path, story: Story, *phases: tuple[State, int], firing: dict[int, bool]) -> None:
    """Lets the signals go through the phases and compares at the given minutes."""
    group = {"name": "story", "rules": [rule_of(story)]}
    series = {signal.series: values(signal, *phases) for signal in story.signals} if phases else {}
    promtool.verify(
        folder,
        [group],
        series,
        [Expectation(story.alert, minute, (story.firing,) if fires else ()) for minute, fires in firing.items()],
    )


@pytest.fixture(params=STORIES, ids=lambda story: "-".join([story.alert, story.severity, *story.marks.values()]))
def story(request: pytest.FixtureRequest) -> Story:
    return t.cast("Story", request.param)


def test_is_silent_just_below(story: Story, tmp_path: pathlib.Path) -> None:
    end = story.wait + story.settle + 10
    play(tmp_path, story, ("below", end + 1), firing=dict.fromkeys(range(0, end + 1, 5), False))


def test_waits_and_then_fires_just_above(story: Story, tmp_path: pathlib.Path) -> None:
    fires = story.wait + story.settle
    play(tmp_path, story, ("above", fires + 6), firing={story.wait - 1: False, fires: True, fires + 5: True})


def test_does_not_fire_when_it_passes_within_the_wait(story: Story, tmp_path: pathlib.Path) -> None:
    short = max(1, story.wait - story.window)
    end = short + story.window + story.wait + 5
    after = range(short + story.window, end, 5)
    play(tmp_path, story, ("above", short), ("below", end), firing=dict.fromkeys(after, False))


def test_resolves(story: Story, tmp_path: pathlib.Path) -> None:
    long = story.wait + story.settle + 5
    end = long + story.window
    play(tmp_path, story, ("above", long), ("below", story.window + 1), firing={long - 1: True, end: False})


def test_without_any_data(story: Story, tmp_path: pathlib.Path) -> None:
    play(tmp_path, story, firing={story.wait + story.settle: story.fires_without_data})


def test_a_gap_and_a_counter_that_begins_again_are_silent(story: Story, tmp_path: pathlib.Path) -> None:
    minutes = story.wait + story.settle + 10
    end = 2 * minutes + GAP
    play(
        tmp_path,
        story,
        ("below", minutes),
        ("gap", GAP),
        ("restart", minutes),
        firing=dict.fromkeys(range(0, end, 2), False),
    )


BURNS = [story for story in STORIES if story.alert == "MaestroErrorBudgetBurn"]


@pytest.mark.parametrize("burn", BURNS, ids=lambda burn: str(burn.marks["long_window"]))
@pytest.mark.parametrize("window", [0, 1], ids=["only the long window", "only the short window"])
def test_a_budget_does_not_burn_in_one_window_alone(burn: Story, window: int, tmp_path: pathlib.Path) -> None:
    end = burn.wait + 10
    states: tuple[State, State] = ("above", "below") if window == 0 else ("below", "above")
    series = {
        signal.series: values(signal, (state, end + 1)) for signal, state in zip(burn.signals, states, strict=True)
    }
    expectation = Expectation(burn.alert, end)
    promtool.verify(tmp_path, [{"name": "burn", "rules": [rule_of(burn)]}], series, [expectation])


def test_every_alert_has_a_story() -> None:
    rules = promtool.alerts() + promtool.alerts(monitoring_ingress_metrics="traefik")
    reported = [(story.alert, story.severity, story.marks) for story in STORIES]
    for rule in rules:
        same = [
            marks
            for alert, severity, marks in reported
            if (alert, severity) == (rule["alert"], rule["labels"]["severity"])
        ]
        assert any(marks.items() <= rule["labels"].items() for marks in same), rule["alert"]


def test_annotations_speak_of_labels_that_the_alert_has(story: Story) -> None:
    texts = " ".join(rule_of(story)["annotations"].values())
    assert set(re.findall(r"\$labels\.(\w+)", texts)) <= set(story.firing)
