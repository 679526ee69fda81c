# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The dashboard can be loaded, can be read, and asks only for what exists."""

from __future__ import annotations

import itertools
import json
import re
import typing as t

import promql_parser
import pytest

from ansible_collections.intelgraph.maestro.plugins.filter.grafana_dashboard import grafana_dashboard
from tests.unit.monitoring import promql, promtool
from tests.unit.monitoring.metrics import KNOWN
from tests.unit.rendering import of_kind, only, render

MEBIBYTE = 2**20
REPLACED = {"$__rate_interval": "5m", "$namespace": "maestro-system", "$job": "maestro"}
RECORDED = {rule["record"] for rule in promtool.rules() if "record" in rule}


def config_map(**variables: t.Any) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", only(of_kind(render("monitoring", **variables), "ConfigMap")))


MODEL = json.loads(config_map()["data"]["maestro.json"])
PANELS = [panel for panel in MODEL["panels"] if panel["type"] != "row"]
QUERIES = [(panel["title"], target) for panel in PANELS for target in panel["targets"]]


def expression(target: dict[str, str]) -> str:
    text = target["expr"]
    for variable, value in REPLACED.items():
        text = text.replace(variable, value)
    return text


def test_the_sidecar_finds_it() -> None:
    assert config_map()["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert len(config_map()["data"]["maestro.json"]) < MEBIBYTE


def test_its_address_is_that_of_the_report() -> None:
    """Metrics Dashboard: https://grafana.intelgraph.ai/d/maestro"""
    assert MODEL["uid"] == "maestro"


def test_a_second_release_can_have_its_own() -> None:
    assert json.loads(config_map(monitoring_dashboard_uid="blue")["data"]["maestro.json"])["uid"] == "blue"


def test_variables_choose_data_source_namespace_and_release() -> None:
    variables = {variable["name"]: variable for variable in MODEL["templating"]["list"]}
    assert list(variables) == ["datasource", "namespace", "job"]
    assert variables["datasource"]["type"] == "datasource"
    assert all(variables[name]["refresh"] == 2 for name in ("namespace", "job")), "2: when the time range changes"
    assert all(variables[name]["datasource"]["uid"] == "${datasource}" for name in ("namespace", "job"))


def test_it_cannot_be_edited_by_accident() -> None:
    assert MODEL["editable"] is False


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_a_panel_says_what_it_shows(panel: dict[str, t.Any]) -> None:
    assert panel["title"]
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["datasource"]["uid"] == "${datasource}"
    assert panel["targets"]


def test_titles_and_numbers_are_unique() -> None:
    assert len({panel["title"] for panel in MODEL["panels"]}) == len(MODEL["panels"])
    assert len({panel["id"] for panel in MODEL["panels"]}) == len(MODEL["panels"])


def test_panels_lie_side_by_side() -> None:
    for one, other in itertools.combinations((panel["gridPos"] for panel in MODEL["panels"]), 2):
        apart = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        apart = apart or one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert apart, (one, other)
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in MODEL["panels"])


@pytest.mark.parametrize(("title", "target"), QUERIES, ids=[f"{title} {target['refId']}" for title, target in QUERIES])
def test_a_query_is_sound(title: str, target: dict[str, str]) -> None:
    tree = promql.parse(expression(target))
    for selector in promql.selectors(tree):
        assert selector.metric in KNOWN | RECORDED
        assert "maestro-system" in selector.labels.values(), f"{title}: {selector}"
        assert any("maestro" in value and value != "maestro-system" for value in selector.labels.values())
        assert (selector.function in ("rate", "increase")) == selector.is_counter
    assert "rate(" not in target["expr"] or "[$__rate_interval]" in target["expr"]


@pytest.mark.parametrize(("title", "target"), QUERIES, ids=[f"{title} {target['refId']}" for title, target in QUERIES])
def test_a_legend_uses_labels_that_the_result_has(title: str, target: dict[str, str]) -> None:
    used = set(re.findall(r"\{\{(\w+)}}", target["legendFormat"]))
    tree = promql.parse(expression(target))
    if isinstance(tree, promql_parser.Call):
        tree = tree.args[-1]
    labels = promql.result_labels(tree)
    assert not used or (labels is not None and used <= labels), title


def test_layout_begins_a_new_line_after_24_columns() -> None:
    panel = {"description": "", "unit": "none", "queries": [{"expr": "up"}]}
    board = {
        "title": "x",
        "description": "",
        "tags": [],
        "variables": [],
        "rows": [{"title": "row", "panels": [{**panel, "title": str(number), "width": 10} for number in range(3)]}],
    }
    places = [panel["gridPos"] for panel in grafana_dashboard(board, uid="x")["panels"][1:]]
    assert [(place["x"], place["y"]) for place in places] == [(0, 1), (10, 1), (0, 9)]
