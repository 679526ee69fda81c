# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a release is observed, how narrowly, and what becomes facts."""

from __future__ import annotations

import contextlib
import dataclasses
import time
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster import watch
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import ApiError
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.errors import Unreachable
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.watch import Source
from ansible_collections.intelgraph.maestro.plugins.module_utils._health.observer import (
    Observer,
    Subject,
    essential_sources,
    helpful_sources,
)
from tests.unit.api_double import ApiDouble
from tests.unit.plugins.samples import (
    NAMESPACE,
    Manifest,
    autoscaler,
    config_map,
    deployment,
    manifest,
    namespace,
    secret,
    service,
)

PATIENCE = 20.0
"""Seconds that nothing takes, unless the machine has other things to do."""
OURS = "app.kubernetes.io/instance=maestro"


def subject(*manifests: Manifest) -> Subject:
    return Subject("maestro", NAMESPACE, manifests)


def kinds(sources: t.Iterable[Source]) -> set[str]:
    return {source.kind for source in sources}


def test_a_release_is_observed_with_all_that_it_owns() -> None:
    found = essential_sources(subject(namespace(), deployment(), service(), autoscaler(), config_map(), secret()))
    owned = {"ReplicaSet", "Pod", "EndpointSlice"}
    assert kinds(found) == {"Deployment", "Service", "HorizontalPodAutoscaler", *owned}
    assert len(found) == len(kinds(found)), "one list and one watch for each kind"


def test_only_what_is_the_releases_is_asked_for() -> None:
    sources = {source.kind: source for source in essential_sources(subject(deployment()))}
    assert sources["Deployment"] == Source("apps/v1", "Deployment", NAMESPACE, OURS)
    assert sources["Pod"] == Source("v1", "Pod", NAMESPACE, OURS)


def test_an_account_of_one_namespace_can_judge_what_the_roles_make() -> None:
    found = essential_sources(subject(namespace(), deployment(), service(), autoscaler(), config_map(), secret()))
    assert {source.namespace for source in found} == {NAMESPACE}


def test_an_object_outside_of_namespaces_is_observed_by_its_name() -> None:
    issuer = manifest("cert-manager.io/v1", "ClusterIssuer", "ca", namespace="")
    (source,) = essential_sources(subject(issuer))
    assert source == Source("cert-manager.io/v1", "ClusterIssuer", fields="metadata.name=ca")


def test_an_object_without_the_label_is_observed_too() -> None:
    bare = manifest("batch/v1", "Job", "migrate")
    bare["metadata"]["labels"] = {}
    found = {source.kind: source for source in essential_sources(subject(manifest("batch/v1", "Job", "seed"), bare))}
    assert found["Job"].selector == ""
    assert found["Pod"].selector == OURS


def test_an_object_in_another_namespace_is_observed_there() -> None:
    elsewhere = manifest("gateway.networking.k8s.io/v1", "Gateway", "public", namespace="gateways")
    assert Source("gateway.networking.k8s.io/v1", "Gateway", "gateways", OURS) in essential_sources(subject(elsewhere))


def test_claims_of_a_stateful_set_are_not_asked_for_twice() -> None:
    stateful, claim = manifest("apps/v1", "StatefulSet", "maestro"), manifest("v1", "PersistentVolumeClaim", "data")
    found = essential_sources(subject(stateful, claim))
    assert [source.kind for source in found].count("PersistentVolumeClaim") == 1


def test_claims_that_pods_bring_are_observed() -> None:
    brings = deployment()
    brings["spec"] = {"template": {"spec": {"volumes": [{"name": "data", "ephemeral": {"volumeClaimTemplate": {}}}]}}}
    found = {source.kind: source for source in essential_sources(subject(brings))}
    assert found["PersistentVolumeClaim"].selector == found["Pod"].selector
    assert "PersistentVolumeClaim" not in kinds(essential_sources(subject(deployment())))


def test_events_and_nodes_help_where_there_are_pods() -> None:
    assert kinds(helpful_sources(subject(deployment()))) == {"Event", "Namespace", "Node"}
    assert helpful_sources(subject(config_map())) == []


def test_the_requests_of_a_certificate_say_why_it_is_not_issued() -> None:
    certificate = manifest("cert-manager.io/v1", "Certificate", "maestro")
    assert kinds(helpful_sources(subject(certificate))) == {"CertificateRequest"}
    assert kinds(helpful_sources(subject(certificate, deployment()))) == {
        "CertificateRequest",
        "Event",
        "Namespace",
        "Node",
    }


def event(name: str, about: str, kind: str = "Warning", reason: str = "Failed") -> Manifest:
    about_object = {"kind": "Pod", "name": about, "namespace": NAMESPACE}
    return manifest("v1", "Event", name, involvedObject=about_object, type=kind, reason=reason)


@contextlib.contextmanager
def observed(cluster: ApiDouble, *manifests: Manifest) -> t.Iterator[Observer]:
    with Observer(cluster, subject(*manifests)) as observer:
        observer.informer.have_synced([*observer.essential, *observer.helpful], PATIENCE)
        yield observer


def soon(done: t.Callable[[], t.Any]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not done() and time.monotonic() < deadline:
        time.sleep(0.005)
    return bool(done())


@pytest.fixture
def cluster() -> ApiDouble:
    double = ApiDouble(NAMESPACE)
    double.put(deployment())
    return double


def test_facts_hold_what_was_observed_and_nothing_else(cluster: ApiDouble) -> None:
    with observed(cluster, deployment(), config_map()) as observer:
        facts = observer.facts({}, settle=3.0)
    assert set(facts.wanted) == {("Deployment", NAMESPACE, "maestro"), ("ConfigMap", NAMESPACE, "maestro-config")}
    assert facts.objects.keys() == {"Deployment", "ReplicaSet", "Pod", "Event", "Namespace", "Node"}
    assert facts.objects["Deployment"][0]["metadata"]["name"] == "maestro"
    assert (facts.stale, facts.settle, facts.begun) == (frozenset(), 3.0, 0.0)
    assert facts.now == pytest.approx(time.time(), abs=5)


def job(name: str, **spec: t.Any) -> Manifest:
    return manifest("batch/v1", "Job", name, spec=spec)


def test_a_job_that_removes_itself_is_only_wanted_while_the_release_is_made(cluster: ApiDouble) -> None:
    short, kept = job("short", ttlSecondsAfterFinished=0), job("kept")
    assert subject(short, kept).short_lived == {("Job", NAMESPACE, "short")}
    with observed(cluster, short, kept) as observer:
        assert observer.facts({}, 0.0).wanted == (("Job", NAMESPACE, "kept"),)
    cluster.put(short)
    with observed(cluster, short, kept) as observer:
        assert len(observer.facts({}, 0.0).wanted) == 2


def test_a_job_that_its_ttl_removed_is_held_as_it_ended(cluster: ApiDouble) -> None:
    ended = job("short", ttlSecondsAfterFinished=0)
    ended["status"] = {"conditions": [{"type": "Complete", "status": "True"}]}
    cluster.put(ended)
    making = dataclasses.replace(subject(deployment(), ended), begun=1.0)
    with Observer(cluster, making) as observer:
        observer.informer.have_synced(observer.essential, PATIENCE)
        going = {**ended, "metadata": {**ended["metadata"], "deletionTimestamp": "2026-11-30T10:00:00Z"}}
        cluster.put(going)
        assert soon(lambda: "deletionTimestamp" in observer.informer.objects("Job")[0]["metadata"])
        assert "deletionTimestamp" not in observer.facts({}, 0.0).objects["Job"][0]["metadata"]
        cluster.request("DELETE", f"/apis/batch/v1/namespaces/{NAMESPACE}/jobs/short")
        assert soon(lambda: not observer.informer.objects("Job"))
        assert [item["status"] for item in observer.facts({}, 0.0).objects["Job"]] == [ended["status"]]


def test_kinds_of_one_name_and_two_groups_are_two_kinds(cluster: ApiDouble) -> None:
    knative = manifest("serving.knative.dev/v1", "Service", "web", spec={})
    found = essential_sources(subject(service("web"), knative))
    assert {(source.api_version, source.kind) for source in found} == {
        ("v1", "Service"),
        ("discovery.k8s.io/v1", "EndpointSlice"),
        ("serving.knative.dev/v1", "Service"),
    }
    assert subject(service("web"), knative).identities == (
        ("Service", NAMESPACE, "web"),
        ("Service.serving.knative.dev", NAMESPACE, "web"),
    )


def test_pods_are_found_though_their_template_lacks_the_labels_of_the_release() -> None:
    bare = manifest("apps/v1", "DaemonSet", "agent", spec={"template": {"metadata": {"labels": {"app": "agent"}}}})
    sources = {source.kind: source for source in essential_sources(subject(bare))}
    assert {kind: source.selector for kind, source in sources.items()} == {
        "DaemonSet": OURS,
        "Pod": "",
        "ControllerRevision": "",
    }


def test_a_kind_that_nothing_is_known_of_may_make_pods() -> None:
    widget = manifest("example.com/v1", "Widget", "w", spec={})
    assert kinds(essential_sources(subject(widget))) == {"Widget"}
    assert kinds(helpful_sources(subject(widget))) == {"Pod"}


def test_an_autoscaler_of_the_first_version_is_read_by_the_second() -> None:
    old = manifest("autoscaling/v1", "HorizontalPodAutoscaler", "maestro", spec={})
    assert [source.api_version for source in essential_sources(subject(old))] == ["autoscaling/v2"]


def test_of_a_secret_only_a_token_that_is_to_come_is_watched() -> None:
    token = manifest("v1", "Secret", "token", type="kubernetes.io/service-account-token")
    assert essential_sources(subject(secret(), token)) == [
        Source("v1", "Secret", NAMESPACE, fields="metadata.name=token")
    ]


def test_only_telling_events_about_the_release_are_kept(cluster: ApiDouble) -> None:
    reported = (
        event("a", "maestro-7c1f-x"),
        event("b", "maestro", "Normal", "TriggeredScaleUp"),
        event("b2", "data-maestro-0", "Normal", "ExternalProvisioning"),
    )
    for item in (
        *reported,
        event("c", "other-1"),
        event("d", "maestro-7c1f-x", "Normal", "Scheduled"),
        event("e", "maestroid"),
    ):
        cluster.put(item)
    with observed(cluster, deployment()) as observer:
        assert [item["metadata"]["name"] for item in observer.facts({}, 0).objects["Event"]] == ["a", "b", "b2"]


def test_what_is_deleted_meanwhile_is_gone(cluster: ApiDouble) -> None:
    with observed(cluster, deployment()) as observer:
        cluster.request("DELETE", f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/maestro")
        assert soon(lambda: observer.facts({}, 0).objects["Deployment"] == ())


def test_a_kind_whose_watch_is_interrupted_is_stale_with_the_reason(cluster: ApiDouble) -> None:
    with observed(cluster, deployment()) as observer:
        cluster.fail("GET", "/pods", Unreachable("it is away"))
        cluster.fail("WATCH", "/pods", Unreachable("it is away"))
        assert soon(lambda: "Pod" in observer.facts({}, 0).stale)
        assert [(source.kind, str(error)) for source, error in observer.interrupted().items()] == [
            ("Pod", "it is away")
        ]
        cluster.mend()
        assert soon(lambda: not observer.facts({}, 0).stale)
        assert observer.interrupted() == {}


def test_what_may_not_be_read_is_no_fact_and_is_told(cluster: ApiDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "FIRST_PATIENCE", 0.0)
    for path in ("/pods", "/nodes"):
        cluster.fail("GET", path, ApiError(403, "Forbidden", f"you may not list {path}"))
    with observed(cluster, deployment()) as observer:
        assert not {"Pod", "Node"} & observer.facts({}, 0).objects.keys()
        assert kinds(observer.refused(observer.essential)) == {"Pod"}
        assert kinds(observer.refused(observer.helpful)) == {"Node"}
        assert observer.interrupted() == {}, "a refusal is no interruption"
