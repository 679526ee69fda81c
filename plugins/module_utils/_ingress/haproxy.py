# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HAProxy Kubernetes Ingress Controller (haproxytech): an Ingress with annotations of haproxy.org."""

from __future__ import annotations

from collections.abc import Iterator

from . import refusals
from .provider import CORS, HSTS, RATE_LIMIT, Live, Objects, Provider, Software, Values, annotated, annotations_of

PREFIX = "haproxy.org"
HAPROXY = Software("HAProxy", r"kubernetes-ingress", (), "use another ingress_class or ingress_provider")
SHORTEST_PERIOD = 10
"""Milliseconds. HAProxy counts exactly in periods that are much longer than the clock of its processes (1 ms)."""


def _has_hsts(_objects: Objects, item: Live) -> bool:
    headers = str(annotations_of(item).get(f"{PREFIX}/response-set-header", "")).lower().splitlines()
    return any(line.strip().startswith("strict-transport-security ") for line in headers)


def _period(values: Values) -> Iterator[str]:
    """HAProxy counts the requests of a period: as many as the burst, in as long as the rate takes for them."""
    rate, burst = values["ingress_rate_limit_requests_per_second"], values["ingress_rate_limit_burst"]
    if values["ingress_rate_limit_enabled"] and rate > 0 and burst * 1000 // rate < SHORTEST_PERIOD:
        yield (
            f"ingress_rate_limit_burst is {burst}, but HAProxy counts the requests of a period, which would be shorter "
            f"than {SHORTEST_PERIOD} ms. Use {-(-rate * SHORTEST_PERIOD // 1000)} or more."
        )


def _no_body_limit(values: Values) -> Iterator[str]:
    if values["ingress_body_limit_mebibytes"]:
        yield (
            f"ingress_body_limit_mebibytes is {values['ingress_body_limit_mebibytes']}, but HAProxy has no annotation "
            "that limits bodies. Set it to 0, and limit them in the service."
        )


PROVIDER = Provider(
    name="haproxy",
    title="HAProxy",
    software=HAPROXY,
    classes=("haproxy.org/ingress-controller",),
    templates=("haproxy-ingress",),
    controller_namespaces=("haproxy-controller",),
    features={
        RATE_LIMIT: annotated(f"{PREFIX}/rate-limit-requests"),
        CORS: annotated(f"{PREFIX}/cors-enable"),
        HSTS: _has_hsts,
    },
    refused=(
        _period,
        _no_body_limit,
        refusals.no_exempt_networks,
        refusals.no_connection_limit("HAProxy"),
        refusals.no_backend_tls("whose annotations verify the authority, but not the name"),
    ),
    variables={
        "ingress_provider": "haproxy",
        "ingress_class": "haproxy",
        "ingress_body_limit_mebibytes": 0,
        "ingress_connections_per_client": 0,
    },
)
