# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release that is ready but does not serve as it should has failed, and the former one comes back.

One good release for all: each test makes a bad one on top of it, whose record says why it is gone, and whose play fails
with both facts.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from tests.integration.conftest import WITHOUT_AUTOSCALER, Player, delete_namespace, of_namespace
from tests.integration.playing import Play, play
from tests.integration.seeing import Manifest, fetch, history, pods, wait_until_served
from tests.integration.waiting import wait_for

NAMESPACE = "test-proof"
HOSTNAME = of_namespace(NAMESPACE)["maestro_hostname"]
REPLICAS = 2
SMALL = {
    "workload_replicas": REPLICAS,
    "workload_minimum_available": 1,
    "workload_pre_stop_seconds": 1,
    "workload_min_ready_seconds": 0,
}
BY_CHECKS: dict[str, t.Any] = {"maestro_smoke_enabled": True, "maestro_smoke_load": {"rate": 0}}
BY_LOAD = {"max_seconds": 10, "successes": 1, "status": ""}
"""Leaves errors and slowness of the API to the load to find."""
API = {"requests": [{"path": "/api/v1/status"}]}
GOOD_ENOUGH = {"passed", "inconclusive"}
"""A busy machine may leave a load on the former release undecided, but never call that bad."""


def faults(**given: float) -> dict[str, t.Any]:
    """Settings with which the stand-in misbehaves on purpose; it always ends as soon as it is told to."""
    return {"workload_settings_extra": {"server": {"drainSeconds": 0}, "faults": given}}


@pytest.fixture(scope="module")
def deploy(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Player]:
    """Deploys into the namespace of this module, where a release has been proven good."""
    delete_namespace(cluster, NAMESPACE)
    own = {**of_namespace(NAMESPACE), **WITHOUT_AUTOSCALER, **SMALL, **BY_CHECKS, **faults()}
    own["maestro_report_dir"] = str(tmp_path_factory.mktemp("reports"))
    deploying = functools.partial(play, "intelgraph.maestro.deploy", **own)
    done = deploying()
    assert done.rc == 0, done.output
    assert set(done.release["smoke"]["pods"]["expected"]) == {
        pod["metadata"]["name"] for pod in pods(cluster, NAMESPACE)
    }
    yield deploying
    cluster.delete(f"/api/v1/namespaces/{NAMESPACE}")


@dataclasses.dataclass(frozen=True)
class Served:
    """What users get: revisions and statuses of some answers, and the pod template behind them."""

    answers: frozenset[tuple[int, object]]
    template: Manifest


@dataclasses.dataclass(frozen=True)
class Bench:
    """Makes bad releases on top of a good one, and looks at what became of both."""

    cluster: Cluster
    lab: dict[str, t.Any]
    deploy: Player

    def served(self) -> Served:
        answers = [fetch(self.lab, HOSTNAME, "/api/v1/status") for _unused in range(10 * REPLICAS)]
        deployment = self.cluster.find("apps/v1", "Deployment", NAMESPACE, "maestro")
        assert deployment
        reported = frozenset(
            (answer.status, answer.status == 200 and answer.json.get("revision")) for answer in answers
        )
        return Served(reported, deployment["spec"]["template"])

    def settled(self, wanted: Served | None = None) -> Served:
        """What users get once nothing but one revision answers: the ingress asks a pod that ends for a moment still."""

        def is_right(seen: Served) -> bool:
            return len(seen.answers) == 1 and wanted in (None, seen)

        return wait_for(f"one revision answers for {HOSTNAME}", self.served, is_right)

    def taken_back(self, finding: str, **bad: t.Any) -> tuple[dict[str, t.Any], dict[str, t.Any]]:
        """The finding that a bad release was taken back for, and the outcome that its record keeps."""
        [*_older, good] = [each for each in history(self.cluster, NAMESPACE) if each.state == "passed"]
        before = self.settled()
        done = self.deploy(**bad)
        failed, restored = history(self.cluster, NAMESPACE)[-2:]
        assert (failed.state, done.release["number"]) == ("failed", failed.number), done.output
        assert (restored.state in GOOD_ENOUGH, restored.about["rollback_to"]) == (True, good.number), done.output
        assert restored.manifests == good.manifests
        self.settled(before)
        reported = only(done, finding)
        assert done.rc == 2
        assert f"Release {failed.number} of maestro is ready but does not serve as it should" in done.failure
        assert reported["message"] in done.failure
        assert f"Release {good.number} was restored as release {restored.number}" in done.failure
        assert (done.release["restored"]["number"], done.release["restored"]["verdict"]) == (
            restored.number,
            restored.state,
        )
        assert finding in failed.outcome["reason"]
        assert failed.outcome["smoke"]["verdict"] == "failed"
        return reported, failed.outcome


def only(done: Play, kind: str) -> dict[str, t.Any]:
    """The one error that a release failed for."""
    found = [each for each in done.release["findings"] if each["severity"] == "error"]
    assert [each["id"] for each in found] == [kind], done.output
    return t.cast("dict[str, t.Any]", found[0])


@pytest.fixture
def bench(deploy: Player, cluster: Cluster, lab: dict[str, t.Any]) -> Bench:
    return Bench(cluster, lab, deploy)


def test_one_percent_of_errors_is_taken_back(bench: Bench) -> None:
    """1000 requests: each pod fails every hundredth, 9 in all at least. Were 0.3 % right, there would hardly be 7."""
    gates = {"error_ratio": 0.003, "p95": -1, "throughput": -1}
    load = {**API, "rate": 200, "seconds": 5, "warm_up": 0.5, "gates": gates, "timeout": 30}
    reported, outcome = bench.taken_back(
        "error-ratio-high", **faults(errorRatio=0.01), maestro_smoke_load=load, maestro_smoke_expect=BY_LOAD
    )
    figures = outcome["smoke"]["load"]
    assert reported["object"] == "error_ratio"
    assert reported["message"].endswith(
        f"of {figures['sent']} requests failed ({figures['results']['5xx']} 5xx); 0.300% may"
    )
    assert figures["error_ratio"] == pytest.approx(0.01, abs=0.002)


def test_a_p95_of_three_seconds_is_taken_back(bench: Bench) -> None:
    """Every fifth of 100 requests: were p95 below 2 s, 10 would hardly be slower."""
    load = {**API, "rate": 50, "seconds": 2, "warm_up": 0, "gates": {"error_ratio": -1, "p95": 2.0}}
    slow = faults(latencyMilliseconds=3000, latencyShare=0.2)
    reported, outcome = bench.taken_back("latency-high", **slow, maestro_smoke_load=load, maestro_smoke_expect=BY_LOAD)
    figures = outcome["smoke"]["load"]
    assert reported["object"] == "p95"
    assert reported["message"].endswith(" s, counted from when requests were due; 2 s is the limit")
    assert figures["latency"]["p95"] >= 3.0 > figures["latency"]["p50"]


def test_a_pod_that_somebody_keeps_is_found_behind_the_new_revision(bench: Bench) -> None:
    """Without the label of its ReplicaSet no controller replaces a pod, and the Service still sends it requests."""
    kept = pods(bench.cluster, NAMESPACE)[0]
    name, revision = kept["metadata"]["name"], kept["metadata"]["labels"]["pod-template-hash"]
    path = f"/api/v1/namespaces/{NAMESPACE}/pods/{name}"
    bench.cluster.merge(path, {"metadata": {"labels": {"pod-template-hash": "kept"}}})
    try:
        wait_until_served(bench.cluster, NAMESPACE, REPLICAS + 1)
        reported, outcome = bench.taken_back("revision-stale", workload_orchestration_max_concurrent_sources=7)
    finally:
        bench.cluster.delete(path)
    deployed = outcome["smoke"]["pods"]["revision"]
    assert reported["message"] == f"{name} answers with another revision than {deployed}, which is deployed: {revision}"
    assert name in outcome["smoke"]["pods"]["expected"]
    assert f"{name} is of no controller of the release" in reported["evidence"][0]


def test_a_certificate_about_to_end_is_taken_back(bench: Bench) -> None:
    """Made while pods are replaced, it is served long before a check has succeeded so often in a row."""
    soon = {"healthy": ["/healthz"], "closed": [], "status": "", "redirect": False, "certificate_days": 7}
    reported, _outcome = bench.taken_back(
        "certificate-expiring",
        ingress_tls_duration_days=3,
        ingress_tls_renew_before_days=1,
        workload_orchestration_max_concurrent_sources=8,
        maestro_smoke_deadline=40,
        maestro_smoke_expect={**soon, "successes": 20},
    )
    assert reported["message"] == f"the certificate of {HOSTNAME} ends in 3.0 days; 7 is the least"
    certificate = bench.cluster.find("cert-manager.io/v1", "Certificate", NAMESPACE, "maestro-tls")
    assert certificate
    assert certificate["spec"]["duration"] == "2160h0m0s"
