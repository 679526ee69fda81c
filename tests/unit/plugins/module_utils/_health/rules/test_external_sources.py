# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets from a source, certificates from an issuer."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._health.rules import evaluate
from tests.unit.rendering import only

from .views import NOW, ago, cause, condition, event, facts, item, seconds_left, undecided

PROVIDER = "could not get secret data from provider"
NO_ISSUER = 'Referenced "ClusterIssuer" not found: clusterissuer.cert-manager.io "nope" not found'
DAY = 86400


def unready(kind: str, said: str, age: float = 5) -> dict[str, t.Any]:
    return item(kind, "maestro", spec={}, status={"conditions": [condition("Ready", "False", said, age=age)]})


def test_a_source_that_has_no_such_secret_fails_at_once() -> None:
    secret = unready("ExternalSecret", PROVIDER)
    reported = event(secret, "UpdateFailed", "error retrieving secret at .data[0], key: x, err: Secret does not exist")
    finding = cause(evaluate(facts(secret, reported)))
    assert (finding.id, finding.message) == ("external-secret-refused", f"it is not ready: {PROVIDER}")
    assert "Secret does not exist" in finding.evidence[0]


def test_what_a_source_said_half_an_hour_ago_is_not_why_it_is_away_now() -> None:
    secret = unready("ExternalSecret", PROVIDER)
    reported = event(secret, "UpdateFailed", "key: x, err: Secret does not exist", first=1800, last=1700)
    assert undecided(evaluate(facts(secret, reported))).evidence == ()


@pytest.mark.parametrize("said", [PROVIDER, "SecretStore maestro-system/maestro is not ready", "connection refused"])
def test_a_source_that_does_not_say_no_is_waited_for(said: str) -> None:
    given = facts(unready("ExternalSecret", said))
    assert undecided(evaluate(given)).id == "external-secret-refused"
    assert seconds_left(given) == 85
    assert cause(evaluate(facts(unready("ExternalSecret", said, age=90)))).id == "external-secret-refused"


LOOKUP = "dial tcp: lookup secretsmanager.amazonaws.com on 10.100.0.10:53: no such host"


@pytest.mark.parametrize(
    "said",
    [
        f'key: prod/maestro, err: request send failed, Post "https://secretsmanager.amazonaws.com/": {LOOKUP}',
        'invalid login: Put "https://vault:8200/v1/auth/kubernetes/login": dial tcp 10.0.0.9:8200: i/o timeout',
        "permission to read x: unexpected status: 503 Service Unavailable",
        "AccessDenied could not be told from ThrottlingException: Rate exceeded",
    ],
)
def test_a_source_that_could_not_be_reached_has_refused_nothing(said: str) -> None:
    secret = unready("ExternalSecret", PROVIDER)
    assert (
        undecided(evaluate(facts(secret, event(secret, "UpdateFailed", said, last=1)))).id == "external-secret-refused"
    )
    assert undecided(evaluate(facts(unready("SecretStore", said)))).id == "external-secret-refused"
    refused = event(secret, "UpdateFailed", "AccessDenied: not authorized", first=2, last=2)
    assert cause(evaluate(facts(secret, event(secret, "UpdateFailed", said, last=1), refused))).id == (
        "external-secret-refused"
    )


@pytest.mark.parametrize("kind", ["Issuer", "ClusterIssuer", "CertificateRequest"])
def test_an_issuer_that_cannot_reach_its_authority_has_refused_nothing(kind: str) -> None:
    said = f'Failed to register ACME account: Get "https://acme.example/directory": {LOOKUP}'
    asked = request(condition("Ready", "False", said, "Pending", age=5))
    given = facts(certificate(*ISSUING), asked) if kind == "CertificateRequest" else facts(unready(kind, said))
    assert undecided(evaluate(given)).id == "certificate-refused"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("SecretStore", "external-secret-refused"),
        ("Issuer", "certificate-refused"),
        ("ClusterIssuer", "certificate-refused"),
    ],
)
def test_a_store_or_an_issuer_that_is_refused(kind: str, expected: str) -> None:
    assert cause(evaluate(facts(unready(kind, "AccessDenied: not authorized to assume role")))).id == expected


def test_an_issuer_may_wait_for_a_secret_of_the_release() -> None:
    said = 'Error getting keypair for CA issuer: secrets "ca" not found'
    assert cause(evaluate(facts(unready("Issuer", said)))).id == "certificate-refused"
    assert undecided(evaluate(facts(unready("Issuer", said), wanted=[("Secret", "ca")]))).id == "certificate-refused"


def test_a_store_may_wait_for_an_account_of_the_release() -> None:
    said = 'unable to create client: ServiceAccount "reader" not found'
    assert cause(evaluate(facts(unready("SecretStore", said)))).id == "external-secret-refused"
    brought = facts(unready("SecretStore", said), wanted=[("ServiceAccount", "reader")])
    assert undecided(evaluate(brought)).id == "external-secret-refused"


@pytest.mark.parametrize(
    "said", ['invalid role name "maestro"', 'secrets "maestro" is forbidden', 'namespace "default" is forbidden']
)
def test_a_refusal_that_names_what_the_release_has_is_no_missing_object(said: str) -> None:
    given = facts(unready("SecretStore", said), wanted=[("ServiceAccount", "maestro"), ("Secret", "maestro")])
    assert cause(evaluate(given)).id == "external-secret-refused"


def certificate(*conditions: dict[str, t.Any], **status: t.Any) -> dict[str, t.Any]:
    spec = {"secretName": "maestro-tls"}
    return item("Certificate", "maestro", spec=spec, status={"conditions": list(conditions), **status})


def request(*conditions: dict[str, t.Any], number: int = 1, age: float = 600) -> dict[str, t.Any]:
    status = {"conditions": list(conditions)}
    return item("CertificateRequest", f"maestro-{number}", owner="Certificate/maestro", age=age, status=status)


ISSUING = [
    condition("Issuing", "True", "Issuing certificate as Secret does not exist", "DoesNotExist"),
    condition("Ready", "False", "Issuing certificate as Secret does not exist", "DoesNotExist"),
]


def test_a_certificate_that_is_being_issued_is_waited_for() -> None:
    assert evaluate(facts(certificate(*ISSUING))).findings == ()
    assert evaluate(facts(certificate(*ISSUING), request())).findings == ()


@pytest.mark.parametrize(
    "refusal",
    [
        condition("Ready", "False", NO_ISSUER, "Pending"),
        condition("Ready", "False", "The CSR is bad", "Failed"),
        condition("Denied", "True", "Denied by policy"),
        condition("InvalidRequest", "True", "the CSR is malformed"),
    ],
)
def test_a_request_that_is_refused(refusal: dict[str, str]) -> None:
    finding = cause(evaluate(facts(certificate(*ISSUING), request(refusal))))
    assert (finding.id, finding.message) == ("certificate-refused", f"it is not issued: {refusal['message']}")


def test_the_latest_request_counts_whatever_its_name() -> None:
    refused = request(condition("Ready", "False", "acme: order invalid", "Failed"), number=9, age=3700)
    assert evaluate(facts(certificate(*ISSUING), refused, request(number=10, age=40))).verdict == ""


def test_an_issuance_that_failed() -> None:
    failed = condition("Issuing", "False", "The certificate request has failed to complete", "Failed")
    assert cause(evaluate(facts(certificate(failed, ISSUING[1])))).id == "certificate-refused"


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("Referenced issuer does not have a Ready status condition", []),
        ('Referenced "Issuer" not found: issuer.cert-manager.io "lab" not found', [("Issuer", "lab")]),
    ],
)
def test_an_issuer_may_come_up_with_the_release(said: str, wanted: list[tuple[str, str]]) -> None:
    asked = request(condition("Ready", "False", said, "Pending", age=5))
    given = facts(certificate(*ISSUING), asked, wanted=wanted)
    if wanted:
        given = facts(certificate(*ISSUING), asked, item("Issuer", "lab", status={"conditions": [READY]}))
    assert undecided(evaluate(given)).id == "certificate-refused"
    assert seconds_left(given) == 85


READY = condition("Ready", "True")


@pytest.mark.parametrize(
    ("days", "left", "words"),
    [(90, 30, ""), (90, 13, "it ends in 13 days"), (2, 1, ""), (2, 0.25, "it ends in 6 hours")],
)
def test_a_certificate_near_its_end_is_a_warning_beside_passed(days: float, left: float, words: str) -> None:
    def moment(days_from_now: float) -> str:
        return ago(-days_from_now * DAY)

    evaluation = evaluate(facts(certificate(READY, notBefore=moment(left - days), notAfter=moment(left)), now=NOW))
    assert evaluation.verdict == "passed"
    assert [finding.id for finding in evaluation.findings] == ["certificate-renewal-overdue"] * bool(words)
    if words:
        assert only(evaluation.findings).message.startswith(words)
