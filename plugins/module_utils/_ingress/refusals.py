# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sentences about variables that a provider would ignore: a limit that is written down but not kept misleads."""

from __future__ import annotations

import typing as t

from .provider import Rule, Values


def no_exempt_networks(values: Values) -> t.Iterator[str]:
    """For a provider whose rate limit has no exceptions."""
    if values["ingress_rate_limit_enabled"] and values["ingress_rate_limit_exempt_cidrs"]:
        yield "ingress_rate_limit_exempt_cidrs works with ingress_provider nginx only. Empty it."


def no_connection_limit(who: str) -> Rule:
    """For a provider that does not count the requests of one client that are under way."""

    def rule(values: Values) -> t.Iterator[str]:
        if values["ingress_connections_per_client"]:
            yield (
                f"ingress_connections_per_client is {values['ingress_connections_per_client']}, but {who} has no such "
                "limit. Set it to 0."
            )

    return rule


def no_backend_tls(why: str) -> Rule:
    """For a provider that cannot verify the pods' certificates as the variables say."""

    def rule(values: Values) -> t.Iterator[str]:
        if values["ingress_backend_tls_enabled"]:
            yield (
                f"ingress_backend_tls_enabled cannot be kept with ingress_provider {values['ingress_provider']}, "
                f"{why}. Use nginx or gateway, or encrypt below the service (WireGuard of the CNI, or a mesh)."
            )

    return rule


def complete_backend_tls(values: Values) -> t.Iterator[str]:
    """For a provider that verifies the pods' certificates: by what."""
    if values["ingress_backend_tls_enabled"]:
        for name in ("ingress_backend_tls_server_name", "ingress_backend_tls_ca"):
            if not values[name]:
                yield f"{name} is needed with ingress_backend_tls_enabled, or nothing is verified."
