# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What watches Maestro: each line of the report, the switches, and inventories that nobody thought of."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible.errors import AnsibleActionFail
from hypothesis import given, settings
from hypothesis import strategies as some

from tests.unit.monitoring import promtool
from tests.unit.rendering import of_kind, only, render, render_with_secrets

INLINE = {"monitoring_pagerduty_routing_key": "pd-key", "monitoring_slack_api_url": "https://hooks.slack.com/x"}


def monitor(**variables: t.Any) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", only(of_kind(render("monitoring", **variables), "ServiceMonitor")))


def alert(name: str, **variables: t.Any) -> promtool.Rule:
    return t.cast("promtool.Rule", only(rule for rule in promtool.alerts(**variables) if rule["alert"] == name))


def refusal(**variables: t.Any) -> str:
    with pytest.raises(AnsibleActionFail) as caught:
        render("monitoring", **variables)
    return str(caught.value)


# The report


def test_metrics_endpoint_on_port_9090_is_scraped() -> None:
    endpoint = only(monitor()["spec"]["endpoints"])
    assert (endpoint["port"], endpoint["path"], endpoint["interval"]) == ("metrics", "/metrics", "30s")
    assert monitor()["spec"]["selector"]["matchLabels"] == {
        "app.kubernetes.io/name": "maestro",
        "app.kubernetes.io/instance": "maestro",
        "app.kubernetes.io/component": "control-plane",
    }


def test_high_error_rate_over_10_percent_for_2_minutes() -> None:
    rule = alert("MaestroHighErrorRate")
    assert rule["expr"].endswith("> 10 / 100")
    assert rule["for"] == "2m"


def test_high_latency_95th_percentile_over_30_seconds_for_5_minutes() -> None:
    """More than 5 % slower than 30 s is the same, and can be seen in a histogram that ends there."""
    rule = alert("MaestroHighLatency")
    assert "slower_than_30s" in rule["expr"]
    assert rule["expr"].endswith("> 0.05")
    assert rule["for"] == "5m"


def test_pod_down_any_pod_unavailable_for_1_minute() -> None:
    assert alert("MaestroPodDown")["for"] == "1m"


@pytest.mark.parametrize("name", ["MaestroHighMemoryUsage", "MaestroHighCpuUsage"])
def test_resource_usage_over_85_percent_for_5_minutes(name: str) -> None:
    rule = alert(name)
    assert rule["expr"].endswith("> 85 / 100")
    assert rule["for"] == "5m"


def test_alerting_via_pagerduty_and_slack() -> None:
    receivers = only(of_kind(render("monitoring"), "AlertmanagerConfig"))["spec"]["receivers"]
    assert [(receiver["name"], *receiver) for receiver in receivers] == [
        ("page", "name", "pagerdutyConfigs"),
        ("ticket", "name", "slackConfigs"),
    ]


def test_availability_999_and_response_time_2_seconds_are_objectives() -> None:
    burns = [rule for rule in promtool.alerts() if rule["alert"] == "MaestroErrorBudgetBurn"]
    assert [rule["expr"].count("(1 - 99.9 / 100)") for rule in burns] == [2, 2, 2, 2]
    assert "slower_than_2s" in alert("MaestroLatencyTargetMissed")["expr"]


# The figures can be set


@pytest.mark.parametrize(
    ("name", "variables", "words"),
    [
        ("MaestroHighErrorRate", {"monitoring_error_rate_percent": 2.5}, "> 2.5 / 100"),
        ("MaestroHighLatency", {"monitoring_latency_seconds": 10}, "slower_than_10s"),
        ("MaestroTooFewPods", {"monitoring_minimum_available": 4}, "< 4"),
        ("MaestroHighMemoryUsage", {"monitoring_memory_percent": 90}, "> 90 / 100"),
        ("MaestroHighCpuUsage", {"monitoring_cpu_percent": 90}, "> 90 / 100"),
        ("MaestroLatencyTargetMissed", {"monitoring_latency_objective_seconds": 5}, "slower_than_5s"),
        ("MaestroRateLimited", {"monitoring_rate_limited_percent": 1}, "> 1 / 100"),
    ],
)
def test_a_figure_reaches_its_rule(name: str, variables: dict[str, t.Any], words: str) -> None:
    assert words in alert(name, **variables)["expr"]


def test_a_latency_bound_is_recorded_once() -> None:
    records = [rule["record"] for rule in promtool.rules(monitoring_latency_seconds=2) if "record" in rule]
    assert len(records) == len(set(records))


@pytest.mark.parametrize(
    ("switch", "kind"),
    [
        ("monitoring_scraping_enabled", "ServiceMonitor"),
        ("monitoring_rules_enabled", "PrometheusRule"),
        ("monitoring_dashboard_enabled", "ConfigMap"),
        ("monitoring_routing_enabled", "AlertmanagerConfig"),
    ],
)
def test_each_part_can_be_switched_off(switch: str, kind: str) -> None:
    assert of_kind(render("monitoring"), kind)
    assert not of_kind(render("monitoring", **{switch: False}), kind)


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        ({"monitoring_certificate_enabled": False}, "MaestroCertificateExpiring"),
        ({"monitoring_external_secrets_enabled": False}, "MaestroExternalSecretNotReady"),
        ({"monitoring_ingress_metrics": "none"}, "MaestroRateLimited"),
    ],
)
def test_what_a_cluster_lacks_is_not_watched(variables: dict[str, t.Any], name: str) -> None:
    assert name in {rule["alert"] for rule in promtool.alerts()}
    assert name not in {rule["alert"] for rule in promtool.alerts(**variables)}


def test_prometheus_selects_the_objects_by_a_label() -> None:
    manifests = render("monitoring", monitoring_selector_labels={"team": "platform"})
    for kind in ("ServiceMonitor", "PrometheusRule", "AlertmanagerConfig"):
        assert all(item["metadata"]["labels"]["team"] == "platform" for item in of_kind(manifests, kind))


# Credentials


def test_credentials_travel_apart_from_the_manifests() -> None:
    manifests, secrets = render_with_secrets("monitoring", **INLINE)
    assert only(of_kind(manifests, "Secret"))["metadata"]["name"] == "maestro-alerting"
    assert sorted(secrets.values()) == sorted(INLINE.values())
    assert not any(value in json.dumps(manifests) for value in INLINE.values())


def test_a_secret_that_exists_is_referred_to() -> None:
    manifests, secrets = render_with_secrets("monitoring", monitoring_alerting_secret="alerts")
    assert not secrets
    assert not of_kind(manifests, "Secret")
    assert json.dumps(manifests).count('"name": "alerts"') == 2


def test_the_secret_is_not_immutable_because_alertmanager_refers_to_it_by_name() -> None:
    assert "immutable" not in only(of_kind(render("monitoring", **INLINE), "Secret"))


def test_no_secret_without_routing() -> None:
    assert not of_kind(render("monitoring", **INLINE, monitoring_routing_enabled=False), "Secret")


# Refusals


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"monitoring_error_rate_percent": 100}, ["monitoring_error_rate_percent", "less than 100"]),
        ({"monitoring_availability_objective_percent": 100.0}, ["monitoring_availability_objective_percent"]),
        ({"monitoring_latency_minutes": 0}, ["monitoring_latency_minutes", "1 or more"]),
        ({"monitoring_scrape_timeout_seconds": 31}, ["monitoring_scrape_timeout_seconds", "30"]),
        ({"monitoring_scrape_interval_seconds": 120}, ["monitoring_scrape_interval_seconds", "60"]),
        ({"monitoring_certificate_page_days": 21}, ["monitoring_certificate_page_days", "before a page"]),
        ({"monitoring_runbook_base_url": ""}, ["monitoring_runbook_base_url"]),
        ({"monitoring_grafana_url": "grafana/"}, ["monitoring_grafana_url"]),
        ({"monitoring_dashboard_uid": "a/b"}, ["monitoring_dashboard_uid"]),
        ({"monitoring_pagerduty_enabled": False, "monitoring_slack_enabled": False}, ["nobody"]),
        ({"monitoring_slack_api_url": "https://hooks"}, ["monitoring_pagerduty_routing_key"]),
        ({"monitoring_ingress_metrics": "apache"}, ["nginx, traefik, none"]),
        ({"monitoring_cpu_percent": "much"}, ["monitoring_cpu_percent", "whole number"]),
        ({"monitoring_cpu_percentage": 85}, ["monitoring_cpu_percentage", "monitoring_cpu_percent"]),
    ],
)
def test_refuses(variables: dict[str, t.Any], words: list[str]) -> None:
    message = refusal(**variables)
    assert all(word in message for word in words), message


@pytest.mark.parametrize("variable", INLINE)
def test_a_refusal_never_shows_a_credential(variable: str) -> None:
    assert "s3cr3t" not in refusal(**{variable: "s3cr3t"})


# Whatever the inventory


LABEL = some.from_regex(r"[a-z]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)


@settings(max_examples=12, deadline=None)
@given(
    name=LABEL,
    namespace=LABEL,
    percent=some.floats(0.1, 99.9),
    minutes=some.integers(1, 60),
    bounds=some.tuples(some.integers(1, 60), some.integers(1, 60)),
    ingress=some.sampled_from(["nginx", "traefik", "none"]),
)
def test_any_inventory_gives_sound_manifests(
    name: str, namespace: str, percent: float, minutes: int, bounds: tuple[int, int], ingress: str
) -> None:
    manifests = render(
        "monitoring",
        maestro_name=name,
        maestro_namespace=namespace,
        monitoring_error_rate_percent=percent,
        monitoring_error_rate_minutes=minutes,
        monitoring_latency_seconds=bounds[0],
        monitoring_latency_objective_seconds=bounds[1],
        monitoring_ingress_metrics=ingress,
    )
    identities = [(item["kind"], item["metadata"]["name"]) for item in manifests]
    assert len(set(identities)) == len(identities)
    assert all(item["metadata"]["namespace"] == namespace for item in manifests)
    rules = [rule for item in of_kind(manifests, "PrometheusRule") for rule in item["spec"]["groups"][0]["rules"]]
    recorded = {rule["record"] for rule in rules if "record" in rule}
    alerts = [rule for rule in rules if "alert" in rule]
    assert len(recorded) + len(alerts) == len(rules)
    assert all(rule["labels"]["namespace"] == namespace and rule["labels"]["service"] == name for rule in alerts)
    promql_texts = " ".join(rule["expr"] for rule in rules)
    used = {word for word in promql_texts.replace("{", " ").split() if word.startswith("namespace_job:")}
    assert used <= recorded
