# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a smoke test expects of an ingress with these variables."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._variables.smoke_expectations import (
    expectations,
    is_signed_by_staging,
    rate,
)
from tests.unit.plugins.module_utils._variables.defaults import of_role


def ingress(**given: t.Any) -> dict[str, t.Any]:
    return of_role("ingress", **given)


def test_the_usual_ingress_is_expected_as_usual() -> None:
    assert expectations(ingress()) == {"allowed_origin": "https://intelgraph.ai"}


@pytest.mark.parametrize(
    ("given", "origin"),
    [
        ({"ingress_cors_enabled": False}, None),
        ({"ingress_cors_origins": ["https://*.a.test"]}, None),
        ({"ingress_cors_origins": ["*"]}, None),
        ({"ingress_cors_origins": ["https://*.a.test", "https://b.test"]}, "https://b.test"),
    ],
)
def test_the_first_origin_in_full_has_to_be_allowed(given: dict[str, t.Any], origin: str | None) -> None:
    assert expectations(ingress(**given)).get("allowed_origin") == origin


@pytest.mark.parametrize(
    ("paths", "healthy", "status"),
    [
        (["/api"], [], None),
        (["/api/"], [], None),
        (["/api", "/healthz"], ["/healthz"], None),
        (["/healthz", "/readyz"], None, ""),
        (["/ap", "/health"], [], ""),
    ],
)
def test_only_paths_with_a_route_are_asked(paths: list[str], healthy: list[str] | None, status: str | None) -> None:
    expected = expectations(ingress(ingress_paths=paths))
    assert (expected.get("healthy"), expected.get("status")) == (healthy, status)


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ({"ingress_hsts_enabled": False}, 0),
        ({"ingress_hsts_max_age_seconds": 86400}, 86400),
        ({"ingress_hsts_max_age_seconds": 63072000}, None),
    ],
)
def test_hsts_is_expected_as_long_as_it_is_promised(given: dict[str, t.Any], seconds: int | None) -> None:
    assert expectations(ingress(**given)).get("hsts_seconds") == seconds


@pytest.mark.parametrize(
    ("given", "days"),
    [
        ({"ingress_tls_renew_before_days": 2}, 1.0),
        ({"ingress_tls_renew_before_days": 14}, None),
        ({"ingress_tls_renew_before_days": 2, "ingress_tls_source": "secret"}, None),
    ],
)
def test_a_certificate_may_be_as_old_as_its_renewal_lets_it(given: dict[str, t.Any], days: float | None) -> None:
    assert expectations(ingress(**given)).get("certificate_days") == days


def test_the_staging_issuer_is_trusted_where_it_issues() -> None:
    staging = {"ingress_tls_issuer": "letsencrypt-staging"}
    assert is_signed_by_staging(ingress(**staging))
    assert not is_signed_by_staging(ingress(**staging, ingress_tls_source="secret"))
    assert not is_signed_by_staging(ingress())


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({}, 1000),
        ({"ingress_rate_limit_requests_per_second": 200}, 200),
        ({"ingress_rate_limit_requests_per_second": 5000}, 1000),
        ({"ingress_rate_limit_requests_per_second": 200, "ingress_rate_limit_enabled": False}, 1000),
    ],
)
def test_a_load_stays_below_the_rate_limit(given: dict[str, t.Any], sent: int) -> None:
    assert rate(ingress(**given), 1000) == sent
