# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""From parameters to what will be asked, and what is refused."""

from __future__ import annotations

import typing as t

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.arguments import SMOKE
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.checks import assertions
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.http.request import NotAllowed
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.options import SmokePlan, smoke_plan


def asked(url: str = "https://maestro.example.com", **given: t.Any) -> SmokePlan:
    checked = ArgumentSpecValidator(SMOKE).validate({"url": url, **given})
    assert checked.error_messages == []
    return smoke_plan(checked.validated_parameters)


def names(run: SmokePlan) -> list[str]:
    return [check.name for check in run.checks]


def test_the_defaults_cover_the_deployment() -> None:
    run = asked(expect={"allowed_origin": "https://intelgraph.ai"})
    assert names(run) == [
        "healthy /healthz",
        "healthy /readyz",
        "api",
        "cors allowed",
        "cors refused",
        "redirect to https",
        "closed /metrics",
    ]
    by_name = {check.name: check for check in run.checks}
    assert by_name["api"].hsts_seconds > 0
    assert by_name["api"].certificate_days > 0
    assert b"Origin: https://intelgraph.ai" in by_name["cors allowed"].request
    assert str(by_name["redirect to https"].url) == "http://maestro.example.com/api/v1/status"
    assert (run.load, run.limiter) == (None, None)


def test_expectations_leave_out_what_they_empty() -> None:
    expect = {"healthy": [], "status": "", "closed": [], "redirect": False}
    run = asked(expect=expect)
    assert (names(run), run.status) == ([], None)


@pytest.mark.parametrize(
    ("expect", "path"),
    [
        ({"status": ""}, "/healthz"),
        ({"status": "", "healthy": ["/readyz"]}, "/readyz"),
        ({"healthy": []}, "/api/v1/status"),
    ],
)
def test_a_redirect_and_a_load_are_asked_where_an_answer_is_expected(expect: dict[str, t.Any], path: str) -> None:
    run = asked(expect=expect, load={"rate": 10})
    assert run.load is not None
    assert run.load.requests[0].name == f"GET {path}"
    assert next(check.url.target for check in run.checks if check.name == "redirect to https") == path


def test_a_load_that_has_nothing_to_ask_is_refused() -> None:
    expect = {"status": "", "healthy": []}
    with pytest.raises(NotAllowed, match="a load has nothing to ask"):
        asked(expect=expect, load={"rate": 10})
    assert asked(expect=expect, load={"rate": 10, "requests": [{"path": "/v2"}]}).load


def test_a_preflight_and_a_websocket_are_checks_of_ones_own() -> None:
    preflight = {
        "name": "preflight",
        "url": "/api",
        "method": "OPTIONS",
        "cors_origin": "https://intelgraph.ai",
        "headers": {"Access-Control-Request-Method": "DELETE", "Access-Control-Request-Headers": "x-a, x-b"},
    }
    run = asked(defaults=False, checks=[preflight, {"name": "socket", "url": "/events", "websocket": True}])
    first, second = run.checks
    assert (first.preflight, first.preflight_headers) == ("DELETE", ("x-a", "x-b"))
    assert b"Upgrade: websocket\r\n" in second.request
    assert f"Sec-WebSocket-Key: {second.websocket}\r\n".encode() in second.request
    assert second.statuses == {101}


def test_plain_http_is_asked_for_no_certificate() -> None:
    run = asked("http://maestro.example.com")
    assert {check.certificate_days for check in run.checks} == {0.0}
    assert "redirect to https" not in names(run)


def test_a_check_of_ones_own_replaces_the_default() -> None:
    run = asked(checks=[{"name": "api", "url": "/v2"}, {"name": "mine", "url": "/b", "method": "POST", "body": "x"}])
    by_name = {check.name: check for check in run.checks}
    assert str(by_name["api"].url) == "https://maestro.example.com/v2"
    assert by_name["mine"].request.endswith(b"Content-Length: 1\r\n\r\nx")
    assert names(run).count("api") == 1


def test_a_load_is_as_long_as_its_gates_need() -> None:
    assert asked(load={"rate": 100}).load.seconds == 32  # type: ignore[union-attr]
    assert asked(load={"rate": 1000}).load.seconds == 10  # type: ignore[union-attr]
    assert asked(load={"rate": 10, "gates": {"p95": 1.0}}).load.seconds == 10  # type: ignore[union-attr]
    assert asked(load={"rate": 10, "seconds": 3}).load.seconds == 3  # type: ignore[union-attr]


def test_gates_below_zero_are_off() -> None:
    assert asked(load={"rate": 1, "gates": {"error_ratio": -1, "p95": 2}}).gates == {"p95": 2.0}


@pytest.mark.parametrize(
    ("load", "limit"),
    [
        ({"rate": 1000}, 1000 * 0.99 * 0.999),
        ({"rate": 10, "seconds": 10, "gates": {"error_ratio": 0.1}}, 10 * 0.97 * 0.9),
        ({"rate": 1000, "gates": {"p95": 1.0}}, 990.0),
        ({"rate": 1000, "gates": {"throughput": 500}}, 500.0),
        ({"rate": 1000, "gates": {"throughput": -1}}, None),
        ({"rate": 1000, "gates": {"error_ratio": -1}}, None),
    ],
)
def test_a_service_has_to_keep_up_with_the_rate(load: dict[str, t.Any], limit: float | None) -> None:
    assert asked(load=load).gates.get("throughput") == (limit and pytest.approx(limit))


def test_a_limiter_is_proven_for_as_long_as_it_takes() -> None:
    run = asked(limiter={"rate": 2000})
    assert run.limiter
    assert run.limiter_plan
    assert run.limiter.expected(2000) == 2.0
    assert run.limiter_plan.seconds == 4.0


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"url": "maestro.example.com"}, "is no http or https URL"),
        ({"checks": [{"name": "a", "url": "https://elsewhere.test/"}]}, "elsewhere.test is not among the hosts"),
        ({"checks": [{"name": "a", "url": "/", "json": {"a[": 1}}]}, "is no JMESPath"),
        ({"checks": [{"name": "a", "url": "/", "expect_headers": {"a": "("}}]}, "is no regular expression"),
        ({"checks": [{"name": "a", "url": "/", "headers": {"a": "b\r\nc"}}]}, "not one that HTTP can carry"),
        ({"expect": {"status": "https://elsewhere.test/x"}, "defaults": False}, "elsewhere.test is not among"),
        (
            {"own_host": "own.example.com"},
            "maestro.example.com is not among the hosts .* .own.example",
        ),
        ({"load": {"rate": 1000, "seconds": 100_000, "extensions": -1}}, "cannot go on -1 times"),
        ({"load": {"rate": 1001}}, "max_rate"),
        ({"expect": {"successes": 0}}, "has to succeed 0 times"),
        ({"checks": [{"name": "a", "url": "/", "successes": -1}]}, "check a has to succeed -1 times"),
        ({"resolve": {"maestro.exmaple.com": "192.0.2.1"}}, "resolve has an address for maestro.exmaple.com, which is"),
        ({"load": {"rate": -1}}, "above 0"),
        ({"load": {"rate": 1000, "seconds": 601, "extensions": 0}}, "more than the 600000"),
        ({"load": {"rate": 1, "requests": [{"path": "https://elsewhere.test/"}]}}, "a load has one origin"),
        ({"load": {"rate": 1, "requests": [{"path": "/", "weight": 0}]}}, "weight"),
        ({"limiter": {"rate": 1000}}, "do not exceed the limit"),
        ({"limiter": {"rate": 4000}}, "max_rate"),
        ({"limiter": {"rate": 2000, "burst": 0}}, "above 0"),
        ({"expect": {"tls_minimum": "SSLv3"}}, "no version of TLS"),
        ({"expect": {"tls_minimum": "TLSv1.1"}}, "no version of TLS"),
    ],
)
def test_what_must_not_be_sent_is_refused(given: dict[str, t.Any], reason: str) -> None:
    with pytest.raises(NotAllowed, match=reason):
        asked(**given)


def test_the_own_host_may_be_asked_in_any_case() -> None:
    assert asked(own_host="Maestro.example.com").url.host == "maestro.example.com"
    assert asked("https://b.example.com", own_host="a.example.com", allowed_hosts=["b.example.com"])


def test_credentials_of_the_url_go_to_its_origin_and_nowhere_else() -> None:
    run = asked("https://me:se%3Acret@maestro.example.com", load={"rate": 10}, limiter={"rate": 2000})
    sent = b"Authorization: Basic bWU6c2U6Y3JldA=="
    assert {check.name for check in run.checks if sent not in check.request} == {"redirect to https"}
    assert run.load
    assert run.limiter_plan
    assert run.status
    assert all(sent in plan.requests[0].wire for plan in (run.load, run.limiter_plan))
    assert run.status.authorization
    assert "se" not in str(run.status)[: len("https://m")]


def test_credentials_are_not_told_of_what_is_no_url() -> None:
    with pytest.raises(NotAllowed) as caught:
        asked("me:secret@maestro.example.com")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("name", ["Maestro.example.com", "maestro.example.com:443", "b.example.org", "prometheus.test"])
def test_addresses_may_stand_in_for_what_may_be_asked(name: str) -> None:
    given = {"allowed_hosts": ["*.example.org"], "prometheus_url": "http://prometheus.test"}
    assert asked(resolve={name: "192.0.2.1"}, **given)


def test_a_default_check_needs_jmespath_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assertions, "HAS_JMESPATH", False)
    with pytest.raises(NotAllowed, match="check api: the Python package jmespath"):
        asked()


def test_an_address_of_ipv6_is_a_host() -> None:
    [redirect] = [check for check in asked("https://[2001:db8::10]").checks if check.redirect]
    assert (redirect.url.origin, redirect.redirect) == ("http://[2001:db8::10]", "https://[2001:db8::10]")


def test_named_hosts_may_be_asked() -> None:
    run = asked(checks=[{"name": "a", "url": "https://api.example.com/"}], allowed_hosts=["*.example.com"])
    assert "a" in names(run)
