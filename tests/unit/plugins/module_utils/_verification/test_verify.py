# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release proves itself: what comes back is asked by its own expectations, and by no name that must not be asked."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.errors import (
    ApiError,
    ClusterError,
    Unreachable,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._verification import verify

NOW: dict[str, t.Any] = {
    "name": "maestro",
    "namespace": "maestro-system",
    "url": "https://maestro.example.com",
    "checks": [{"name": "version", "url": "/api/v1/status", "json": {"version": "2"}}],
}


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, t.Any]]:
    """The parameters of each smoke run; every one passes."""
    runs: list[dict[str, t.Any]] = []

    def asked(params: dict[str, t.Any]) -> dict[str, t.Any]:
        runs.append(params)
        return {**verify.NOTHING, "verdict": "passed", "msg": "it serves"}

    monkeypatch.setattr(verify, "asked", asked)
    return runs


def test_a_release_that_comes_back_is_asked_for_its_own_version(sent: list[dict[str, t.Any]]) -> None:
    check = {"name": "version", "url": "/api/v1/status", "json": {"version": "1"}}
    kept = {"url": NOW["url"], "expect": {}, "defaults": True, "checks": [check]}
    assert verify.smoke_result(NOW, {"kubeconfig": "here"}, kept).verdict == "passed"
    [params] = sent
    assert [each["json"] for each in params["checks"]] == [{"version": "1"}]
    assert params["kubeconfig"] == "here"


@pytest.mark.parametrize(
    ("kept", "words"),
    [
        ({"url": "https://elsewhere.example.com"}, "elsewhere.example.com is not among the hosts"),
        ({"checks": [{"name": "else", "url": "https://elsewhere.example.com/"}]}, "is not among the hosts"),
        ({"expect": {"tls_minimum": "SSLv3"}}, "'SSLv3' is no version of TLS"),
    ],
)
def test_what_must_not_be_asked_now_leaves_it_unproven(
    kept: dict[str, t.Any], words: str, sent: list[dict[str, t.Any]]
) -> None:
    came = verify.smoke_result(NOW, {}, {"url": "", "expect": {}, "defaults": True, "checks": [], **kept})
    assert (came.verdict, sent) == ("inconclusive", [])
    [finding] = came.findings
    assert (finding.id, finding.severity) == ("smoke-not-allowed", "warning")
    assert words in finding.message
    assert finding.sentence() == came.figures["msg"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"ca_path": "/nowhere/ca.pem"}, "ca_path /nowhere/ca.pem holds no certificates"),
        ({"prometheus_url": "prometheus.monitoring:9090"}, "prometheus_url.*is no http or https URL"),
        ({"prometheus_url": "http://p", "prometheus_token": "a\r\nb: c"}, "prometheus_token.* not one that HTTP"),
    ],
    ids=["no CA", "no scheme", "no header"],
)
def test_what_cannot_be_used_is_refused_before_anything_is_written(given: dict[str, t.Any], words: str) -> None:
    with pytest.raises(verify.SmokeRefused, match=words):
        verify.options({**NOW, **given}, {})


def test_a_file_of_authorities_that_went_since_leaves_it_unproven(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "options", lambda given, _connection: given)
    params = {**NOW, "ca_path": "/nowhere/ca.pem", "port_forward": "", "resolve": {}}
    came = verify.smoke_result(params, {}, {})
    assert (came.verdict, came.findings[0].id) == ("inconclusive", "smoke-not-allowed")


@pytest.mark.parametrize(
    ("error", "found"),
    [
        (Unreachable("no answer of the API server"), "api-unreachable"),
        (ApiError(403, "Forbidden", "pods is forbidden"), "api-error"),
        (ClusterError("maestro-system holds no workload maestro"), "api-error"),
    ],
)
def test_a_cluster_that_does_not_tell_who_should_answer_leaves_it_unproven(
    error: ClusterError, found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(*_given: t.Any) -> None:
        raise error

    monkeypatch.setattr(verify, "_expected", nobody)
    came = verify.smoke_result(NOW, {}, {})
    assert came.verdict == "inconclusive"
    [finding] = came.findings
    assert (finding.id, finding.severity, finding.message) == (found, "warning", str(error))
    assert finding.next_step == error.next_step
