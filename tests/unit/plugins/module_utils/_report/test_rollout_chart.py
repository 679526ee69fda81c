# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The picture of a rollout: its shapes, its labels, its words."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.intelgraph.maestro.plugins.module_utils._health.pod_phases import PHASES
from ansible_collections.intelgraph.maestro.plugins.module_utils._health.progress import Moment
from ansible_collections.intelgraph.maestro.plugins.module_utils._report.css import CSS
from ansible_collections.intelgraph.maestro.plugins.module_utils._report.plot import SIDE
from ansible_collections.intelgraph.maestro.plugins.module_utils._report.rollout_chart import (
    MEANINGS,
    STACK,
    band,
    chart,
    described,
    time_ticks,
    worded,
)

MOMENTS = (Moment(0.0, {"pending": 2}), Moment(5.0, {"ready": 1, "starting": 1}), Moment(10.0, {"ready": 2}))


def test_every_phase_has_its_place_its_meaning_and_its_colour() -> None:
    assert set(STACK) == set(MEANINGS) == set(PHASES)
    assert all(f".{phase} {{" in CSS and f"--{phase}:" in CSS for phase in PHASES)


def test_a_band_goes_along_its_top_in_steps_and_back_along_its_bottom() -> None:
    assert band(MOMENTS, "ready", end=20.0, most=2) == (
        "M0 1000 L250 1000 L250 500 L500 500 L500 0 L1000 0"
        " L1000 1000 L500 1000 L500 1000 L250 1000 L250 1000 L0 1000 Z"
    )


def area(path: str) -> float:
    """The area that a path encloses (the shoelace formula)."""
    numbers = [float(number) for number in re.findall(r"[\d.]+", path)]
    points = list(zip(numbers[::2], numbers[1::2], strict=True))
    pairs = zip(points, [*points[1:], points[0]], strict=True)
    return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairs)) / 2


COUNTS = st.dictionaries(st.sampled_from(PHASES), st.integers(1, 5), min_size=1)


@settings(max_examples=40)
@given(st.lists(COUNTS, min_size=2, max_size=6))
def test_areas_are_pod_seconds(counts: list[dict[str, int]]) -> None:
    moments = [Moment(float(second), pods) for second, pods in enumerate(counts)]
    end, most = float(len(moments)), max(sum(pods.values()) for pods in counts)
    for phase in PHASES:
        pod_seconds = sum(pods.get(phase, 0) for pods in counts)
        drawn = area(band(moments, phase, end, most)) * end * most / SIDE**2
        assert drawn == pytest.approx(pod_seconds, abs=0.02 * end * most)


def test_there_is_no_picture_of_nothing() -> None:
    assert chart([]) is None
    assert chart(MOMENTS[:1]) is None
    assert chart([Moment(0.0, {}), Moment(5.0, {})]) is None
    assert chart([Moment(5.0, {"ready": 1}), Moment(5.0, {"ready": 2})]) is None


def test_the_picture_says_what_it_shows() -> None:
    text = str(chart(MOMENTS))
    assert 'role="img"' in text
    assert 'aria-labelledby="chart-title chart-desc"' in text
    assert '<desc id="chart-desc">At 0 s: 2 pending. At 10 s: 2 ready. 2 pods were ready for the first time' in text
    for phase in ("ready", "starting", "pending"):
        assert f'class="band {phase}"' in text
        assert MEANINGS[phase] in text
    assert MEANINGS["failing"] not in text


def test_words_for_a_rollout_that_got_nowhere() -> None:
    stuck = (Moment(0.0, {"pending": 1}), Moment(90.0, {"pending": 1}))
    assert described(stuck) == "At 0 s: 1 pending. At 1 min 30 s: 1 pending."
    assert described((Moment(0.0, {}), Moment(1.0, {"failing": 1}))).startswith("At 0 s: no pods.")


@pytest.mark.parametrize(
    ("end", "wanted"),
    [
        (2.0, ["0 s", "1 s", "2 s"]),
        (21.0, ["0 s", "5 s", "10 s", "15 s", "20 s"]),
        (240.0, ["0 s", "1 min", "2 min", "3 min", "4 min"]),
        (90_000.0, ["0 s", "5 h", "10 h", "15 h", "20 h", "1 d 1 h"]),
    ],
)
def test_round_times_in_the_unit_that_fits(end: float, wanted: list[str]) -> None:
    assert [worded(time) for time in time_ticks(end)] == wanted


@pytest.mark.parametrize(
    ("seconds", "wanted"),
    [(0.0, "0 s"), (0.08, "0.1 s"), (14.2, "14.2 s"), (59.96, "1 min"), (95.0, "1 min 35 s"), (90_061.0, "1 d 1 h")],
)
def test_times_as_a_person_says_them(seconds: float, wanted: str) -> None:
    assert worded(seconds) == wanted
