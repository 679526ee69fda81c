# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rates over time: what was planned, sent, answered, and what failed in which way."""

from __future__ import annotations

import re

from ansible_collections.intelgraph.maestro.plugins.module_utils._report.css import CSS
from ansible_collections.intelgraph.maestro.plugins.module_utils._report.rate_chart import (
    KINDS,
    described,
    described_failures,
    failed,
    failures,
    rates,
    slots_of,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.load import recorder

from .loads import BAD, load
from .test_rollout_chart import area

SLOTS = [
    {"second": 0, "seconds": 0.5, "planned": 50, "sent": 50, "answered": 40, "failed": {"5xx": 4}, "p95": 0.1},
    {"second": 0.5, "seconds": 0.5, "planned": 50, "sent": 50, "answered": 60, "failed": {}, "p95": 0.2},
    {"second": 1, "seconds": 0.5, "planned": 0, "sent": 0, "answered": 0, "failed": {"5xx": 2, "timeout": 6}, "p95": 0},
]


def test_every_way_of_ending_badly_has_a_look_and_a_meaning() -> None:
    assert set(KINDS) == set(recorder.KINDS) - {"ok"}
    assert len({colour for colour, _meaning in KINDS.values()}) == len(KINDS)
    assert all(f".{colour} {{ fill:" in CSS for colour, _meaning in KINDS.values())


def test_columns_become_slots() -> None:
    columns = {
        "seconds": 0.5,
        **{trace: [slot[trace] for slot in SLOTS] for trace in ("planned", "sent", "answered", "p95")},
        "failed": {"5xx": [4, 0, 2], "timeout": [0, 0, 6]},
    }
    assert slots_of(columns) == SLOTS
    assert slots_of({}) == []


def paths(text: str) -> dict[str, str]:
    return dict(reversed(pair) for pair in re.findall(r'<path d="(.*?)" class="(.*?)"', text))


def test_rates_are_requests_a_second() -> None:
    text = str(rates("x", SLOTS))
    assert paths(text)["trace planned"].startswith(
        "M0 166.67 L333.33 166.67 L333.33 166.67 L666.67 166.67 L666.67 1000"
    )
    answered = area(paths(text)["band answered"]) / 1000**2 * 1.5 * 120
    assert round(answered, 1) == 100
    assert [
        label for label in ("planned", "sent", "answered") if f">{label}</span>" in text or f"{label}</li>" in text
    ] == [
        "planned",
        "sent",
        "answered",
    ]


def test_failures_stand_on_one_another() -> None:
    shapes = paths(str(failures("x", SLOTS)))
    most, seconds = 16, 1.5
    assert {name: round(area(path) / 1000**2 * most * seconds, 1) for name, path in shapes.items()} == {
        "band crimson": 6,
        "band navy": 6,
    }
    assert "5xx (6)" in str(failures("x", SLOTS))


def test_the_words() -> None:
    assert described(SLOTS) == (
        "Within 1.5 s 100 requests were planned, 100 sent and 100 answered. "
        "The slowest were those planned from 0.5 s on: 95 % within 200 ms."
    )
    assert described_failures(SLOTS) == (
        "12 requests failed: 6 5xx, 6 no answer in time. Most of them, 8, in the 0.5 s from 1 s on."
    )


def test_nothing_and_nothing_but_errors() -> None:
    assert rates("x", []) is None
    assert failures("x", []) is None
    assert failures("x", slots_of(load()["series"])) is None
    lost = slots_of(load([("connect", number / 10, 0.01) for number in range(30)])["series"])
    assert failed(lost) == {"connect": 30}
    assert "band answered" in str(rates("x", lost))
    assert failed(slots_of(load(BAD)["series"])) == {"5xx": 60, "timeout": 4}
