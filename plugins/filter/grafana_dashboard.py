# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the JSON model that Grafana loads of rows, panels and queries."""

from __future__ import annotations

import itertools
import typing as t

DOCUMENTATION = """
name: grafana_dashboard
short_description: Grafana's model of a dashboard
version_added: 1.0.0
author: IntelGraph Platform Team (@intelgraph)
description:
  - Lays out the panels of each row, left to right, and gives them their data source, numbers and defaults.
options:
  _input:
    description: Title, description, tags, variables and rows, as in the file C(dashboard.yml) of the monitoring role.
    type: dict
    required: true
  uid:
    description: Identifier of the dashboard, the last part of its address.
    type: str
    required: true
"""

EXAMPLES = """
- name: Show the model
  ansible.builtin.debug:
    msg: >-
      {{ lookup('ansible.builtin.file', 'dashboard.yml') | from_yaml
      | intelgraph.maestro.grafana_dashboard(uid='maestro') }}
"""

RETURN = """
_value:
  description: The model, ready for C(to_json).
  type: dict
"""

Model = dict[str, t.Any]

COLUMNS = 24
PANEL_HEIGHT = 8
STAT_HEIGHT = 4
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}


def grafana_dashboard(board: Model, uid: str) -> Model:
    """The model of `board` (title, description, tags, variables, rows) under the identifier `uid`."""
    return {
        "uid": uid,
        "title": board["title"],
        "description": board["description"],
        "tags": board["tags"],
        "schemaVersion": 39,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "utc",
        "templating": {"list": [_datasource(), *map(_variable, board["variables"])]},
        "annotations": {"list": []},
        "panels": _panels(board["rows"]),
    }


def _datasource() -> Model:
    return {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"}


def _variable(variable: Model) -> Model:
    return {
        "name": variable["name"],
        "label": variable["label"],
        "type": "query",
        "datasource": DATASOURCE,
        "query": {"query": variable["query"], "refId": variable["name"]},
        "definition": variable["query"],
        "refresh": 2,
        "sort": 1,
    }


def _panels(rows: list[Model]) -> list[Model]:
    numbers = itertools.count(1)
    top = 0
    panels = []
    for row in rows:
        place = _place(0, top, COLUMNS, 1)
        panels.append({"id": next(numbers), "type": "row", "title": row["title"], "gridPos": place})
        top += 1
        for line in _lines(row["panels"]):
            left = 0
            height = max(_height(panel) for panel in line)
            for panel in line:
                panels.append(_panel(panel, next(numbers), _place(left, top, panel["width"], height)))
                left += panel["width"]
            top += height
    return panels


def _lines(panels: list[Model]) -> list[list[Model]]:
    """The panels in lines of at most 24 columns, in their order."""
    lines: list[list[Model]] = [[]]
    for panel in panels:
        if sum(other["width"] for other in lines[-1]) + panel["width"] > COLUMNS:
            lines.append([])
        lines[-1].append(panel)
    return lines


def _height(panel: Model) -> int:
    return STAT_HEIGHT if panel.get("type") == "stat" else PANEL_HEIGHT


def _place(left: int, top: int, width: int, height: int) -> Model:
    return {"x": left, "y": top, "w": width, "h": height}


def _panel(panel: Model, number: int, place: Model) -> Model:
    defaults: Model = {"unit": panel["unit"]}
    if "decimals" in panel:
        defaults["decimals"] = panel["decimals"]
    if "thresholds" in panel:
        steps = [{"color": step["color"], "value": step.get("value")} for step in panel["thresholds"]]
        defaults["thresholds"] = {"mode": "absolute", "steps": steps}
    return {
        "id": number,
        "type": panel.get("type", "timeseries"),
        "title": panel["title"],
        "description": panel["description"],
        "datasource": DATASOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "targets": [_target(query, index) for index, query in enumerate(panel["queries"])],
    }


def _target(query: Model, index: int) -> Model:
    return {
        "refId": chr(ord("A") + index),
        "datasource": DATASOURCE,
        "expr": query["expr"],
        "legendFormat": query.get("legend", "__auto"),
        "range": True,
    }


class FilterModule:
    """Tells Ansible the names of the filters."""

    def filters(self) -> dict[str, t.Callable[..., Model]]:
        return {"grafana_dashboard": grafana_dashboard}
