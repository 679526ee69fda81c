# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release proves itself: what comes back is asked by its own expectations, and by no name that must not be asked."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils import _proving

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
        return {**_proving.NOTHING, "verdict": "passed", "msg": "it serves"}

    monkeypatch.setattr(_proving, "asked", asked)
    return runs


def test_a_release_that_comes_back_is_asked_for_its_own_version(sent: list[dict[str, t.Any]]) -> None:
    check = {"name": "version", "url": "/api/v1/status", "json": {"version": "1"}}
    kept = {"url": NOW["url"], "expect": {}, "defaults": True, "checks": [check]}
    assert _proving.proof(NOW, {"kubeconfig": "here"}, kept).verdict == "passed"
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
    came = _proving.proof(NOW, {}, {"url": "", "expect": {}, "defaults": True, "checks": [], **kept})
    assert (came.verdict, sent) == ("inconclusive", [])
    [finding] = came.findings
    assert (finding.id, finding.severity) == ("smoke-not-allowed", "warning")
    assert words in finding.message
    assert finding.sentence() == came.figures["msg"]
