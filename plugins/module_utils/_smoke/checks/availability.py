# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a smoke run cannot show, asked of Prometheus where there is one: the availability of the last days."""

from __future__ import annotations

import json
import typing as t
import urllib.parse

from ..._findings import registry
from ..._findings.finding import Finding
from ..http.probe import Asker, Reply
from ..http.request import parse_url, wire

QUERY = (
    'sum(increase(maestro_http_requests_total{namespace="NAMESPACE",code!~"5.."}[DAYSd]))'
    ' / sum(increase(maestro_http_requests_total{namespace="NAMESPACE"}[DAYSd]))'
)


def query_of(namespace: str, days: int) -> str:
    """The share of requests that were answered other than 5xx."""
    return QUERY.replace("NAMESPACE", namespace).replace("DAYS", str(days))


def ask_prometheus(ask: Asker, base: str, query: str, headers: t.Mapping[str, str]) -> Reply:
    """Send an instant query."""
    url = parse_url(f"{base.rstrip('/')}/api/v1/query?{urllib.parse.urlencode({'query': query})}")
    return ask(url, wire(url, headers={"Accept": "application/json", **headers}))


def value_of(reply: Reply) -> float | None:
    """The one number of an answer of Prometheus; None when there is none, or no data."""
    try:
        result = json.loads(reply.body)["data"]["result"]
        value = float(result[0]["value"][1])
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    return value if 0 <= value <= 1 else None


def evaluate(value: float | None, target: float, days: int, why: str = "") -> Finding | None:
    """A note that nothing is known, a warning that the target is missed, or nothing to say."""
    budget = (1 - target) * days * 24 * 60
    if value is None:
        meaning = (
            f"{target:.2%} over {days} days leaves {budget:.0f} minutes of failure; seconds of a load cannot show it"
        )
        return registry.AVAILABILITY_UNPROVEN.found("availability", meaning, ([why] if why else []))
    if value < target:
        text = f"{value:.4%} of the requests of {days} days were answered well; {target:.2%} is the target"
        return registry.AVAILABILITY_LOW.found("availability", text)
    return None
