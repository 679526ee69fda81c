# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""HAProxy: its annotations, and what it is refused."""

from __future__ import annotations

import re
import typing as t

import pytest
from ansible.errors import AnsibleActionFail

from ansible_collections.intelgraph.maestro.plugins.module_utils._ingress.haproxy import PROVIDER
from tests.unit.rendering import of_kind, only, render

KNOWN = {
    "ssl-redirect", "ssl-redirect-code", "ssl-redirect-port", "timeout-server", "rate-limit-requests",
    "rate-limit-period", "rate-limit-status-code", "cors-enable", "cors-allow-origin", "cors-allow-methods",
    "cors-allow-headers", "cors-allow-credentials", "cors-max-age", "cors-respond-to-options", "response-set-header",
}  # fmt: skip


def annotations(**variables: t.Any) -> dict[str, str]:
    found = only(of_kind(render("ingress", **{**PROVIDER.variables, **variables}), "Ingress"))
    return {name.removeprefix("haproxy.org/"): value for name, value in found["metadata"]["annotations"].items()}


def test_only_annotations_that_exist_are_used() -> None:
    assert set(annotations()) == KNOWN
    assert all(isinstance(value, str) for value in annotations().values())


@pytest.mark.parametrize(
    ("rate", "burst", "period"), [(1000, 2000, "2000ms"), (1000, 1000, "1000ms"), (50, 10, "200ms"), (3, 10, "3333ms")]
)
def test_the_period_is_as_long_as_the_rate_takes_for_the_burst(rate: int, burst: int, period: str) -> None:
    found = annotations(ingress_rate_limit_requests_per_second=rate, ingress_rate_limit_burst=burst)
    assert (found["rate-limit-requests"], found["rate-limit-period"]) == (str(burst), period)
    assert found["rate-limit-status-code"] == "429"


def test_one_pattern_matches_all_origins_and_no_others() -> None:
    pattern = annotations()["cors-allow-origin"]
    assert " " not in pattern
    for origin in ("https://intelgraph.ai", "https://app.intelgraph.ai"):
        assert re.search(pattern, origin)
    for origin in ("https://a.b.intelgraph.ai", "https://intelgraph.ai.evil.com", "http://intelgraph.ai"):
        assert not re.search(pattern, origin)


def test_hsts_and_the_headers_that_scripts_may_read_are_set() -> None:
    assert annotations()["response-set-header"].splitlines() == [
        'Strict-Transport-Security "max-age=31536000; includeSubDomains"',
        'Access-Control-Expose-Headers "X-Request-ID"',
    ]
    assert "response-set-header" not in annotations(ingress_hsts_enabled=False, ingress_cors_enabled=False)


def test_redirects_go_to_the_public_port() -> None:
    found = annotations()
    assert (found["ssl-redirect"], found["ssl-redirect-code"], found["ssl-redirect-port"]) == ("true", "301", "443")


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"ingress_body_limit_mebibytes": 8}, ["ingress_body_limit_mebibytes", "HAProxy", "Set it to 0"]),
        ({"ingress_connections_per_client": 9}, ["ingress_connections_per_client", "HAProxy", "Set it to 0"]),
        ({"ingress_rate_limit_exempt_cidrs": ["10.0.0.0/8"]}, ["ingress_rate_limit_exempt_cidrs", "Empty it"]),
        ({"ingress_rate_limit_burst": 1}, ["ingress_rate_limit_burst is 1", "Use 10 or more"]),
        ({"ingress_backend_tls_enabled": True}, ["ingress_backend_tls_enabled", "haproxy", "name"]),
    ],
)
def test_what_it_cannot_keep_is_refused(variables: dict[str, t.Any], words: list[str]) -> None:
    with pytest.raises(AnsibleActionFail) as caught:
        annotations(**variables)
    assert all(word in str(caught.value) for word in words), str(caught.value)
