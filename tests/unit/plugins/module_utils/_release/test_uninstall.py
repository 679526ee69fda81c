# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release is taken away; its data and secrets go only when told to."""

from __future__ import annotations

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import ApiError
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.deploy import ReleaseFailed, deploy
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.objects.assembly import assemble
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.objects.ownership import MANAGER
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.record.history import INTERRUPTED, History
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.session import ReleaseOptions
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.uninstall import remove
from tests.unit.api_double import ApiDouble
from tests.unit.plugins.module_utils._release.releasing import TwoVersions, autoscaled
from tests.unit.plugins.samples import (
    LABELS,
    NAMESPACE,
    Manifest,
    autoscaler,
    base64_of,
    claim,
    config_map,
    deployment,
    manifest,
    namespace,
    secret,
    service,
)
from tests.unit.rendering import only

WISH = ReleaseOptions("maestro", NAMESPACE, timeout=0.3)
RELEASE: list[Manifest] = [
    namespace(),
    claim(),
    {**secret(), "stringData": None, "data": {"TOKEN": base64_of("hunter2")}},
    config_map(),
    deployment(),
    autoscaler(),
    service(),
    manifest("storage.k8s.io/v1", "StorageClass", "gp3", namespace=""),
]


@pytest.fixture
def cluster() -> ApiDouble:
    """A cluster with one release."""
    double = ApiDouble()
    deploy(double, assemble({"all": RELEASE}, {}), WISH)
    double.writes.clear()
    return double


def kinds(cluster: ApiDouble) -> set[str]:
    return {item["kind"] for item in cluster.store.values()}


def test_data_and_secrets_stay(cluster: ApiDouble) -> None:
    outcome = remove(cluster, WISH)
    assert kinds(cluster) == {"Namespace", "PersistentVolumeClaim", "Secret"}
    assert outcome.changed
    assert outcome.message.startswith("maestro was removed. Kept: ")
    assert "PersistentVolumeClaim maestro-system/maestro-data" in outcome.message


@pytest.mark.parametrize("with_data", [True, False])
def test_a_definition_stays_whose_objects_may_be_anybodys(with_data: bool) -> None:
    definition = manifest("apiextensions.k8s.io/v1", "CustomResourceDefinition", "widgets.example.org", namespace="")
    definition["status"] = {"conditions": [{"type": "Established", "status": "True"}]}
    cluster = ApiDouble()
    deploy(cluster, assemble({"all": [*RELEASE, definition]}, {}), WISH)
    outcome = remove(cluster, WISH, with_data=with_data)
    assert "CustomResourceDefinition" in kinds(cluster)
    assert "CustomResourceDefinition widgets.example.org" in outcome.message


def test_an_object_that_was_had_in_two_versions_is_removed_once() -> None:
    cluster = TwoVersions()
    for version in ("v1", "v2"):
        deploy(cluster, autoscaled(version), WISH)
    outcome = remove(cluster, WISH)
    scalers = [step.key.name for step in outcome.plan.steps if step.key.kind == "HorizontalPodAutoscaler"]
    assert sorted(scalers) == ["maestro", "other"]
    assert kinds(cluster) == {"Namespace", "Secret"}


def test_what_a_killed_run_left_beside_its_record_goes_too(cluster: ApiDouble) -> None:
    history = History(cluster, NAMESPACE, "maestro").read()
    history.end(history.begin([service()], {"run": "killed"}), INTERRUPTED, {})
    cluster.apply(service("stray"), MANAGER)
    cluster.put(service("foreign"))
    remove(cluster, WISH)
    assert cluster.names("services") == ["foreign"]


def test_a_second_removal_has_nothing_to_do(cluster: ApiDouble) -> None:
    remove(cluster, WISH)
    cluster.writes.clear()
    outcome = remove(cluster, WISH)
    assert not outcome.changed
    assert outcome.message == "There is no maestro."
    assert cluster.writes == []


def test_with_data_nothing_stays(cluster: ApiDouble) -> None:
    remove(cluster, WISH, with_data=True)
    assert list(cluster.store) == ["/api/v1/namespaces/kube-system"]


def test_data_that_an_earlier_removal_kept_can_go_later(cluster: ApiDouble) -> None:
    remove(cluster, WISH)
    assert remove(cluster, WISH, with_data=True).changed
    assert list(cluster.store) == ["/api/v1/namespaces/kube-system"]


def test_a_claim_that_a_stateful_set_made_goes_with_the_data(cluster: ApiDouble) -> None:
    made = claim("maestro-data-maestro-0")
    made["metadata"]["labels"] = {"app.kubernetes.io/instance": "maestro"}
    cluster.put(made)
    remove(cluster, WISH)
    assert "maestro-data-maestro-0" in cluster.names("persistentvolumeclaims")
    remove(cluster, WISH, with_data=True)
    assert cluster.names("persistentvolumeclaims") == []


def test_check_mode_changes_nothing_but_tells(cluster: ApiDouble) -> None:
    before = cluster.versions()
    outcome = remove(cluster, WISH, with_data=True, check=True)
    assert outcome.changed
    assert cluster.versions() == before
    assert outcome.message == "Removal of maestro (not made, check mode): 8 to remove."


def test_what_others_took_over_stays(cluster: ApiDouble) -> None:
    taken = service()
    taken["metadata"]["labels"] = {**LABELS, "app.kubernetes.io/instance": "other"}
    cluster.put(taken)
    remove(cluster, WISH)
    assert cluster.names("services") == ["maestro"]


def test_a_namespace_with_another_release_stays(cluster: ApiDouble) -> None:
    other = service("other")
    other["metadata"]["labels"]["app.kubernetes.io/instance"] = "other"
    deploy(cluster, assemble({"all": [other]}, {}), ReleaseOptions("other", NAMESPACE))
    outcome = remove(cluster, WISH, with_data=True)
    assert cluster.names("services") == ["other"]
    assert "Kept: Namespace maestro-system" in outcome.message
    assert only(History(cluster, NAMESPACE, "other").read().records).number == 1


def test_traffic_goes_before_the_pods_and_the_namespace_last(cluster: ApiDouble) -> None:
    remove(cluster, WISH, with_data=True)
    deleted = [path.split("/")[0] for dummy, path in cluster.writes]
    order = ["deployments", "persistentvolumeclaims", "storageclasses", "namespaces"]
    assert [kind for kind in deleted if kind in order] == order


def test_the_history_goes_only_after_the_pods(cluster: ApiDouble) -> None:
    cluster.put(manifest("v1", "Pod", "maestro-x"))
    with pytest.raises(ReleaseFailed) as caught:
        remove(cluster, WISH)
    assert only(caught.value.outcome.findings).object == "Pod maestro-system/maestro-x"
    assert caught.value.outcome.verdict == "failed"
    assert History(cluster, NAMESPACE, "maestro").read().records, "a later removal knows what is left"
    cluster.delete(f"/api/v1/namespaces/{NAMESPACE}/pods/maestro-x")
    remove(cluster, WISH)
    assert History(cluster, NAMESPACE, "maestro").read().records == []


def test_a_removal_that_stops_half_way_is_mended_by_the_next(cluster: ApiDouble) -> None:
    cluster.fail("DELETE", "/configmaps/", ApiError(500, "InternalError", "etcd is away"), times=1)
    with pytest.raises(ApiError):
        remove(cluster, WISH)
    remove(cluster, WISH)
    assert kinds(cluster) == {"Namespace", "PersistentVolumeClaim", "Secret"}


def test_settings_of_all_remembered_releases_go(cluster: ApiDouble) -> None:
    newer = [config_map(a="new") if item["kind"] == "ConfigMap" else item for item in RELEASE]
    deploy(cluster, assemble({"all": newer}, {}), WISH)
    assert len(cluster.names("configmaps")) == 2
    remove(cluster, WISH)
    assert cluster.names("configmaps") == []


def test_a_release_that_never_was_needs_no_removal() -> None:
    cluster = ApiDouble()
    assert not remove(cluster, WISH, with_data=True).changed
    foreign = {**namespace(), "metadata": {"name": NAMESPACE, "labels": {}}}
    cluster.put(foreign)
    assert not remove(cluster, WISH, with_data=True).changed
    assert MANAGER not in str(cluster.owners)


def test_an_object_that_a_finalizer_holds_is_not_told_to_be_gone(cluster: ApiDouble) -> None:
    held = cluster.live("services/maestro")
    assert held
    held["metadata"]["finalizers"] = ["example.org/hold"]
    with pytest.raises(ReleaseFailed) as caught:
        remove(cluster, WISH)
    finding = only(caught.value.outcome.findings)
    assert (finding.id, finding.object) == ("deletion-stuck", "Service maestro-system/maestro")
    assert "held by example.org/hold" in finding.message
    assert History(cluster, NAMESPACE, "maestro").read().records, "a later removal knows what is left"


def put_foreign(cluster: ApiDouble, *names: str) -> None:
    for name in names:
        foreign = config_map(name)
        foreign["metadata"]["labels"] = {}
        cluster.put(foreign)


def test_a_namespace_that_holds_objects_of_others_stays_and_is_told_with_their_number(cluster: ApiDouble) -> None:
    put_foreign(cluster, "kube-root-ca.crt", "theirs", "theirs-too")
    planned = remove(cluster, WISH, with_data=True, check=True)
    words = "Namespace maestro-system (it holds 2 objects of others: ConfigMap/theirs, ConfigMap/theirs-too)"
    assert f"Kept: {words}" in planned.message
    done = remove(cluster, WISH, with_data=True)
    assert f"Kept: {words}" in done.message
    assert cluster.names("namespaces") == ["kube-system", NAMESPACE]
    assert "theirs" in cluster.names("configmaps")
    assert cluster.names("secrets") == [], "what is the release's goes all the same"


def test_what_an_owner_brings_along_is_nobody_elses(cluster: ApiDouble) -> None:
    owned = config_map("cache")
    owned["metadata"] |= {"labels": {}, "ownerReferences": [{"kind": "Deployment", "name": "maestro", "uid": "1"}]}
    cluster.put(owned)
    remove(cluster, WISH, with_data=True)
    assert list(cluster.store) == ["/api/v1/namespaces/kube-system"]


def test_a_namespace_that_was_there_before_the_release_stays() -> None:
    cluster = ApiDouble(NAMESPACE)
    deploy(cluster, assemble({"all": RELEASE}, {}), WISH)
    outcome = remove(cluster, WISH, with_data=True)
    assert "Kept: Namespace maestro-system (the release did not create it)" in outcome.message
    assert kinds(cluster) == {"Namespace"}


def test_a_namespace_of_which_not_all_may_be_listed_stays(cluster: ApiDouble) -> None:
    cluster.fail("GET", "/services?", ApiError(403, "Forbidden", "no"))
    outcome = remove(cluster, WISH, with_data=True, check=True)
    assert "nobody knows what else it holds: Service may not be listed" in outcome.message


def test_what_others_took_over_is_told(cluster: ApiDouble) -> None:
    taken = service()
    taken["metadata"]["labels"] = {**LABELS, "app.kubernetes.io/instance": "other"}
    cluster.put(taken)
    assert "Service maestro-system/maestro (it belongs to somebody else by now)" in remove(cluster, WISH).message


def test_a_namespace_that_stays_says_why_in_its_own_words(cluster: ApiDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    dead = "Discovery failed for some groups, 1 failing: metrics.k8s.io/v1beta1: stale GroupVersion discovery"
    live = cluster.live(f"namespaces/{NAMESPACE}")
    assert live
    live["status"] = {"conditions": [{"type": "NamespaceDeletionDiscoveryFailure", "status": "True", "message": dead}]}
    delete = cluster.delete
    monkeypatch.setattr(
        cluster, "delete", lambda path, *more: None if path.endswith(f"namespaces/{NAMESPACE}") else delete(path, *more)
    )
    with pytest.raises(ReleaseFailed) as caught:
        remove(cluster, WISH, with_data=True)
    assert f"NamespaceDeletionDiscoveryFailure: {dead}" in str(caught.value)
    assert "kubectl delete apiservice v1beta1.metrics.k8s.io" in str(caught.value)
