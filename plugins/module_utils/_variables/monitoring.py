# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the variables of the monitoring role fit together."""

from __future__ import annotations

import re
import typing as t

from .._ingress import providers

Values = t.Mapping[str, t.Any]

PERCENTAGES = (
    "monitoring_error_rate_percent",
    "monitoring_memory_percent",
    "monitoring_cpu_percent",
    "monitoring_volume_percent",
    "monitoring_availability_objective_percent",
    "monitoring_latency_objective_percent",
    "monitoring_rate_limited_percent",
)
AT_LEAST_ONE = (
    "monitoring_scrape_interval_seconds",
    "monitoring_scrape_timeout_seconds",
    "monitoring_sample_limit",
    "monitoring_error_rate_minutes",
    "monitoring_latency_seconds",
    "monitoring_latency_minutes",
    "monitoring_pod_down_minutes",
    "monitoring_minimum_available",
    "monitoring_resource_minutes",
    "monitoring_latency_objective_seconds",
    "monitoring_certificate_page_days",
    "monitoring_group_wait_seconds",
    "monitoring_group_interval_minutes",
    "monitoring_repeat_interval_hours",
)
LONGEST_INTERVAL = 60
"""Seconds: the rules look at the last 5 minutes, which must hold several scrapes."""
FOLLOWS_PROVIDER = "auto"
"""The value of monitoring_ingress_metrics that means the metrics of ingress_provider."""
UID = re.compile(r"[A-Za-z0-9_-]{1,40}")


def check(variables: Values) -> list[str]:
    """A sentence for each contradiction between the role's variables (typed, defaults filled in)."""
    parts = (_ranges, _scraping, _certificate, _links, _routing)
    return [problem for part in parts for problem in part(variables)]


def context(values: Values, chosen: Values) -> dict[str, t.Any]:
    """The counter of requests at the ingress that the rules look at: empty where there is none."""
    name = values["monitoring_ingress_metrics"]
    metrics = providers.of(chosen).metrics if name == FOLLOWS_PROVIDER else providers.metrics(name)
    if metrics is None:
        return {"ingress_metrics": {}}
    matcher = metrics.matcher.format(name=values["maestro_name"], namespace=values["maestro_namespace"])
    return {"ingress_metrics": {**metrics._asdict(), "matcher": matcher}}


def _ranges(values: Values) -> list[str]:
    found = [
        f"{name} must be more than 0 and less than 100, but {values[name]} was given."
        for name in PERCENTAGES
        if not 0 < values[name] < 100
    ]
    found += [f"{name} must be 1 or more, but {values[name]} was given." for name in AT_LEAST_ONE if values[name] < 1]
    return found


def _scraping(values: Values) -> list[str]:
    interval, timeout = values["monitoring_scrape_interval_seconds"], values["monitoring_scrape_timeout_seconds"]
    found = []
    if timeout > interval:
        found.append(
            f"monitoring_scrape_timeout_seconds is {timeout}, but must not be more than "
            f"monitoring_scrape_interval_seconds ({interval}); Prometheus refuses the target."
        )
    if interval > LONGEST_INTERVAL:
        found.append(
            f"monitoring_scrape_interval_seconds is {interval}, but the rules look at 5 minutes and need several "
            f"scrapes in them. Use {LONGEST_INTERVAL} or less."
        )
    return found


def _certificate(values: Values) -> list[str]:
    page, ticket = values["monitoring_certificate_page_days"], values["monitoring_certificate_ticket_days"]
    if page < ticket:
        return []
    return [
        (
            f"monitoring_certificate_page_days is {page}, but must be less than monitoring_certificate_ticket_days "
            f"({ticket}): a ticket comes before a page."
        )
    ]


def _links(values: Values) -> list[str]:
    found = [
        f"{name} must be an address that begins with http:// or https:// and does not end with /, but "
        f"{str(values[name])!r} was given."
        for name in ("monitoring_runbook_base_url", "monitoring_grafana_url")
        if (values[name] or name == "monitoring_runbook_base_url")
        and (not re.match(r"https?://\S+", values[name]) or values[name].endswith("/"))
    ]
    if not UID.fullmatch(values["monitoring_dashboard_uid"]):
        found.append("monitoring_dashboard_uid must have 1 to 40 letters, digits, - or _.")
    return found


def _routing(values: Values) -> list[str]:
    if not values["monitoring_routing_enabled"]:
        return []
    channels = (
        ("monitoring_pagerduty_enabled", "monitoring_pagerduty_routing_key"),
        ("monitoring_slack_enabled", "monitoring_slack_api_url"),
    )
    wanted = [credential for switch, credential in channels if values[switch]]
    if not wanted:
        return [
            (
                "monitoring_routing_enabled is true, but PagerDuty and Slack are both off, so alerts would reach "
                "nobody. Enable one, or set it to false."
            )
        ]
    given = [credential for _switch, credential in channels if values[credential]]
    if given and set(given) != set(wanted):
        return [
            (
                f"The Secret for alerts is made of {' and '.join(wanted)}, but the values given are those of "
                f"{' and '.join(given)}. Give exactly the former, or none and let the Secret exist."
            )
        ]
    return []
