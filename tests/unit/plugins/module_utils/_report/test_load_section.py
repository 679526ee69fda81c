# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The section of a load on the page."""

from __future__ import annotations

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._report.load_section import Row, rows, summary
from ansible_collections.intelgraph.maestro.plugins.module_utils._report.model import load_of
from ansible_collections.intelgraph.maestro.plugins.module_utils._report.page import render_html

from .loads import BAD, GOOD, load
from .samples import passed, report
from .test_page import Reader


def test_every_figure_stands_beside_its_limit() -> None:
    found = rows(load())
    assert Row("errors", "0 %", "most 0.1 %", "passed") in found
    assert Row("answered, p50", "7 ms") in found
    assert Row("answered, p95", "10 ms", "most 2 s", "passed") in found
    assert Row("sent of what was planned", "100 %", "least 99 %", "passed") in found
    assert Row("sent late, p99", "90 ms", "most 40 ms", "inconclusive") in found


def test_the_summary_says_what_was_sent_where() -> None:
    assert summary(load()) == (
        "600 requests (GET /api/v1/status) to https://maestro.intelgraph.ai/ at 100/s for 6 s, after a warm-up of 200 "
        "that do not count."
    )
    assert summary(load(extensions=2, stopped=True)).endswith(
        "6 s, extended 2 times, after a warm-up of 200 that do not count. It stopped by itself, because it did harm."
    )


@pytest.mark.parametrize("result", [{"load": load()}, {"smoke": {"load": load()}, "load": {}}])
def test_a_smoke_test_has_a_load_and_so_has_a_release_that_ended_with_one(result: dict[str, object]) -> None:
    assert load_of(result)["sent"] == 600
    text = Reader(render_html(report({"release": passed(**result)}))).text
    assert "Release: what the load measured" in text


@pytest.mark.parametrize(
    "result", [{}, {"load": {}}, {"load": None}, {"smoke": {}}, {"smoke": "passed"}, {"load": "x"}]
)
def test_without_a_load_there_is_no_section(result: dict[str, object]) -> None:
    assert "what the load measured" not in render_html(report({"smoke": passed(**result)}))


def test_the_page_shows_three_pictures_of_a_bad_load_and_two_of_a_good_one() -> None:
    for requests, heads in ((BAD, 3), (GOOD, 2)):
        page = Reader(render_html(report({"smoke": passed(load=load(requests))})))
        assert len(page.named("svg")) == len(page.named("figcaption")) == heads
        ids = [each["id"] for each in (*page.named("title"), *page.named("desc")) if "id" in each]
        assert len(set(ids)) == len(ids) == 2 * heads


def test_a_load_that_was_refused_every_time_is_a_page_too() -> None:
    lost = load([("unsent", number / 10, 5.0) for number in range(30)])
    assert "never sent (30)" in Reader(render_html(report({"smoke": passed(load=lost)}))).text
    nothing = load([])
    assert "0 requests" in Reader(render_html(report({"smoke": passed(load=nothing)}))).text


def test_the_json_report_holds_the_figures() -> None:
    [check] = report({"smoke": passed(load=load())}).as_dict()["checks"]
    assert (check["load"]["sent"], check["load"]["latency"]["p50"]) == (600, 0.007)
    [other] = report({"smoke": passed()}).as_dict()["checks"]
    assert "load" not in other
