# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Past the ingress: what is asked of the pods instead, what is left out by name, and whom a broken way excuses."""

from __future__ import annotations

import typing as t

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.intelgraph.maestro.plugins.module_utils._findings import registry
from ansible_collections.intelgraph.maestro.plugins.module_utils._findings.finding import Finding, verdict
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.arguments import SMOKE
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.http.request import NotAllowed
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.options import SmokePlan
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.past_ingress import (
    CONNECTIONS,
    Signs,
    inner,
    not_asked,
    spread,
    weighed,
)

PUBLIC = "https://maestro.example.com"
BROKEN = Signs(broken=("a: it was closed (2 x)",))
REFUSED = Signs(refused=("a: connection refused (3 x)",))
UNREACHABLE = registry.SERVICE_UNREACHABLE.found("api", "nobody answers")
ERRORS = registry.ERROR_RATIO_HIGH.found("error_ratio", "half of them")
STALE = registry.REVISION_STALE.found("revision", "an old one")


def said(count: int) -> dict[str, t.Any]:
    """A load of 1000 requests of which half were reset, and so many answered 5xx."""
    results = {"ok": 500 - count, "reset": 500, "5xx": count}
    return {"results": results, "gates": [{"gate": "error_ratio", "limit": 0.001}, {"gate": "p95", "limit": 2.0}]}


def through(url: str = PUBLIC, tls: bool = False, **given: t.Any) -> tuple[SmokePlan, tuple[str, ...]]:
    checked = ArgumentSpecValidator(SMOKE).validate({"url": url, **given})
    assert checked.error_messages == []
    return inner(checked.validated_parameters, tls)


def names(wish: SmokePlan) -> list[str]:
    return [check.name for check in wish.checks]


def test_what_is_the_ingresss_is_left_out_by_name() -> None:
    wish, left_out = through(expect={"allowed_origin": "https://a.example.com"})
    assert names(wish) == ["healthy /healthz", "healthy /readyz", "api"]
    assert left_out == (
        "certificate",
        "TLS version",
        "hsts",
        "cors allowed",
        "cors refused",
        "redirect to https",
        "closed /metrics",
    )
    assert {check.hsts_seconds for check in wish.checks} == {0}


def test_requests_keep_the_name_and_are_plain() -> None:
    wish, _left_out = through(load={"rate": 10})
    assert str(wish.status) == "http://maestro.example.com/api/v1/status"
    assert {check.url.scheme for check in wish.checks} == {"http"}
    assert all(b"\r\nHost: maestro.example.com\r\n" in check.request for check in wish.checks)
    assert wish.load is not None
    assert b"\r\nHost: maestro.example.com\r\n" in wish.load.requests[0].wire


@pytest.mark.parametrize(
    ("url", "tls", "asked"),
    [
        ("https://h.example", True, "https://h.example"),
        ("https://h.example:8443", False, "http://h.example:8443"),
        ("http://h.example", True, "https://h.example"),
        ("http://h.example", False, "http://h.example"),
    ],
)
def test_the_scheme_is_the_pods_and_the_port_that_of_the_name(url: str, tls: bool, asked: str) -> None:
    wish, left_out = through(url, tls)
    assert wish.url.origin == asked
    assert ("certificate" in left_out) is (url.startswith("https") and not tls)


def test_requests_keep_the_credentials_of_the_url() -> None:
    wish, _left_out = through("https://me:secret@h.example", load={"rate": 10})
    assert wish.load
    requests = [*(check.request for check in wish.checks), wish.load.requests[0].wire]
    assert all(b"Authorization: Basic bWU6c2VjcmV0" in request for request in requests)


def test_checks_of_ones_own_go_the_same_way_unless_they_are_of_the_ingress() -> None:
    checks = [
        {"name": "path", "url": "/v2?q=1"},
        {"name": "whole", "url": f"{PUBLIC}/v3", "json": {"a": 1}},
        {"name": "plain", "url": "http://maestro.example.com/"},
        {"name": "cors", "url": "/", "cors_origin": "https://a.example.com"},
        {"name": "elsewhere", "url": "https://other.example.com/x"},
    ]
    wish, left_out = through(defaults=False, checks=checks, allowed_hosts=["other.example.com"])
    assert {check.name: str(check.url) for check in wish.checks} == {
        "path": "http://maestro.example.com/v2?q=1",
        "whole": "http://maestro.example.com/v3",
        "elsewhere": "https://other.example.com/x",
    }
    assert left_out[2:] == ("plain", "cors")


def test_a_load_is_bounded_and_reaches_every_pod() -> None:
    mix = [{"path": "/a"}, {"path": f"{PUBLIC}/b", "weight": 2}]
    wish, _left_out = through(load={"rate": 200, "requests": mix})
    assert wish.load is not None
    assert [request.name for request in wish.load.requests] == ["GET /a", "GET /b"]
    assert (wish.load.connections, wish.load.least) == (CONNECTIONS, 1)
    for pods, least in ((3, 3), (40, CONNECTIONS)):
        planned = spread(wish, pods).load
        assert planned is not None
        assert planned.least == least
    assert spread(through()[0], 3).load is None


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"load": {"rate": 201}}, "201 requests/s are more than the 200 that may go through the API server"),
        ({"limiter": {"rate": 2000}}, "the rate limiter is the ingress's"),
        ({"load": {"rate": 10, "requests": [{"path": "http://maestro.example.com:81/x"}]}}, "a load has one origin"),
        ({"checks": [{"name": "x", "url": "https://other.example.com/"}]}, "is not among the hosts"),
    ],
)
def test_what_cannot_go_there_is_refused(given: dict[str, t.Any], why: str) -> None:
    with pytest.raises(NotAllowed, match=why):
        through(**given)


def test_what_it_does_not_show_is_a_note() -> None:
    note = not_asked("service/maestro:http in n", ("hsts", "closed /metrics"))
    assert (note.id, note.severity) == ("ingress-not-tested", "note")
    assert note.evidence[0] == "left out: hsts, closed /metrics"


def test_without_an_answer_a_broken_way_may_be_why() -> None:
    load = {"results": {"ok": 5, "reset": 5, "5xx": 0}}
    found, is_open = weighed([UNREACHABLE, ERRORS], load, BROKEN)
    assert is_open
    assert [(finding.id, finding.severity) for finding in found] == [
        ("port-forward-interrupted", "warning"),
        ("service-unreachable", "note"),
        ("error-ratio-high", "note"),
    ]
    assert found[0].message == "the way to the pods broke, which may explain that nobody answers"
    assert found[0].evidence == BROKEN.broken
    assert verdict(found, not is_open) == "inconclusive"


@pytest.mark.parametrize(
    ("found", "load"),
    [([ERRORS], said(5)), ([STALE], {}), ([], {})],
    ids=["the service said it", "a pod said it", "nothing is wrong"],
)
def test_what_was_answered_stands_whatever_broke(found: list[Finding], load: dict[str, t.Any]) -> None:
    assert weighed(found, load, BROKEN) == (found, False)


def test_a_single_error_takes_no_excuse_from_what_a_broken_way_lost() -> None:
    found, is_open = weighed([ERRORS], said(1), BROKEN)
    assert is_open
    assert [(finding.id, finding.severity) for finding in found] == [
        ("port-forward-interrupted", "warning"),
        ("error-ratio-high", "note"),
    ]


def test_what_a_pod_did_not_take_is_held_against_it_in_the_kubelets_words() -> None:
    [finding], is_open = weighed([UNREACHABLE], {}, REFUSED)
    assert (finding.severity, is_open) == ("error", False)
    assert finding.evidence == REFUSED.refused
    assert "take no connection" in finding.next_step
    assert weighed([UNREACHABLE], {}, Signs()) == ([UNREACHABLE], False)
