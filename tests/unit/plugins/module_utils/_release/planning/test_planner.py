# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster says what each manifest would become; nothing is written for it."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import ApiError, Unreachable
from ansible_collections.intelgraph.maestro.plugins.module_utils._objects.manifest import Key, key_of
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.objects.ownership import (
    MANAGER,
    ReleaseName,
    at_home,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.planning.plan import (
    ADOPT,
    CHANGE,
    CREATE,
    KEEP,
    PRUNE,
    REPLACE,
    Plan,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.planning.planner import (
    Former,
    Refused,
    make_plan,
)
from tests.unit.api_double import ApiDouble
from tests.unit.plugins.module_utils._release.releasing import TwoVersions
from tests.unit.plugins.samples import (
    NAMESPACE,
    Manifest,
    autoscaler,
    claim,
    config_map,
    deployment,
    manifest,
    namespace,
    service,
)
from tests.unit.rendering import only

RELEASE = ReleaseName("maestro", NAMESPACE)


def planned(cluster: ApiDouble, *manifests: Manifest, previous: t.Iterable[Key] = (), takeover: bool = False) -> Plan:
    return make_plan(cluster, manifests, Former(frozenset(previous)), RELEASE, takeover)


def actions(plan: Plan) -> dict[str, str]:
    return {step.key.name: step.action for step in plan.steps}


def test_each_manifest_is_created_changed_or_kept() -> None:
    cluster = ApiDouble(NAMESPACE)
    for there in (service("kept"), service("changed")):
        cluster.apply(there, MANAGER)
    before = cluster.versions()
    plan = planned(cluster, service("new"), service("kept"), service("changed", type="NodePort"))
    assert actions(plan) == {"new": CREATE, "kept": KEEP, "changed": CHANGE}
    assert cluster.versions() == before


def test_what_is_settled_for_sure_is_listed_and_not_asked_about() -> None:
    cluster = ApiDouble(NAMESPACE)
    several = [service(name) for name in "abcde"]
    for there in several:
        cluster.apply(there, MANAGER)
    cluster.fail("PATCH", "", ApiError(500, "Unasked", "nobody should ask"))
    before = cluster.requests
    assert set(actions(planned(cluster, *several)).values()) == {KEEP}
    assert cluster.requests - before == 2, "the namespace and a list"


def test_what_may_not_be_listed_is_asked_about() -> None:
    cluster = ApiDouble(NAMESPACE)
    for there in (service("a"), service("b", type="NodePort")):
        cluster.apply(there, MANAGER)
    cluster.fail("GET", "/services?", ApiError(403, "Forbidden", "no"))
    assert actions(planned(cluster, service("a"), service("b"), service("c"))) == {"a": KEEP, "b": CHANGE, "c": CREATE}


def test_a_field_that_is_no_longer_declared_is_a_change() -> None:
    cluster = ApiDouble(NAMESPACE)
    cluster.apply(service(type="NodePort"), MANAGER)
    step = only(planned(cluster, service()).steps)
    assert step.fields() == [{"field": "spec.type", "before": "NodePort", "after": None}]


def test_what_others_own_beside_it_is_no_change() -> None:
    cluster = ApiDouble(NAMESPACE)
    cluster.apply(deployment(replicas=None), MANAGER)
    cluster.apply(manifest("apps/v1", "Deployment", "maestro", spec={"replicas": 7}), "autoscaler", force=True)
    assert actions(planned(cluster, deployment(replicas=None))) == {"maestro": KEEP}


def test_a_controller_that_writes_between_the_questions_makes_no_change(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = ApiDouble(NAMESPACE)
    cluster.apply(deployment(replicas=None), MANAGER)
    find = cluster.find

    def overtaken(*key: str) -> Manifest | None:
        live = find(*key)
        if key[1] == "Deployment":
            monkeypatch.undo()
            cluster.put(manifest("apps/v1", "Deployment", "maestro", spec={"replicas": 7}), "autoscaler")
        return live

    monkeypatch.setattr(cluster, "find", overtaken)
    assert actions(planned(cluster, deployment(replicas=None))) == {"maestro": KEEP}


def test_the_server_is_not_asked_about_a_namespace_that_is_to_come() -> None:
    cluster = ApiDouble()
    plan = planned(cluster, namespace(), service())
    assert [(step.action, step.asked) for step in plan.steps] == [(CREATE, True), (CREATE, False)]
    assert "namespace maestro-system does not exist yet" in plan.steps[1].note


def test_everything_that_the_server_refuses_is_told_at_once() -> None:
    cluster = ApiDouble(NAMESPACE)
    cluster.fail("PATCH", "/services/", ApiError(422, "Invalid", "spec.ports: too many"))
    cluster.fail("PATCH", "/deployments/", ApiError(403, "Forbidden", "a policy forbids it"))
    with pytest.raises(Refused) as caught:
        planned(cluster, service(), deployment(), config_map())
    assert str(caught.value).splitlines()[1:] == [
        "- Service maestro-system/maestro: spec.ports: too many",
        "- Deployment maestro-system/maestro: a policy forbids it",
    ]


def test_a_field_of_another_manager_is_refused_naming_it() -> None:
    cluster = ApiDouble(NAMESPACE)
    cluster.put(service(type="NodePort"), "kubectl-edit")
    with pytest.raises(Refused, match=r'\.spec\.type: conflict with "kubectl-edit"') as caught:
        planned(cluster, service(type="ClusterIP"))
    assert only(caught.value.findings).id == "field-conflict"
    assert "Set takeover" in caught.value.next_step
    assert "Service maestro-system/maestro" in str(caught.value)
    taken = only(planned(cluster, service(type="ClusterIP"), takeover=True).steps)
    assert (taken.action, taken.force) == (ADOPT, True)
    assert taken.taken == ('.spec.type: conflict with "kubectl-edit"',)


def widget() -> Manifest:
    return manifest("example.org/v1", "Widget", "w")


def test_a_kind_that_the_cluster_does_not_serve_is_refused_by_name_and_planned_without_asking() -> None:
    with pytest.raises(Refused, match=r"does not serve kind Widget in example\.org/v1") as caught:
        planned(ApiDouble(NAMESPACE), widget(), service())
    assert only(caught.value.findings).id == "kind-not-served"
    assert [(step.action, step.asked) for step in caught.value.plan.steps] == [(CREATE, False), (CREATE, True)]


def test_a_kind_that_the_release_itself_defines_is_not_refused() -> None:
    spec = {"group": "example.org", "names": {"kind": "Widget"}}
    definition = manifest("apiextensions.k8s.io/v1", "CustomResourceDefinition", "widgets.example.org", "", spec=spec)
    step = planned(ApiDouble(NAMESPACE), definition, widget()).steps[1]
    assert (step.action, step.asked) == (CREATE, False)
    assert "this release brings the definition" in step.note


def binding(role: str) -> Manifest:
    return manifest("rbac.authorization.k8s.io/v1", "RoleBinding", "maestro", roleRef={"kind": "Role", "name": role})


def fixed(cluster: ApiDouble, *there: Manifest) -> ApiDouble:
    """The cluster with these objects, of which no field can be changed."""
    for item in there:
        cluster.apply(item, MANAGER)
        cluster.fail(
            "PATCH", f"{cluster.path_of(item)}?", ApiError(422, "Invalid", "cannot change roleRef", ["roleRef: fixed"])
        )
    return cluster


def test_a_field_that_cannot_be_changed_replaces_the_object_where_that_is_safe() -> None:
    cluster = fixed(ApiDouble(NAMESPACE), binding("old"))
    step = only(planned(cluster, binding("new")).steps)
    assert step.action == REPLACE
    assert step.fields() == [{"field": "roleRef.name", "before": "old", "after": "new"}]
    assert step.note == "deleted and created anew: cannot change roleRef"


def test_a_field_that_cannot_be_changed_is_refused_where_the_object_holds_or_runs_something() -> None:
    cluster = fixed(ApiDouble(NAMESPACE), deployment())
    with pytest.raises(Refused, match="deleting a Deployment would lose what it holds or runs") as caught:
        planned(cluster, deployment(replicas=4))
    assert only(caught.value.findings).id == "field-immutable"


def test_an_object_of_somebody_else_is_not_replaced() -> None:
    theirs = binding("old")
    del theirs["metadata"]["labels"]
    cluster = fixed(ApiDouble(NAMESPACE), theirs)
    with pytest.raises(Refused, match="It is not replaced, because the object belongs to"):
        planned(cluster, binding("new"))


def test_an_object_that_would_be_refused_under_any_name_is_not_replaced() -> None:
    cluster = fixed(ApiDouble(NAMESPACE), binding("old"))
    cluster.fail("PATCH", "/maestro-new?", ApiError(422, "Invalid", "roleRef is wrong"))
    with pytest.raises(Refused) as caught:
        planned(cluster, binding("new"))
    assert only(caught.value.findings).id == "refused-by-server"


def test_new_settings_are_compared_with_those_of_the_last_release() -> None:
    cluster = ApiDouble(NAMESPACE)
    cluster.apply(config_map("maestro-config-1", a="old"), MANAGER)
    previous = Former(settings=frozenset({key_of(config_map("maestro-config-1"))}))
    step = only(make_plan(cluster, [config_map("maestro-config-2", a="new")], previous, RELEASE).steps)
    assert step.action == CREATE
    assert step.fields() == [{"field": "data.a", "before": "old", "after": "new"}]


def test_a_cluster_that_does_not_answer_is_no_refusal() -> None:
    cluster = ApiDouble(NAMESPACE)
    cluster.fail("GET", "/services/", Unreachable("gone"))
    with pytest.raises(Unreachable):
        planned(cluster, service())


def test_what_only_former_releases_had_is_pruned() -> None:
    cluster = ApiDouble(NAMESPACE)
    for there in (service(), service("old"), claim()):
        cluster.apply(there, MANAGER)
    previous = [key_of(item) for item in (service(), service("old"), service("gone"), claim())]
    plan = planned(cluster, service(), previous=previous)
    assert actions(plan) == {"maestro": KEEP, "old": PRUNE, "maestro-data": KEEP}
    assert plan.steps[0].key.name == "maestro", "prunes come last"


@pytest.mark.parametrize(
    "labels",
    [
        {},
        {"app.kubernetes.io/managed-by": "Helm", "app.kubernetes.io/instance": "maestro"},
        {"app.kubernetes.io/managed-by": MANAGER, "app.kubernetes.io/instance": "other"},
    ],
)
def test_what_is_not_ours_any_more_is_not_pruned(labels: dict[str, str]) -> None:
    cluster = ApiDouble(NAMESPACE)
    theirs = service("theirs")
    theirs["metadata"]["labels"] = labels
    cluster.put(theirs)
    assert planned(cluster, previous=[key_of(theirs)]).steps == ()


@pytest.mark.parametrize(("previous", "wanted"), [("v1", "v2"), ("v2", "v1")])
def test_an_object_in_another_version_of_its_api_is_the_same_object(previous: str, wanted: str) -> None:
    cluster = TwoVersions(NAMESPACE)
    cluster.apply(autoscaler(), MANAGER)
    one, other = ({**autoscaler(), "apiVersion": f"autoscaling/{version}"} for version in (wanted, previous))
    plan = planned(cluster, one, previous=[key_of(other)])
    assert [step.action for step in plan.steps] == [KEEP]


def test_an_object_that_was_had_in_two_versions_is_pruned_once() -> None:
    cluster = TwoVersions(NAMESPACE)
    cluster.apply(autoscaler(), MANAGER)
    previous = [key_of({**autoscaler(), "apiVersion": f"autoscaling/{version}"}) for version in ("v1", "v2")]
    assert only(planned(cluster, previous=previous).steps).action == PRUNE


def test_an_object_is_kept_in_a_version_that_only_the_release_brings() -> None:
    cluster = TwoVersions(NAMESPACE)
    cluster.apply(autoscaler(), MANAGER)
    spec = {"group": "autoscaling", "names": {"kind": "HorizontalPodAutoscaler"}}
    definition = manifest("apiextensions.k8s.io/v1", "CustomResourceDefinition", "scalers", "", spec=spec)
    coming = {**autoscaler(), "apiVersion": "autoscaling/v3"}
    plan = planned(cluster, definition, coming, previous=[key_of(autoscaler())])
    assert [(step.key.api_version, step.action) for step in plan.steps[1:]] == [("autoscaling/v3", CREATE)]


def storage_class(**fields: t.Any) -> Manifest:
    return manifest("storage.k8s.io/v1", "StorageClass", "gp3-encrypted", namespace="", **fields)


BESIDE = ReleaseName("maestro", "maestro-staging")


def made_by(release: ReleaseName, cluster: ApiDouble, *manifests: Manifest) -> None:
    for each in at_home(manifests, release.namespace):
        cluster.put(each, MANAGER)


def test_what_the_release_of_another_namespace_made_is_not_taken_from_it_unasked() -> None:
    cluster = ApiDouble(NAMESPACE)
    made_by(BESIDE, cluster, storage_class())
    mine = at_home([storage_class()], NAMESPACE)
    with pytest.raises(Refused) as refused:
        make_plan(cluster, mine, Former(), RELEASE)
    finding = only(refused.value.findings)
    assert (finding.id, finding.object) == ("field-conflict", "StorageClass gp3-encrypted")
    assert "belongs to release maestro in maestro-staging" in finding.message
    assert only(make_plan(cluster, mine, Former(), RELEASE, takeover=True).steps).action == "change"


def test_what_the_release_of_another_namespace_made_is_neither_pruned_nor_replaced() -> None:
    cluster = ApiDouble(NAMESPACE)
    made_by(BESIDE, cluster, storage_class())
    assert make_plan(cluster, [], Former(frozenset({key_of(storage_class())})), RELEASE).steps == ()
    cluster.fail("PATCH", "/gp3-encrypted?", ApiError(422, "Invalid", "parameters: field is immutable"))
    with pytest.raises(Refused):
        make_plan(cluster, at_home([storage_class(parameters={"type": "io2"})], NAMESPACE), Former(), RELEASE)


def test_what_this_release_made_stays_its_own() -> None:
    cluster = ApiDouble(NAMESPACE)
    made_by(RELEASE, cluster, storage_class())
    mine = at_home([storage_class()], NAMESPACE)
    assert only(make_plan(cluster, mine, Former(), RELEASE).steps).action == "keep"
    assert only(make_plan(cluster, [], Former(frozenset({key_of(storage_class())})), RELEASE).steps).action == "prune"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (manifest("v1", "ConfigMap", "c", namespace=""), "ConfigMap c: it has no metadata.namespace"),
        (manifest("v1", "Namespace", "n", namespace="x"), "Namespace x/n: it has the metadata.namespace x"),
    ],
)
def test_an_object_in_no_or_a_needless_namespace_is_named(wrong: Manifest, words: str) -> None:
    cluster = ApiDouble(NAMESPACE)
    with pytest.raises(Refused, match=words) as caught:
        planned(cluster, wrong, service())
    assert only(caught.value.findings).id == "manifest-invalid"
    assert only(caught.value.plan.steps).key.kind == "Service"
