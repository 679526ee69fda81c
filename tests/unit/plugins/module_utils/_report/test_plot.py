# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The frame of a picture: labels where they belong, flags that cannot cover one another."""

from __future__ import annotations

import re

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._report.plot import (
    TICKS,
    Flag,
    Label,
    PlotStep,
    area,
    outline,
    place,
    plot,
    ticks,
)


@pytest.mark.parametrize(
    ("most", "wanted"),
    [
        (1, [0, 1]),
        (4, [0, 1, 2, 3, 4]),
        (10, [0, 2, 4, 6, 8, 10]),
        (1234.5, [0, 500, 1000]),
        (600_000, [0, 100_000, 200_000, 300_000, 400_000, 500_000, 600_000]),
        (0.4, [0]),
    ],
)
def test_a_few_round_numbers(most: float, wanted: list[int]) -> None:
    assert ticks(most) in (wanted, wanted[::2])


@pytest.mark.parametrize("most", [1, 7, 99, 100, 101, 59_999, 10**9])
def test_never_too_many_of_them(most: float) -> None:
    assert 2 <= len(ticks(most)) <= TICKS


def test_paths_go_along_the_top_in_steps_and_areas_back_along_the_bottom() -> None:
    steps = [PlotStep(0.0, 0.5, 0.25), PlotStep(0.5, 1.0, 1.0, 0.5)]
    assert outline(steps) == "M0 750 L500 750 L500 0 L1000 0"
    assert area(steps) == "M0 750 L500 750 L500 0 L1000 0 L1000 500 L500 500 L500 1000 L0 1000 Z"


def test_each_flag_has_a_row_of_its_own_the_outermost_above() -> None:
    flags = [Flag(0.1, "a", "measured"), Flag(0.9, "d", "limit"), Flag(0.2, "b", "measured"), Flag(0.7, "c", "limit")]
    text = plot("x", "Title", "told", (), [Label(0, "0")], [], flags)
    found = re.findall(r'<div class="flag (.*?)" style="left:(.*?)%;top:(.*?)rem"><span>(.)', text)
    assert [(letter, kind) for kind, _left, _top, letter in found] == [
        ("a", "measured"),
        ("b", "measured"),
        ("d", "limit turned"),
        ("c", "limit turned"),
    ]
    tops = [float(top) for _kind, _left, top, _letter in found]
    assert len(set(tops)) == len(tops)
    assert tops == sorted(tops)
    poles = re.findall(r'<line x1="([\d.]+)" x2="([\d.]+)" y1="0" y2="1000"', text)
    assert sorted(poles) == sorted((place(10 * float(left)),) * 2 for _kind, left, _top, _letter in found)


def test_labels_lean_away_from_the_ends() -> None:
    text = plot("x", "Title", "told", (), [], [Label(0.0, "a"), Label(0.5, "b"), Label(1.0, "c")])
    assert re.findall(r'%"( class="\w+")?>(\w)<', text) == [(' class="begin"', "a"), ("", "b"), (' class="end"', "c")]


def test_a_screen_reader_gets_title_and_words() -> None:
    text = plot("x", "Title", "A < B", (), [], [])
    assert '<title id="x-title">Title</title><desc id="x-desc">A &lt; B</desc>' in text
    assert 'role="img" aria-labelledby="x-title x-desc"' in text
