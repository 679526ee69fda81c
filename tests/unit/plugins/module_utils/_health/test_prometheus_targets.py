# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Prometheus says of its targets, and what is made of it."""

from __future__ import annotations

import http.server
import json
import threading
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._health.prometheus_targets import (
    NoAnswer,
    ask,
    evaluate,
    is_monitored,
    scraping,
    silent,
    states,
)


def answer(**pods: str) -> dict[str, t.Any]:
    """An instant query's answer with one series for each pod."""
    result = [{"metric": {"pod": pod}, "value": [1700000000.0, value]} for pod, value in pods.items()]
    return {"status": "success", "data": {"resultType": "vector", "result": result}}


class Double(http.server.BaseHTTPRequestHandler):
    """Answers every question with `said`, and keeps the questions."""

    said: t.ClassVar[bytes] = json.dumps(answer(a="1")).encode()
    asked: t.ClassVar[list[tuple[str, str]]] = []

    def do_GET(self) -> None:
        self.asked.append((self.path, self.headers.get("Authorization", "")))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.said)

    def log_message(self, *dummy: object) -> None:
        pass


@pytest.fixture
def prometheus(monkeypatch: pytest.MonkeyPatch) -> t.Iterator[str]:
    monkeypatch.setattr(Double, "asked", [])
    with http.server.HTTPServer(("127.0.0.1", 0), Double) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_pods_that_are_scraped_are_no_finding() -> None:
    assert evaluate(states(answer(a="1", b="1")), "n", ["a", "b"]) == []


def test_a_pod_whose_scrape_fails_is_an_error() -> None:
    [finding] = evaluate(states(answer(a="1", b="0")), "n", ["a", "b"])
    assert (finding.id, finding.severity, finding.object) == ("target-down", "error", "Targets in n")
    assert finding.message == "Prometheus cannot scrape 1 pod: b"


def test_a_pod_that_prometheus_does_not_know_is_a_warning() -> None:
    [finding] = evaluate(states(answer(old="0")), "n", ["a", "b"])
    assert (finding.id, finding.severity) == ("target-missing", "warning")
    assert finding.message == "Prometheus has no target for 2 pods: a, b"


def test_it_asks_for_the_targets_of_the_namespace(prometheus: str) -> None:
    assert ask(f"{prometheus}/", "maestro-system", "token") == {"a": {"1"}}
    assert Double.asked == [("/api/v1/query?query=up%7Bnamespace%3D%22maestro-system%22%7D", "Bearer token")]


@pytest.mark.parametrize("said", [b"<html>", b"[]", b'{"status": "error"}', b'{"data": {"result": [1]}}'])
def test_what_is_no_answer_of_prometheus_says_so(said: bytes, prometheus: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Double, "said", said)
    with pytest.raises(NoAnswer, match="127"):
        ask(prometheus, "n")


def test_a_prometheus_that_is_away_says_so() -> None:
    with pytest.raises(NoAnswer, match="refused"):
        ask("http://127.0.0.1:1", "n")
    assert silent("n", "refused").id == "targets-unknown"


def test_only_a_release_with_a_monitor_is_monitored() -> None:
    assert is_monitored([{"kind": "Service"}, {"kind": "ServiceMonitor"}])
    assert not is_monitored([{"kind": "Service"}])


LABELS = {"app.kubernetes.io/instance": "maestro"}


def release(**monitor: t.Any) -> list[dict[str, t.Any]]:
    """A Service and what has it scraped."""
    spec = {"selector": {"matchLabels": LABELS}, "endpoints": [{"port": "metrics"}], **monitor}
    return [
        {"kind": "Service", "metadata": {"name": "maestro", "namespace": "n", "labels": LABELS}},
        {"kind": "Service", "metadata": {"name": "other", "namespace": "n", "labels": {}}},
        {"kind": "ServiceMonitor", "metadata": {"name": "maestro", "namespace": "n"}, "spec": spec},
    ]


@pytest.mark.parametrize(
    ("labels", "is_ours"),
    [
        ({"job": "any", "service": "maestro", "endpoint": "metrics"}, True),
        ({"job": "maestro"}, True),
        ({"job": "maestro", "service": "maestro", "endpoint": "http"}, False),
        ({"job": "maestro", "service": "other", "endpoint": "metrics"}, False),
        ({"job": "istio-system/envoy-stats", "container": "istio-proxy"}, False),
        ({"job": "kubernetes-pods"}, False),
        ({}, True),
    ],
)
def test_a_target_is_the_releases_by_its_service_and_port_else_by_its_job(
    labels: dict[str, str], is_ours: bool
) -> None:
    assert scraping(release()).has(labels) is is_ours


def test_the_label_that_the_monitor_names_gives_the_job() -> None:
    labelled = release(jobLabel="app.kubernetes.io/instance")
    labelled[0]["metadata"]["name"] = "maestro-metrics"
    assert scraping(labelled).jobs == {"maestro"}
    assert scraping(labelled).services == {"maestro-metrics"}


def test_the_job_of_a_pod_monitor_is_its_own_name() -> None:
    monitor = {"kind": "PodMonitor", "metadata": {"name": "maestro", "namespace": "n"}, "spec": {}}
    assert scraping([*release()[:2], monitor]).has({"job": "n/maestro", "endpoint": "metrics"})


def test_targets_of_other_jobs_say_nothing_of_the_release() -> None:
    mixed = answer(a="1", b="0")
    mixed["data"]["result"][0]["metric"] |= {"job": "maestro", "service": "maestro"}
    mixed["data"]["result"][1]["metric"] = {"job": "istio-system/envoy-stats", "pod": "a"}
    assert evaluate(states(mixed, scraping(release())), "n", ["a"]) == []
