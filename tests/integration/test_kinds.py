# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verdicts on kinds of a user's own, with real controllers and pods: what must fail fails, what must pass passes."""

from __future__ import annotations

import dataclasses
import time
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from ansible_collections.intelgraph.maestro.plugins.module_utils._module_runner import Call, Ending
from ansible_collections.intelgraph.maestro.plugins.modules import health
from tests.integration.own_workloads import (
    NO_SUCH_IMAGE,
    PROBED,
    budget,
    job,
    pod,
    ready_after,
    runs,
    stateful_set,
    workload,
)
from tests.integration.releasing import Manifest, Releaser, defaults, history, make_release, manifest

__all__ = ["history", "make_release"]

Manifests = t.Callable[[str], list[Manifest]]


@dataclasses.dataclass(frozen=True)
class Case:
    """One release: its objects in a namespace, what follows, and the ids of what is found.

    `first` is what an earlier release had. `says` are words of the first finding. `within` is how many seconds it takes
    at most, of which a busy machine may need some.
    """

    made: Manifests
    verdict: str
    found: tuple[str, ...] = ()
    says: tuple[str, ...] = ()
    within: float = 30.0
    first: Manifests | None = None
    options: dict[str, t.Any] = dataclasses.field(default_factory=dict)


def deployment(namespace: str, spec: Manifest, **more: t.Any) -> Manifest:
    return workload("Deployment", namespace, "web", spec, **more)


def widget(namespace: str, **status: t.Any) -> Manifest:
    return manifest("example.com/v1", "Widget", "w", namespace, spec={"size": 1}, **status)


CASES: dict[str, Case] = {
    "daemon-set-without-its-image": Case(
        lambda ns: [workload("DaemonSet", ns, "agent", runs(image=NO_SUCH_IMAGE))],
        "failed",
        ("image-not-found",),
        (NO_SUCH_IMAGE,),
    ),
    "daemon-set-that-exits": Case(
        lambda ns: [workload("DaemonSet", ns, "agent", runs("exit 3"))],
        "failed",
        ("crash-loop",),
        ("exit code 3",),
        within=60,
    ),
    "daemon-set": Case(lambda ns: [workload("DaemonSet", ns, "agent", ready_after(4))], "passed"),
    "daemon-set-of-which-a-second-version-is-broken": Case(
        lambda ns: [workload("DaemonSet", ns, "agent", runs(image=NO_SUCH_IMAGE), "2")],
        "failed",
        ("image-not-found",),
        first=lambda ns: [workload("DaemonSet", ns, "agent", ready_after(1))],
    ),
    "daemon-set-on-delete": Case(
        lambda ns: [workload("DaemonSet", ns, "agent", runs(), "2", updateStrategy={"type": "OnDelete"})],
        "passed",
        ("pods-outdated",),
        first=lambda ns: [workload("DaemonSet", ns, "agent", runs(), updateStrategy={"type": "OnDelete"})],
    ),
    "replica-set-without-its-image": Case(
        lambda ns: [workload("ReplicaSet", ns, "web", runs(image=NO_SUCH_IMAGE), replicas=2)],
        "failed",
        ("image-not-found",),
    ),
    "replica-set": Case(lambda ns: [workload("ReplicaSet", ns, "web", ready_after(3), replicas=2)], "passed"),
    "pod-without-its-image": Case(
        lambda ns: [pod(ns, "bare", runs(image=NO_SUCH_IMAGE))], "failed", ("image-not-found",), (NO_SUCH_IMAGE,)
    ),
    "pod-that-fails": Case(
        lambda ns: [pod(ns, "bare", runs("exit 3"), restartPolicy="Never")], "failed", ("pod-failed",), ("exit code 3",)
    ),
    "pod-that-completes": Case(lambda ns: [pod(ns, "bare", runs("sleep 1"), restartPolicy="Never")], "passed"),
    "pod": Case(lambda ns: [pod(ns, "bare", ready_after(5))], "passed"),
    "ready-long-after-its-probe-has-failed": Case(
        lambda ns: [deployment(ns, ready_after(25))],
        "passed",
        within=45,
    ),
    "ready-later-than-the-release-allows": Case(
        lambda ns: [deployment(ns, ready_after(40))],
        "failed",
        ("readiness-timeout",),
        ("Readiness probe failed",),
        within=25,
        options={"readiness_deadline": 8},
    ),
    "never-ready-until-the-progress-deadline": Case(
        lambda ns: [deployment(ns, ready_after(500), progressDeadlineSeconds=10)],
        "failed",
        ("readiness-timeout", "progress-deadline"),
        within=30,
    ),
    "container-that-exits-soon-after-it-runs": Case(
        lambda ns: [deployment(ns, runs("sleep 2; exit 7"))], "failed", ("crash-loop",), ("exit code 7",), within=60
    ),
    "job-removed-by-its-ttl": Case(
        lambda ns: [job(ns, "migrate", runs("echo done"), ttlSecondsAfterFinished=0), deployment(ns, ready_after(8))],
        "passed",
    ),
    "job-that-fails-and-is-removed-by-its-ttl": Case(
        lambda ns: [job(ns, "migrate", runs("exit 3"), ttlSecondsAfterFinished=0), deployment(ns, ready_after(8))],
        "failed",
        ("job-failed",),
    ),
    "suspended-job": Case(
        lambda ns: [job(ns, "later", runs("echo done"), suspend=True)], "passed", ("resource-suspended",)
    ),
    "job-whose-pod-is-unready": Case(
        lambda ns: [job(ns, "slow", runs("sleep 12", **PROBED))], "passed", within=30, options={"readiness_deadline": 3}
    ),
    "indexed-job": Case(
        lambda ns: [
            job(ns, "parts", runs("exit $JOB_COMPLETION_INDEX"), completionMode="Indexed", completions=2, parallelism=2)
        ],
        "failed",
        ("job-failed",),
    ),
    "job-with-a-success-policy": Case(
        lambda ns: [
            job(
                ns,
                "leader",
                runs("[ $JOB_COMPLETION_INDEX = 0 ] || sleep 3600"),
                completionMode="Indexed",
                completions=2,
                parallelism=2,
                successPolicy={"rules": [{"succeededIndexes": "0"}]},
            )
        ],
        "passed",
        within=60,
    ),
    "budget-over-nothing": Case(
        lambda ns: [deployment(ns, runs(), replicas=0), budget(ns, "web", minAvailable=1)],
        "passed",
        ("disruption-budget-unmet",),
    ),
    "stateful-set-on-delete": Case(
        lambda ns: stateful_set(ns, runs(), "2", updateStrategy={"type": "OnDelete"}),
        "passed",
        ("pods-outdated",),
        first=lambda ns: stateful_set(ns, runs(), updateStrategy={"type": "OnDelete"}),
    ),
    "stateful-set-with-a-partition": Case(
        lambda ns: stateful_set(ns, ready_after(1), "2", updateStrategy={"rollingUpdate": {"partition": 1}}),
        "passed",
        ("pods-outdated",),
        ("1 pod keeps",),
        first=lambda ns: stateful_set(ns, ready_after(1)),
    ),
    "stateful-set-that-is-scaled-down": Case(
        lambda ns: stateful_set(ns, ready_after(1), replicas=1),
        "passed",
        first=lambda ns: stateful_set(ns, ready_after(1)),
    ),
    "service-over-a-workload-of-no-pods": Case(
        lambda ns: [
            deployment(ns, runs(), replicas=0),
            workload("Deployment", ns, "blue", ready_after(1)),
            manifest("v1", "Service", "web", ns, spec={"selector": {"app": "web"}, "ports": [{"port": 80}]}),
        ],
        "passed",
        within=40,
    ),
    "claim-that-no-pod-uses": Case(
        lambda ns: [
            manifest(
                "v1",
                "PersistentVolumeClaim",
                "data",
                ns,
                spec={"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}},
            )
        ],
        "passed",
    ),
    "token-of-a-service-account": Case(
        lambda ns: [
            manifest("v1", "ServiceAccount", "bot", ns),
            {
                **manifest("v1", "Secret", "bot-token", ns, type="kubernetes.io/service-account-token"),
                "metadata": {
                    **manifest("v1", "Secret", "bot-token", ns)["metadata"],
                    "annotations": {"kubernetes.io/service-account.name": "bot"},
                },
            },
        ],
        "passed",
    ),
    "autoscaler-of-the-first-version": Case(
        lambda ns: [
            deployment(ns, runs(resources={"requests": {"cpu": "10m"}})),
            manifest(
                "autoscaling/v1",
                "HorizontalPodAutoscaler",
                "web",
                ns,
                spec={
                    "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
                    "maxReplicas": 2,
                    "targetCPUUtilizationPercentage": 80,
                },
            ),
        ],
        "passed",
        ("hpa-metrics-pending",),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_verdict_is_right(
    name: str, make_release: Releaser, namespace: str, record_property: t.Callable[[str, object], None]
) -> None:
    case = CASES[name]
    options = {"wait": True, "wait_timeout": 120, "auto_rollback": False, **case.options}
    if case.first:
        first = make_release(*case.first(namespace), **options).values
        assert first["verdict"] == "passed", first["msg"]
    begun = time.monotonic()
    made = make_release(*case.made(namespace), **options).values
    seconds = time.monotonic() - begun
    record_property("seconds", round(seconds, 2))
    found = [each["id"] for each in made["findings"]]
    assert (made["verdict"], tuple(found)) == (case.verdict, case.found), made["msg"]
    assert all(words in made["findings"][0]["message"] for words in case.says), made["findings"][0]["message"]
    assert seconds <= case.within, f"{seconds:.1f} s: {made['msg']}"


def judged(lab: dict[str, t.Any], namespace: str, **given: t.Any) -> Ending:
    """The verdict of the module `health` on what runs."""
    params = {**defaults(health), "kubeconfig": lab["kubeconfig"], "namespace": namespace, "progress": False, **given}
    return health.examine(Call(params))


def test_health_and_release_agree_about_a_release_that_has_just_passed(
    lab: dict[str, t.Any], make_release: Releaser, namespace: str
) -> None:
    made = make_release(deployment(namespace, runs()), wait=True)
    assert made.values["verdict"] == "passed", made.values["msg"]
    assert judged(lab, namespace).values["verdict"] == "passed"


def test_a_completed_job_is_not_run_again_and_is_no_drift(
    make_release: Releaser, history: Releaser, cluster: Cluster, namespace: str
) -> None:
    objects = [job(namespace, "migrate", runs("echo done"), ttlSecondsAfterFinished=0), deployment(namespace, runs())]
    first = make_release(*objects, wait=True)
    assert first.values["verdict"] == "passed", first.values["msg"]
    assert cluster.find("batch/v1", "Job", namespace, "migrate") is None
    again = make_release(*objects, wait=True)
    assert (again.values["changed"], again.values["verdict"]) == (False, "passed"), again.values["msg"]
    looked = history(drift=True).values
    assert (looked["verdict"], looked["findings"]) == ("passed", [])


def test_an_object_that_is_being_deleted_is_never_passed(
    lab: dict[str, t.Any], make_release: Releaser, cluster: Cluster, namespace: str
) -> None:
    held = manifest("v1", "ConfigMap", "settings", namespace, data={"a": "1"})
    held["metadata"]["finalizers"] = ["example.com/hold"]
    path = f"/api/v1/namespaces/{namespace}/configmaps/settings"
    assert make_release(held, wait=True).values["verdict"] == "passed"
    try:
        cluster.delete(path)
        again = make_release(held, wait=True, auto_rollback=False).values
        assert again["verdict"] == "failed", again["msg"]
        assert [each["id"] for each in again["findings"]] == ["object-terminating"]
        assert "held by its finalizers: example.com/hold" in again["msg"]
        assert [each["id"] for each in judged(lab, namespace).values["findings"]] == ["object-terminating"]
    finally:
        cluster.merge(path, {"metadata": {"finalizers": None}})


def test_a_rollback_gets_past_a_broken_pod_of_an_ordered_stateful_set(make_release: Releaser, namespace: str) -> None:
    good = stateful_set(namespace, ready_after(1))
    assert make_release(*good, wait=True).values["verdict"] == "passed"
    broken = make_release(*stateful_set(namespace, runs(image=NO_SUCH_IMAGE)), wait=True, wait_timeout=60).values
    assert (broken["verdict"], broken["findings"][0]["id"]) == ("failed", "image-not-found"), broken["msg"]
    assert broken["restored"]["verdict"] == "passed", broken["msg"]


def test_a_deploy_that_mends_gets_past_it_too(make_release: Releaser, namespace: str) -> None:
    broken = make_release(*stateful_set(namespace, runs(image=NO_SUCH_IMAGE)), wait=True, wait_timeout=60).values
    assert broken["verdict"] == "failed"
    mended = make_release(*stateful_set(namespace, ready_after(1), "2"), wait=True, wait_timeout=60).values
    assert mended["verdict"] == "passed", mended["msg"]


def test_a_paused_rollout_goes_on_as_its_finding_says(make_release: Releaser, cluster: Cluster, namespace: str) -> None:
    first, second = (workload("Deployment", namespace, "web", runs(), version) for version in ("1", "2"))
    assert make_release(first, wait=True).values["verdict"] == "passed"
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments/web"
    cluster.merge(path, {"spec": {"paused": True}})
    paused = make_release(second, wait=True, auto_rollback=False).values
    assert [each["id"] for each in paused["findings"]] == ["rollout-paused"], paused["msg"]
    cluster.merge(path, {"spec": {"paused": None}})
    assert make_release(second, wait=True).values["verdict"] == "passed"
