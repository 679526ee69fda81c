# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole run against a service that is a function: order, verdict, message."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._findings import registry
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke import runner
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.checks.pod_coverage import Expected
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.http.probe import Asker, Reply
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.http.request import Url
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.load.gates import LoadEvaluation, SelfCheck
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.load.measurement import Measurement
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.options import SmokePlan
from ansible_collections.intelgraph.maestro.plugins.module_utils._smoke.runner import Prometheus, Transport, run

from .test_options import asked


class Service(Asker):
    """Answers as the path says."""

    ready = 200
    metrics = 404
    revision = "new"

    def __call__(self, url: Url, request: bytes, method: str = "GET", timeout: float = 0.0) -> Reply:
        status = {"/metrics": self.metrics, "/readyz": self.ready}.get(url.target, 200)
        body = json.dumps({"pod": "a", "revision": self.revision, "service": "maestro"}).encode()
        headers = {"strict-transport-security": "max-age=31536000"}
        if url.scheme == "http":
            status, headers = 301, {"location": "https://maestro.example.com/"}
        return Reply(url, "192.0.2.1", {"first_byte": 0.01}, status, headers, body)


@pytest.fixture(autouse=True)
def _service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "Asker", Service)


def transport(deadline: float = 5.0, **given: t.Any) -> Transport:
    return Transport(t.cast("t.Any", None), {}, deadline=deadline, interval=0.01, **given)


def result(
    smoke_plan: SmokePlan, pods: Expected | None = None, prometheus: Prometheus | None = None, deadline: float = 5.0
) -> dict[str, t.Any]:
    return run(smoke_plan, pods, transport(deadline), prometheus or Prometheus())


def test_a_service_that_is_right_passes_with_a_note_on_what_was_not_shown() -> None:
    came = result(asked(), Expected(("a",), "new"))
    assert (came["verdict"], came["msg"]) == ("passed", "https://maestro.example.com serves: 6 checks passed.")
    assert [finding["id"] for finding in came["findings"]] == ["availability-unproven"]
    assert came["pods"]["seen"] == {"a": "new"}
    assert came["requests"] == 6 * 3 + 4


def test_a_failed_check_fails_it_and_no_load_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Service, "ready", 503)
    monkeypatch.setattr(runner, "measure", lambda *_given: pytest.fail("a load was sent"))
    came = result(asked(load={"rate": 10}), deadline=1.0)
    assert (came["verdict"], came["load"]) == ("failed", {})
    assert came["msg"].startswith(
        "The smoke test of https://maestro.example.com failed. [response-unexpected] healthy /readyz"
    )


def test_a_path_that_is_not_known_to_be_closed_leaves_it_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Service, "metrics", 503)
    came = result(asked(), deadline=0.5)
    assert (came["verdict"], came["findings"][0]["id"]) == ("inconclusive", "endpoint-unproven")
    assert [check["verdict"] for check in came["checks"]] == ["passed"] * 5 + ["inconclusive"]


def test_an_old_revision_fails_it() -> None:
    came = result(asked(), Expected(("a",), "newer"))
    assert (came["verdict"], came["findings"][0]["id"]) == ("failed", "revision-stale")


def test_a_pod_that_is_not_heard_leaves_it_open() -> None:
    came = result(asked(), Expected(("a", "b"), "new"), deadline=1.0)
    assert (came["verdict"], came["findings"][0]["id"]) == ("inconclusive", "pods-not-seen")


def test_only_checks_are_made_when_nothing_else_may_be_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "measure", lambda *_given: pytest.fail("a load was sent"))
    came = run(asked(load={"rate": 10}), None, transport(only_checks=True), Prometheus())
    assert (came["verdict"], came["findings"]) == ("passed", [])


def test_a_load_without_an_address_is_an_unreachable_service() -> None:
    smoke_plan = asked("https://nowhere.invalid", defaults=False, load={"rate": 10})
    came = result(smoke_plan)
    assert (came["verdict"], came["findings"][0]["id"]) == ("failed", "service-unreachable")


def test_a_prometheus_that_does_not_know_is_named_without_its_credentials() -> None:
    came = result(asked(), None, Prometheus("http://me:secret@prometheus.test", "q"))
    assert "secret" not in json.dumps(came)
    assert came["availability"]["ratio"] is None
    assert came["findings"][0]["evidence"] == ["http://prometheus.test: 301, no value"]


BUSY = SelfCheck("cpu", 0.8, 0.95, False)
LIMITED = SelfCheck("limited", 0.001, 0.2, False)


def measured(*unfit: SelfCheck, severity: str = "warning", verdict: str = "inconclusive") -> Measurement:
    """A load that these self-checks leave undecided."""
    finding = registry.GENERATOR_OVERLOADED.found("cpu", "sending took 95% of a processor core", severity=severity)
    latency = dict.fromkeys(("p50", "p95", "p99"), 0.01)
    figures = {"sent": 10, "warm_up_requests": 0, "plan": {"rate": 10}, "error_ratio": 0.0, "latency": latency}
    return Measurement(LoadEvaluation(verdict, (finding,), (), unfit), figures)


@pytest.mark.parametrize(
    ("unfit", "in_release", "verdict"),
    [
        ((BUSY,), True, "passed"),
        ((BUSY,), False, "inconclusive"),
        ((LIMITED,), True, "inconclusive"),
        ((BUSY, LIMITED), True, "inconclusive"),
        ((), True, "inconclusive"),
    ],
    ids=["busy-release", "busy-smoke", "rate-limited", "both", "sample"],
)
def test_a_busy_controller_is_a_warning_of_a_release_and_not_its_failure(
    unfit: tuple[SelfCheck, ...], in_release: bool, verdict: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "lookup", lambda *_name: [(2, ("192.0.2.1", 443))])
    monkeypatch.setattr(runner, "measure", lambda *_given: measured(*unfit))
    came = run(asked(load={"rate": 10}), None, transport(in_release=in_release), Prometheus())
    assert came["verdict"] == verdict
    assert "generator-overloaded" in {finding["id"] for finding in came["findings"]}


def test_a_failure_under_load_fails_a_release_from_a_busy_controller_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "lookup", lambda *_name: [(2, ("192.0.2.1", 443))])
    monkeypatch.setattr(runner, "measure", lambda *_given: measured(BUSY, severity="error", verdict="failed"))
    assert run(asked(load={"rate": 10}), None, transport(in_release=True), Prometheus())["verdict"] == "failed"
