# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The smoke test of a real release: what is right passes, and what is wrong is found and named."""

from __future__ import annotations

import functools
import pathlib
import typing as t

import pytest
from ansible.module_utils.common.arg_spec import ModuleArgumentSpecValidator

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.port_forward.listener import (
    Backend,
    Forwarding,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._module_runner import Call, Ending
from ansible_collections.intelgraph.maestro.plugins.modules import smoke
from tests.integration import seeing
from tests.integration.conftest import WITHOUT_AUTOSCALER, Player, delete_namespace, of_namespace
from tests.integration.playing import play

NAMESPACE = "test-smoke"
HOSTNAME = of_namespace(NAMESPACE)["maestro_hostname"]
LIMIT, BURST, REPLICAS = 250, 250, 2
BY_TRAEFIK: dict[str, t.Any] = {
    "ingress_provider": "traefik",
    "ingress_class": "traefik",
    "ingress_annotations": {},
    "ingress_rate_limit_requests_per_second": LIMIT,
    "ingress_rate_limit_burst": BURST,
}
"""The lab's ingress controllers limit rates and say HSTS for their own kinds only."""
FAULTS = {"errorRatio": 0.01, "latencyMilliseconds": 3000, "latencyShare": 0.1}
FROM_A_SURVEY = {
    "maestro_smoke_rate": "200",
    "maestro_smoke_seconds": "2",
    "maestro_smoke_deadline": "",
    "maestro_smoke_url": "",
}
"""As AWX asks for them: text, and empty where nothing was answered."""
LIGHT = {"rate": 100, "seconds": 6, "warm_up": 0.5, "extensions": 0}


@pytest.fixture(scope="module")
def deploy(cluster: Cluster) -> t.Iterator[Player]:
    """Deploys into the namespace that the tests of this module share, where a good release is already."""
    delete_namespace(cluster, NAMESPACE)
    deploying = functools.partial(
        play, "intelgraph.maestro.deploy", **{**of_namespace(NAMESPACE), **WITHOUT_AUTOSCALER, **BY_TRAEFIK}
    )
    done = deploying()
    assert done.rc == 0, done.output
    yield deploying
    cluster.delete(f"/api/v1/namespaces/{NAMESPACE}")


@pytest.fixture
def verify(deploy: Player, lab: dict[str, t.Any]) -> t.Callable[..., Ending]:
    """Asks that release, in this process."""

    def ask(**given: t.Any) -> Ending:
        wanted: dict[str, t.Any] = {
            "kubeconfig": lab["kubeconfig"],
            "namespace": NAMESPACE,
            "url": f"https://{HOSTNAME}",
            "resolve": {HOSTNAME: lab["ingress"]["address"]},
            "ca_path": lab["ca_bundle"],
            "deadline": 20,
            "interval": 0.2,
            **given,
        }
        return smoke.verify(Call(parameters(wanted)))

    return ask


Verify = t.Callable[..., Ending]


def parameters(given: dict[str, t.Any]) -> dict[str, t.Any]:
    """Validated as a task's are."""
    checked = ModuleArgumentSpecValidator(smoke.ARGUMENTS).validate(given)
    assert checked.error_messages == []
    return t.cast("dict[str, t.Any]", checked.validated_parameters)


def ids(ending: Ending) -> list[str]:
    return [finding["id"] for finding in ending.values["findings"] if finding["severity"] != "note"]


def test_the_play_proves_a_good_release_with_figures(deploy: Player, tmp_path: pathlib.Path) -> None:
    load = {"rate": 1, "seconds": 1, "warm_up": 0.5, "gates": {"error_ratio": 0.01, "p95": 20.0}}
    expect = {"allowed_origin": "https://intelgraph.ai"}
    done = play(
        "intelgraph.maestro.smoke",
        **of_namespace(NAMESPACE),
        maestro_smoke_load=load,
        **FROM_A_SURVEY,
        maestro_smoke_expect=expect,
        maestro_report_dir=str(tmp_path),
    )
    assert done.rc == 0, done.output
    [page] = tmp_path.glob("smoke/*/report.html")
    assert page.read_text(encoding="utf-8").count("<svg") == 2
    [result] = [task["result"] for task in done.tasks if task["action"].endswith(".smoke")]
    assert result["verdict"] == "passed"
    assert [check["verdict"] for check in result["checks"]] == ["passed"] * 7
    assert set(result["pods"]["seen"]) == set(result["pods"]["expected"])
    assert len(result["pods"]["seen"]) == 3
    assert set(result["pods"]["seen"].values()) == {result["pods"]["revision"]}
    assert result["load"]["results"]["ok"] == result["load"]["planned"] >= 400
    assert set(result["load"]["pods"]) == set(result["pods"]["expected"])


def test_everything_wrong_with_the_way_in_is_named(verify: Verify) -> None:
    """The same release, of which more is expected than it has."""
    came = verify(
        expect={
            "certificate_days": 400,
            "closed": ["/healthz"],
            "allowed_origin": "https://elsewhere.test",
            "refused_origin": "https://intelgraph.ai",
            "hsts_seconds": 10**9,
        },
        checks=[{"name": "version", "url": "/api/v1/status", "json": {"version": "0.0.0"}}],
        deadline=6,
    )
    assert came.failed
    assert set(ids(came)) == {
        "response-unexpected",
        "certificate-expiring",
        "cors-wrong",
        "endpoint-exposed",
        "hsts-missing",
    }


def test_a_pod_of_an_old_revision_is_found(verify: Verify, cluster: Cluster) -> None:
    """A pod behind the same Service that no ReplicaSet of the release owns."""
    pod = seeing.pods(cluster, NAMESPACE)[0]
    placed = ("nodeName", "affinity", "topologySpreadConstraints")
    spec = {key: value for key, value in pod["spec"].items() if key not in placed}
    labels = {**pod["metadata"]["labels"], "pod-template-hash": "old"}
    metadata = {"name": "maestro-old", "namespace": NAMESPACE, "labels": labels}
    path = f"/api/v1/namespaces/{NAMESPACE}/pods"
    cluster.create(path, {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
    try:
        seeing.wait_until_served(cluster, NAMESPACE, 4)
        came = verify()
    finally:
        cluster.delete(f"{path}/maestro-old")
    assert ids(came) == ["revision-stale"]
    assert "maestro-old answers with another revision" in came.values["msg"]


def test_pods_that_the_public_way_does_not_lead_to_are_asked_through_the_api_server(
    verify: Verify, cluster: Cluster
) -> None:
    """An ingress that keeps a connection to one pod: here that is all that the public way leads to."""
    known, *others = sorted(pod["metadata"]["name"] for pod in seeing.pods(cluster, NAMESPACE))
    with Forwarding(cluster, NAMESPACE, lambda: [Backend(known, 8080)]) as way:
        address, port = way.address
        came = verify(url=f"http://{HOSTNAME}", resolve={HOSTNAME: f"{address}:{port}"}, defaults=False)
    assert came.values["verdict"] == "passed", came.values["msg"]
    assert (set(came.values["pods"]["seen"]), set(came.values["pods"]["directly"])) == ({known}, set(others))
    assert {*came.values["pods"]["directly"].values()} == {came.values["pods"]["revision"]}
    assert "pods-tested-directly" in [finding["id"] for finding in came.values["findings"]]


def test_the_rate_limiter_is_proven(verify: Verify) -> None:
    """Each of the two Traefik limits for itself, and chance spreads connections over them: the moment is a rough one.

    The exact moment is proven with one bucket, in test_smoke_truth.
    """
    limiter = {"rate": 700, "limit": LIMIT, "burst": BURST, "replicas": REPLICAS, "delay": 0.5, "tolerance": 1.0}
    came = verify(limiter=limiter, pods="off", defaults=False)
    assert came.values["verdict"] == "passed", came.values["msg"]
    assert came.values["limiter"]["results"]["429"] > 0
    assert came.values["limiter"]["expected"] == 3.75


def test_errors_and_slowness_are_measured(verify: Verify, deploy: Player) -> None:
    done = deploy(workload_settings_extra={"faults": FAULTS})
    assert done.rc == 0, done.output
    patient = {"max_seconds": 10, "successes": 1}
    came = verify(load=LIGHT, expect=patient)
    assert came.values["verdict"] == "failed"
    load = came.values["load"]
    assert set(ids(came)) - {"generator-overloaded"} == {"error-ratio-high", "latency-high"}, came.values["msg"]
    assert load["latency"]["p95"] == pytest.approx(3.0, abs=0.1 + load["lateness"]["max"])
    assert load["latency"]["p50"] < 0.5
    assert load["error_ratio"] == pytest.approx(0.01, abs=0.006)
