# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The histogram of latencies: its scale, its bars, its flags, its words."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.intelgraph.maestro.plugins.module_utils._report.latency_chart import (
    LEAST_SEEN,
    Scale,
    described,
    digits,
    latencies,
    scale_of,
    spoken,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._report.plot import readable

from .loads import BAD, load


@given(st.lists(st.floats(1e-6, 1e4), min_size=1, max_size=9))
@settings(max_examples=60)
def test_a_scale_shows_everything_over_a_decade_at_least(times: list[float]) -> None:
    scale = scale_of(times)
    assert scale.high / scale.low >= 9.99
    assert all(0 < scale.share(time) < 1 for time in times)
    assert [scale.share(time) for time in sorted(times)] == sorted(scale.share(time) for time in times)
    labels = scale.labels()
    assert labels
    assert readable(labels)
    assert [label.share for label in labels] == sorted({label.share for label in labels})


def test_a_scale_is_logarithmic() -> None:
    scale = Scale(0.001, 1.0)
    assert [round(scale.share(time), 3) for time in (0.0001, 0.001, 0.01, 0.1, 1.0, 9.0)] == [0, 0, 0.333, 0.667, 1, 1]
    assert [label.text for label in scale.labels()] == ["1 ms", "10 ms", "100 ms", "1 s"]
    assert [label.text for label in Scale(0.001, 0.01).labels()] == ["1 ms", "2 ms", "5 ms", "10 ms"]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0, "0 \u00b5s"),
        (0.00042, "420 \u00b5s"),
        (0.0042, "4.2 ms"),
        (0.4204, "420 ms"),
        (2.0, "2 s"),
        (1234.5, "1,234 s"),
    ],
)
def test_times_have_the_unit_that_fits(seconds: float, words: str) -> None:
    assert spoken(seconds) == words
    assert digits(0.0123456) == "0.0123"


def heights(text: str) -> list[float]:
    return [float(height) for height in re.findall(r'height="([\d.]+)" class="bar"', text)]


def test_bars_are_as_high_as_their_counts_and_none_is_too_low_to_be_seen() -> None:
    text = str(
        latencies(
            "x", load(histogram=[{"le": 0.01, "count": 1000}, {"le": 0.0126, "count": 0}, {"le": 0.0158, "count": 1}])
        )
    )
    assert heights(text) == [1000, 1000 * LEAST_SEEN]


def test_percentiles_and_limits_are_drawn_with_their_names() -> None:
    text = str(latencies("x", load()))
    flags = re.findall(r"<span>(p\d+ .*?)</span>", text)
    assert flags == ["p50 7 ms", "p95 10 ms", "p99 10 ms", "p95 limit 2 s"]
    assert text.count('class="pole measured"') == 3
    assert text.count('class="pole limit"') == 1


def test_it_says_in_words_what_it_shows() -> None:
    assert described(load()) == (
        "Of 600 requests half within 7 ms, 95 % within 10 ms, 99 % within 10 ms. The longest took 10 ms. "
        "Limits: p95 2 s."
    )


def test_a_single_answer_is_a_picture_and_none_is_not() -> None:
    assert heights(str(latencies("x", load([("ok", 0.0, 0.01)])))) == [1000]
    assert latencies("x", load([])) is None
    assert latencies("x", load([("429", 0.0, 0.01)])) is None


def test_errors_are_latencies_as_well() -> None:
    assert len(heights(str(latencies("x", load(BAD, gates=[]))))) == 5
    assert "limit" not in str(latencies("x", load(BAD, gates=[])))
