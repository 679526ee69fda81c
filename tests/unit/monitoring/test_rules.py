# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mistakes that promtool lets pass: rules that cannot fire, read too much, or lead nowhere."""

from __future__ import annotations

import collections
import pathlib
import re
import typing as t

import promql_parser
import pytest
import yaml

from tests.unit.monitoring import promql, promtool
from tests.unit.monitoring.metrics import KNOWN

ROOT = pathlib.Path(__file__).resolve().parents[3]
RUNBOOKS = ROOT / "docs" / "alerts"
HEADINGS = ["Meaning", "Impact", "Diagnosis", "Mitigation"]
COMPARISONS = {">", "<", ">=", "<=", "==", "!="}
VARIANTS: tuple[dict[str, str], ...] = (
    {},
    {"monitoring_ingress_metrics": "traefik", "maestro_name": "blue", "maestro_namespace": "other"},
)


def ids(rule: promtool.Rule) -> str:
    return "-".join([rule.get("alert") or rule["record"], *rule.get("labels", {}).values()])


def release_of(rule: promtool.Rule) -> tuple[str, str]:
    """Namespace and name of the release whose rule it is, by the variant that rendered it."""
    return ("other", "blue") if re.search('["?]other', rule["expr"]) else ("maestro-system", "maestro")


ALERTS = [rule for variant in VARIANTS for rule in promtool.alerts(**variant)]
RULES = [rule for variant in VARIANTS for rule in promtool.rules(**variant)]
RECORDED = {rule["record"] for rule in RULES if "record" in rule}


def test_promtool_finds_nothing(tmp_path: pathlib.Path) -> None:
    for number, variant in enumerate(VARIANTS):
        file = tmp_path / f"{number}.yml"
        file.write_text(yaml.safe_dump({"groups": promtool.groups(**variant)}), encoding="utf-8")
        promtool.promtool("check", "rules", "--lint=all", "--lint-fatal", str(file))


def test_names_follow_the_conventions() -> None:
    for rule in RULES:
        if "alert" in rule:
            assert re.fullmatch(r"Maestro([A-Z][a-z]+)+", rule["alert"])
        else:
            level, _metric, _operation = t.cast("re.Match[str]", promql.RECORDED.fullmatch(rule["record"])).groups()
            assert level in promql.LEVELS


def test_an_alert_reaches_its_receiver() -> None:
    """AlertmanagerConfig matches the label `namespace`, and its routes `service` and `severity`."""
    for rule in ALERTS:
        namespace, name = release_of(rule)
        assert rule["labels"]["namespace"] == namespace
        assert rule["labels"]["service"] == name
        assert rule["labels"]["severity"] in ("page", "ticket")


def test_an_alert_waits_at_least_a_minute() -> None:
    for rule in ALERTS:
        assert int(rule["for"].removesuffix("m")) >= 1


def test_an_alert_says_what_it_is_and_where_to_read_on() -> None:
    for rule in ALERTS:
        notes = rule["annotations"]
        assert set(notes) == {"summary", "description", "runbook_url", "dashboard_url"}
        assert all(text.strip() for text in notes.values())
        assert len(notes["summary"]) <= 100
        assert notes["runbook_url"].endswith(f"/{rule['alert']}")


def test_an_alert_has_a_runbook() -> None:
    for rule in ALERTS:
        page = (RUNBOOKS / f"{rule['alert']}.md").read_text(encoding="utf-8")
        assert re.findall(r"^# (.+)$", page, re.MULTILINE) == [rule["alert"]]
        assert re.findall(r"^## (.+)$", page, re.MULTILINE) == HEADINGS
        assert all(len(part.split()) >= 5 for part in re.split(r"^## .+$", page, flags=re.MULTILINE)[1:])


def test_every_runbook_has_an_alert() -> None:
    pages = {path.stem for path in RUNBOOKS.glob("Maestro*.md")}
    assert pages == {rule["alert"] for rule in ALERTS}


def test_an_alert_compares_with_something() -> None:
    def decides(node: t.Any) -> bool:
        if isinstance(node, promql_parser.BinaryExpr) and str(node.op) in ("and", "or"):
            return all(decides(side) for side in promql.children(node))
        if isinstance(node, promql_parser.Call):
            return node.func.name == "absent"
        return isinstance(node, promql_parser.BinaryExpr) and str(node.op) in COMPARISONS

    for rule in ALERTS:
        assert decides(promql.parse(rule["expr"]))


def test_counters_and_only_counters_are_rated() -> None:
    for rule in RULES:
        for selector in promql.selectors(promql.parse(rule["expr"])):
            rated = selector.function in ("rate", "increase")
            assert rated == (selector.is_counter or selector.metric == "nginx_ingress_controller_requests"), selector


def test_windows_hold_several_scrapes() -> None:
    for rule in RULES:
        windows = [selector.window for selector in promql.selectors(promql.parse(rule["expr"])) if selector.window]
        assert all(window >= 4 * 30 for window in windows)


def test_selectors_name_the_namespace() -> None:
    for rule in RULES:
        namespace, _name = release_of(rule)
        for selector in promql.selectors(promql.parse(rule["expr"])):
            labels = selector.labels
            own = labels.get("namespace") or labels.get("exported_namespace") or labels.get("service", "")
            assert own.removeprefix("(httproute-)?").startswith(namespace), selector


def test_selectors_name_the_release() -> None:
    """Two releases in a cluster must not see each other; only ExternalSecrets have names of their own."""
    for rule in RULES:
        _namespace, name = release_of(rule)
        for selector in promql.selectors(promql.parse(rule["expr"])):
            if selector.metric != "externalsecret_status_condition":
                assert any(name in value for label, value in selector.labels.items() if "namespace" not in label), (
                    selector
                )


def test_regular_expressions_are_needed() -> None:
    for rule in RULES:
        for selector in promql.selectors(promql.parse(rule["expr"])):
            for label, operator, value in selector.matchers:
                if operator in ("=~", "!~"):
                    assert re.search(r"[.|\[({?*+]", value), (label, value)
                    assert value not in (".*", ".+"), (label, value)


def test_vectors_that_meet_have_the_same_labels() -> None:
    for rule in RULES:
        for node in promql.walk(promql.parse(rule["expr"])):
            if isinstance(node, promql_parser.BinaryExpr):
                sides = [promql.result_labels(side) for side in promql.children(node) if not promql.is_scalar(side)]
                known = {labels for labels in sides if labels is not None}
                assert len(known) <= 1, f"{node}: {known}"


def test_metrics_exist() -> None:
    for rule in RULES:
        assert {selector.metric for selector in promql.selectors(promql.parse(rule["expr"]))} <= KNOWN | RECORDED


@pytest.mark.parametrize("variant", VARIANTS, ids=["defaults", "others"])
def test_no_rule_exists_twice(variant: dict[str, str]) -> None:
    keys = collections.Counter(
        (rule.get("alert") or rule["record"], tuple(sorted(rule.get("labels", {}).items())))
        for rule in promtool.rules(**variant)
    )
    assert [key for key, count in keys.items() if count > 1] == []


def test_runbooks_name_variables_that_exist() -> None:
    defaults = "\n".join(path.read_text(encoding="utf-8") for path in ROOT.glob("roles/*/defaults/main.yml"))
    known = set(re.findall(r"^(\w+):", defaults, re.MULTILINE))
    for page in RUNBOOKS.glob("*.md"):
        named = set(re.findall(r"`((?:workload|ingress|monitoring|namespace|secrets)_\w+)", page.read_text("utf-8")))
        assert named <= known, f"{page.name}: {named - known}"
