# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the ingress variables mean for those who ask from outside: a smoke test expects no more than was asked for."""

from __future__ import annotations

import dataclasses
import typing as t

from .._smoke.checks.defaults import Expectations

Values = t.Mapping[str, t.Any]

USUAL = Expectations()
STAGING_ISSUER = "letsencrypt-staging"


def expectations(values: Values) -> dict[str, t.Any]:
    """What the default checks have to expect otherwise than usual."""
    fitting = {
        "healthy": [path for path in USUAL.healthy if _is_routed(path, values)],
        "status": USUAL.status if _is_routed(USUAL.status, values) else "",
        "hsts_seconds": _hsts_seconds(values),
        "allowed_origin": _allowed_origin(values),
        "certificate_days": _certificate_days(values),
        **_preflight(values),
    }
    usual = {
        **dataclasses.asdict(USUAL),
        "healthy": list(USUAL.healthy),
        "preflight_headers": list(USUAL.preflight_headers),
    }
    return {name: value for name, value in fitting.items() if value != usual[name]}


def is_signed_by_staging(values: Values) -> bool:
    """Whether the certificate's root is one that no trust store holds."""
    return _is_issued(values) and values["ingress_tls_issuer"] == STAGING_ISSUER


def rate(values: Values, usual: float) -> float:
    """Requests a second that the rate limiter lets pass, at most as many as usual."""
    if not values["ingress_rate_limit_enabled"]:
        return usual
    return min(usual, float(values["ingress_rate_limit_requests_per_second"]))


def _allowed_origin(values: Values) -> str:
    """The first origin that is named in full: a browser sends no pattern."""
    origins = values["ingress_cors_origins"] if values["ingress_cors_enabled"] else []
    return next((origin for origin in origins if "*" not in origin), "")


def _preflight(values: Values) -> dict[str, t.Any]:
    """A method and headers that a browser may ask for, the usual ones where they are allowed."""
    methods = [method for method in values["ingress_cors_methods"] if method != "OPTIONS"]
    headers = {name.lower() for name in values["ingress_cors_headers"]}
    return {
        "preflight_method": USUAL.preflight_method if USUAL.preflight_method in methods else next(iter(methods), "GET"),
        "preflight_headers": [name for name in USUAL.preflight_headers if name in headers],
    }


def _is_routed(path: str, values: Values) -> bool:
    """Whether a path lies below a prefix, which ends where a segment ends."""
    return any(f"{path}/".startswith(f"{prefix.rstrip('/')}/") for prefix in values["ingress_paths"])


def _hsts_seconds(values: Values) -> int:
    promised = values["ingress_hsts_max_age_seconds"] if values["ingress_hsts_enabled"] else 0
    return min(USUAL.hsts_seconds, promised)


def _certificate_days(values: Values) -> float:
    """Half of what is left when cert-manager renews, which leaves it the other half to try."""
    if not _is_issued(values):
        return USUAL.certificate_days
    return min(USUAL.certificate_days, float(values["ingress_tls_renew_before_days"]) / 2)


def _is_issued(values: Values) -> bool:
    return bool(values["ingress_tls_source"] == "certificate")
