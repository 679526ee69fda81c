# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with an answer."""

from __future__ import annotations

import dataclasses
import json
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._findings.finding import Finding
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.checks.assertions import (
    DAY,
    Check,
    evaluate,
    expression_error,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.http.probe import Certificate, Reply
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.http.request import parse_url
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.http.tls_probe import Offer

URL = parse_url("https://maestro.example.com/api/v1/status")
NOW = 1_700_000_000.0
BODY = {"service": "maestro", "revision": "abc", "pods": [1, 2]}


def check(**given: t.Any) -> Check:
    return Check(name="api", url=URL, request=b"", **given)


def reply(status: int = 200, body: bytes = b"", **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(
        URL, "192.0.2.1:443", {"dns": 0.1, "first_byte": 0.4}, status, named, body or json.dumps(BODY).encode()
    )


KEY, ACCEPT = "dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
"""The example of RFC 6455, section 1.3."""
ORIGIN = "https://intelgraph.ai"


def preflight(method: str, *headers: str, **given: t.Any) -> Check:
    return check(cors_origin=ORIGIN, preflight=method, preflight_headers=headers, statuses=frozenset(), **given)


def allowing(methods: str, headers: str = "", status: int = 204) -> Reply:
    named = {"access_control_allow_methods": methods, "access_control_allow_headers": headers}
    return reply(status, access_control_allow_origin=ORIGIN, **named)


def upgraded(accept: str) -> Reply:
    return reply(101, upgrade="websocket", sec_websocket_accept=accept)


def unanswered(phase: str, error: str, untrusted: bool = False) -> Reply:
    return Reply(URL, "192.0.2.1:443", {phase: 1.5}, failed=phase, error=error, untrusted=untrusted)


def cut(status: int) -> Reply:
    return dataclasses.replace(reply(status), failed="body", error="the connection ended")


def late(phase: str) -> Reply:
    return dataclasses.replace(unanswered(phase, "timed out"), late=True)


def refused(version: str) -> Reply:
    reply = unanswered("tls", "handshake failure")
    reply.offer = Offer(version)
    return reply


def displayed(days: float, version: str = "TLSv1.3") -> Reply:
    answer = reply()
    answer.certificate = Certificate(("maestro.example.com",), "Lab", NOW + days * DAY, version)
    return answer


def only(expected: Check, came: Reply) -> Finding:
    [finding] = evaluate(expected, came, NOW)
    return finding


@pytest.mark.parametrize(
    ("expected", "came"),
    [
        (check(), reply()),
        (check(statuses=frozenset({204})), reply(204)),
        (check(statuses=frozenset()), reply(500)),
        (check(expect_headers={"Vary": "O.*"}), reply(vary="Origin")),
        (check(contains='"maestro"'), reply()),
        (check(json={"revision": "abc", "pods[0]": 1, "length(pods)": 2, "absent": None}), reply()),
        (check(max_seconds=0.5), reply()),
        (check(redirect="https://a"), reply(308, location="https://a/b")),
        (check(redirect="https://a"), reply(308, location="https://A:8443")),
        (check(redirect="https://maestro.example.com"), reply(301, location="/elsewhere")),
        (check(redirect="https://a/b"), reply(308, location="https://a/b/c")),
        (check(hsts_seconds=100), reply(strict_transport_security="max-age=100; includeSubDomains")),
        (check(cors_origin="https://a"), reply(access_control_allow_origin="https://a")),
        (check(cors_origin="https://b", cors_allowed=False), reply(access_control_allow_origin="https://a")),
        (check(cors_origin="https://b", cors_allowed=False), reply()),
        (check(cors_origin="https://a"), reply(access_control_allow_origin="*")),
        (check(closed=True), reply(404)),
        (check(closed=True), reply(400)),
        (check(closed=True), reply(403)),
        (check(closed=True), reply(302, location="https://login.example.com/?to=status")),
        (check(closed=True), unanswered("connect", "refused")),
        (check(closed=True), unanswered("first_byte", "the connection ended before the first byte of the answer")),
        (check(certificate_days=7), displayed(7.1)),
        (check(), displayed(1)),
        (preflight("POST", "content-type"), allowing("GET", "Content-Type")),
        (preflight("PUT"), allowing("GET, PUT")),
        (preflight("PUT", "x-a", cors_allowed=False), reply(405)),
        (preflight("PUT", "x-a", cors_allowed=False), reply(501)),
        (check(websocket=KEY, statuses=frozenset({101})), upgraded(ACCEPT)),
    ],
)
def test_what_is_as_expected_is_found_right(expected: Check, came: Reply) -> None:
    assert evaluate(expected, came, NOW) == []


@pytest.mark.parametrize(
    ("expected", "came", "found", "words"),
    [
        (check(), reply(503), "response-unexpected", "answers 503 and not 200"),
        (check(expect_headers={"Vary": "O"}), reply(vary="Origin"), "response-unexpected", "'Origin' and should match"),
        (check(expect_headers={"Vary": "O"}), reply(), "response-unexpected", "is missing"),
        (check(contains="nowhere"), reply(), "response-unexpected", "does not contain 'nowhere'"),
        (check(json={"revision": "x"}), reply(), "response-unexpected", "is 'abc' and should be 'x'"),
        (check(json={"length(revision)": 1}), reply(body=b"[1"), "response-unexpected", "is no JSON"),
        (check(json={"length(pods[0])": 1}), reply(), "response-unexpected", "no value"),
        (check(max_seconds=0.4), reply(), "response-slow", "took 0.500 s; 0.4 s is the limit"),
        (check(redirect="https://a"), reply(200), "redirect-missing", "answers 200"),
        (check(redirect="https://a"), reply(301, location="https://a.evil.test/"), "redirect-missing", "301 to"),
        (check(redirect="https://a/b"), reply(301, location="https://a/c"), "redirect-missing", "301 to"),
        (check(json={"a": 1}), reply(body=b"[" * 1_000_000), "response-unexpected", "is no JSON"),
        (check(redirect="https://a"), reply(302, location="http://a"), "redirect-missing", "302 to http://a"),
        (check(hsts_seconds=100), reply(), "hsts-missing", "has no Strict-Transport-Security"),
        (check(hsts_seconds=100), reply(strict_transport_security="max-age=99"), "hsts-missing", "max-age=99"),
        (check(cors_origin="https://a"), reply(), "cors-wrong", "should be allowed"),
        (
            check(cors_origin="https://a"),
            reply(access_control_allow_origin="*", access_control_allow_credentials="true"),
            "cors-wrong",
            "which browsers refuse",
        ),
        (
            check(cors_origin="https://b", cors_allowed=False),
            reply(access_control_allow_origin="*", access_control_allow_credentials="true"),
            "cors-wrong",
            "should be refused",
        ),
        (
            check(cors_origin="https://b", cors_allowed=False, statuses=frozenset()),
            reply(503),
            "response-unexpected",
            "says nothing of whether https://b is allowed",
        ),
        (
            check(cors_origin="https://b", cors_allowed=False),
            reply(access_control_allow_origin="*"),
            "cors-wrong",
            "should be refused",
        ),
        (preflight("PUT"), allowing("GET"), "cors-wrong", "Allow-Methods does not name PUT"),
        (preflight("PUT"), allowing("*"), "cors-wrong", "Allow-Methods does not name PUT"),
        (preflight("POST", "authorization"), allowing("POST", "*"), "cors-wrong", "does not name authorization"),
        (preflight("POST"), allowing("POST", status=405), "cors-wrong", "it answers 405"),
        (preflight("POST"), reply(204), "cors-wrong", "should be allowed"),
        (preflight("POST", cors_allowed=False), reply(503), "response-unexpected", "says nothing of whether"),
        (preflight("POST", cors_allowed=False), allowing("POST"), "cors-wrong", "should be refused"),
        (check(websocket=KEY, statuses=frozenset({101})), reply(200), "response-unexpected", "200 and not 101"),
        (check(websocket=KEY, statuses=frozenset({101})), upgraded("x"), "response-unexpected", "without accepting"),
        (check(closed=True), reply(200), "endpoint-exposed", "answers 200 from outside"),
        (check(closed=True), cut(200), "endpoint-exposed", "answers 200 from outside"),
        (check(), cut(200), "service-unreachable", "answers 200, but not to the end: the connection ended"),
        (check(certificate_days=7), displayed(6.9), "certificate-expiring", "ends in 6.9 days"),
        (check(certificate_days=7), displayed(-1), "certificate-expiring", "ends in -1.0 days"),
        (check(tls_minimum="TLSv1.3"), displayed(9, "TLSv1.2"), "tls-outdated", "agreed to TLSv1.2"),
        (check(), unanswered("dns", "not known"), "service-unreachable", "maestro.example.com does not answer"),
        (check(), unanswered("connect", "refused"), "service-unreachable", "(192.0.2.1:443) does not answer: refused"),
        (check(), unanswered("tls", "hostname mismatch", True), "certificate-untrusted", "hostname mismatch"),
        (check(), unanswered("tls", "unsupported protocol"), "tls-outdated", "speaks nothing as new; TLSv1.2 is the"),
        (check(), refused("TLSv1.1"), "tls-outdated", "(192.0.2.1:443) speaks TLSv1.1 at most; TLSv1.2 is the least"),
        (check(), refused("SSLv3"), "tls-outdated", "speaks SSLv3 at most"),
        (check(tls_minimum="TLSv1.3"), refused("TLSv1.2"), "tls-outdated", "TLSv1.2 at most; TLSv1.3 is the least"),
        (check(), refused("TLSv1.3"), "service-unreachable", "handshake failure"),
    ],
)
def test_what_is_wrong_is_named(expected: Check, came: Reply, found: str, words: str) -> None:
    finding = only(expected, came)
    assert finding.id == found
    assert words in finding.message
    assert (finding.object, finding.severity) == ("api", "error")
    assert finding.next_step


@pytest.mark.parametrize(
    "came",
    [
        reply(301, location="/api/v1/status/"),
        reply(308, location="https://other.example.com/api/v1/status"),
        reply(429),
        reply(503),
        late("first_byte"),
        unanswered("tls", "handshake failure"),
    ],
)
def test_what_may_be_open_another_time_is_not_known_to_be_closed(came: Reply) -> None:
    finding = only(check(closed=True), came)
    assert (finding.id, finding.severity) == ("endpoint-unproven", "warning")
    assert "is not known" in finding.message


def test_a_certificate_that_is_refused_is_described() -> None:
    came = unanswered("tls", "hostname mismatch", untrusted=True)
    came.offer = Offer("TLSv1.3", "it shows a certificate for ingress.local")
    assert only(check(), came).evidence == ("it shows a certificate for ingress.local",)


def test_everything_wrong_is_told_at_once() -> None:
    expected = check(contains="nowhere", hsts_seconds=1, max_seconds=0.1)
    found = {finding.id for finding in evaluate(expected, reply(500), NOW)}
    assert found == {"response-unexpected", "hsts-missing", "response-slow"}


def test_the_answer_is_shown_in_few_words() -> None:
    assert only(check(), reply(500, b"line\r\n  two " + b"a" * 500)).evidence == ("line two " + "a" * 111 + "...",)


def test_an_expression_is_judged_before_anything_is_asked() -> None:
    assert expression_error("pods[0].name") == ""
    assert "is no JMESPath" in expression_error("pods[")
