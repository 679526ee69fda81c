# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who hears of an alert: the routing that Alertmanager gets from the AlertmanagerConfig, asked by amtool."""

from __future__ import annotations

import pathlib
import shutil
import subprocess
import typing as t

import pytest
import yaml

from tests.unit.monitoring import promtool
from tests.unit.rendering import of_kind, only, render

MISSING = "amtool is not installed. On Debian: apt-get install --no-install-recommends prometheus-alertmanager"
ELSEWHERE = "someone-else"
Routing = dict[str, t.Any]


def config(**variables: t.Any) -> Routing:
    manifest = only(of_kind(render("monitoring", **variables), "AlertmanagerConfig"))
    return t.cast("Routing", manifest["spec"])


def alertmanager(spec: Routing) -> Routing:
    """What the prometheus-operator makes of it: snake case, and only alerts of the object's namespace."""
    route = _route(spec["route"])
    route["matchers"].append('namespace="maestro-system"')
    route["continue"] = True
    return {
        "route": {"receiver": ELSEWHERE, "routes": [route]},
        "receivers": [{"name": ELSEWHERE}, *({"name": receiver["name"]} for receiver in spec["receivers"])],
        "inhibit_rules": [
            {
                "source_matchers": list(map(_matcher, rule["sourceMatch"])),
                "target_matchers": list(map(_matcher, rule["targetMatch"])),
                "equal": rule["equal"],
            }
            for rule in spec["inhibitRules"]
        ],
    }


def _route(route: Routing) -> Routing:
    found = {"receiver": route["receiver"], "matchers": list(map(_matcher, route["matchers"]))}
    names = {"groupBy": "group_by", "groupWait": "group_wait", "groupInterval": "group_interval"}
    names["repeatInterval"] = "repeat_interval"
    found.update({names[key]: value for key, value in route.items() if key in names})
    return {**found, "routes": list(map(_route, route.get("routes", [])))}


def _matcher(matcher: dict[str, str]) -> str:
    return f'{matcher["name"]}{matcher["matchType"]}"{matcher["value"]}"'


def amtool(*arguments: str) -> str:
    program = shutil.which("amtool")
    assert program, MISSING
    done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def receivers(folder: pathlib.Path, spec: Routing, labels: dict[str, str]) -> str:
    file = folder / "alertmanager.yml"
    file.write_text(yaml.safe_dump(alertmanager(spec)), encoding="utf-8")
    amtool("check-config", str(file))
    pairs = [f"{name}={value}" for name, value in labels.items()]
    return amtool("config", "routes", "test", f"--config.file={file}", *pairs).strip()


@pytest.mark.parametrize("severity", ["page", "ticket"])
def test_each_severity_reaches_its_receiver(severity: str, tmp_path: pathlib.Path) -> None:
    labels = next(rule["labels"] for rule in promtool.alerts() if rule["labels"]["severity"] == severity)
    assert receivers(tmp_path, config(), labels) == severity


@pytest.mark.parametrize("other", [{"namespace": "other"}, {"service": "other"}])
def test_alerts_of_others_go_elsewhere(other: dict[str, str], tmp_path: pathlib.Path) -> None:
    labels = {"severity": "page", "namespace": "maestro-system", "service": "maestro", **other}
    assert receivers(tmp_path, config(), labels) == ELSEWHERE


def test_without_pagerduty_pages_go_to_slack(tmp_path: pathlib.Path) -> None:
    labels = {"severity": "page", "namespace": "maestro-system", "service": "maestro"}
    assert receivers(tmp_path, config(monitoring_pagerduty_enabled=False), labels) == "ticket"


def test_without_slack_tickets_go_to_pagerduty(tmp_path: pathlib.Path) -> None:
    labels = {"severity": "ticket", "namespace": "maestro-system", "service": "maestro"}
    assert receivers(tmp_path, config(monitoring_slack_enabled=False), labels) == "page"


def test_a_group_is_one_alert_of_one_severity() -> None:
    assert config()["route"]["groupBy"] == ["alertname", "namespace", "service", "severity"]


def test_inhibition_names_alerts_that_exist() -> None:
    names = {rule["alert"] for rule in promtool.alerts()}
    for rule in config()["inhibitRules"]:
        for matcher in rule["sourceMatch"] + rule["targetMatch"]:
            if matcher["name"] == "alertname":
                assert set(matcher["value"].split("|")) <= names


def test_credentials_are_read_from_the_secret() -> None:
    page, ticket = config()["receivers"]
    assert only(page["pagerdutyConfigs"])["routingKey"] == {"name": "maestro-alerting", "key": "pagerduty-routing-key"}
    assert only(ticket["slackConfigs"])["apiURL"] == {"name": "maestro-alerting", "key": "slack-api-url"}
