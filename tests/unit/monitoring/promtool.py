# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the rules that the monitoring role renders through promtool, on series that a test makes up."""

from __future__ import annotations

import copy
import dataclasses
import functools
import json
import pathlib
import shutil
import subprocess
import typing as t

from tests.unit.rendering import of_kind, render

Rule = dict[str, t.Any]
Group = dict[str, t.Any]
Values = t.Sequence[float | t.Literal["stale"] | None]
"""One sample a minute; None is a missing one, "stale" says that the series has ended."""

MISSING = "promtool is not installed. On Debian: apt-get install --no-install-recommends prometheus"


def groups(**variables: t.Any) -> list[Group]:
    """The rule groups of all PrometheusRules that the role contributes."""
    return copy.deepcopy(_groups(tuple(variables.items())))


@functools.cache
def _groups(variables: tuple[tuple[str, t.Any], ...]) -> list[Group]:
    manifests = of_kind(render("monitoring", **dict(variables)), "PrometheusRule")
    return [group for manifest in manifests for group in manifest["spec"]["groups"]]


def rules(**variables: t.Any) -> list[Rule]:
    """The rules of all groups."""
    return [rule for group in groups(**variables) for rule in group["rules"]]


def alerts(**variables: t.Any) -> list[Rule]:
    """The alerting rules."""
    return [rule for rule in rules(**variables) if "alert" in rule]


def without_annotations(rule_groups: list[Group]) -> list[Group]:
    """The same groups for promtool, which would want every annotation spelt out in every expectation."""
    return [
        {
            **group,
            "rules": [{key: value for key, value in rule.items() if key != "annotations"} for rule in group["rules"]],
        }
        for group in rule_groups
    ]


@dataclasses.dataclass(frozen=True)
class Expectation:
    """The label sets (beside `alertname`) with which `alert` fires at `minute`."""

    alert: str
    minute: int
    firing: tuple[dict[str, str], ...] = ()


def promtool(*arguments: str) -> str:
    """The output of promtool; raises AssertionError with it when promtool is missing or objects."""
    program = shutil.which("promtool")
    assert program, MISSING
    done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=60, check=False)
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    return output


def verify(
    folder: pathlib.Path,
    rule_groups: list[Group],
    series: t.Mapping[str, Values],
    expectations: t.Iterable[Expectation] = (),
    samples: t.Iterable[tuple[str, int, t.Mapping[str, float]]] = (),
) -> None:
    """Evaluates the groups each minute on `series` and compares alerts and (expression, minute, series) samples."""
    _write(folder / "rules.yml", {"groups": without_annotations(rule_groups)})
    test = {
        "interval": "1m",
        "input_series": [{"series": name, "values": _notation(values)} for name, values in series.items()],
        "alert_rule_test": [_expected_alert(expectation) for expectation in expectations],
        "promql_expr_test": [_expected_samples(*sample) for sample in samples],
    }
    document = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": "1m",
        "group_eval_order": [group["name"] for group in sorted(rule_groups, key=_alerts_of)],
        "tests": [test],
    }
    _write(folder / "tests.yml", document)
    promtool("test", "rules", str(folder / "tests.yml"))


def _write(path: pathlib.Path, document: object) -> None:
    """Write a document as JSON, which is YAML too and quicker written and read."""
    path.write_text(json.dumps(document), encoding="utf-8")


def _alerts_of(group: Group) -> bool:
    """Groups that record come first: promtool takes them in any order, and results then differ by a minute."""
    return any("alert" in rule for rule in group["rules"])


def _notation(values: Values) -> str:
    return " ".join("_" if value is None else str(value) for value in values)


def _expected_alert(expectation: Expectation) -> dict[str, t.Any]:
    return {
        "alertname": expectation.alert,
        "eval_time": f"{expectation.minute}m",
        "exp_alerts": [{"exp_labels": labels} for labels in expectation.firing],
    }


def _expected_samples(expression: str, minute: int, expected: t.Mapping[str, float]) -> dict[str, t.Any]:
    samples = [{"labels": name, "value": value} for name, value in expected.items()]
    return {"expr": expression, "eval_time": f"{minute}m", "exp_samples": samples}
