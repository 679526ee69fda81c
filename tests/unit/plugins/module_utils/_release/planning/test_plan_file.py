# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""An approved plan is carried out exactly or not at all."""

from __future__ import annotations

import base64
import copy
import dataclasses
import json
import pathlib
import typing as t

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.intelgraph.maestro.plugins.module_utils._objects.manifest import key_of
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.objects.ownership import MANAGER, ReleaseName
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.planning.plan import CREATE, Plan, Step
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.planning.plan_file import (
    PlanContext,
    PlanOutdated,
    PlanUnreadable,
    decode,
    encode,
    require_same,
    saved_plan,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.planning.plan_store import (
    PlanUnwritable,
    load,
    save,
)
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.planning.planner import Former, make_plan
from tests.unit.api_double import ApiDouble
from tests.unit.full_disk import full_disk
from tests.unit.plugins.samples import NAMESPACE, Manifest, base64_of, claim, deployment, manifest, secret, service

RELEASE = ReleaseName("maestro", NAMESPACE)

HERE = PlanContext("maestro", NAMESPACE, "uid-1", 3)
SALT = "5a17"


def config(data: Manifest) -> Manifest:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": NAMESPACE}, "data": data}


PLAN = Plan((Step(key_of(service()), CREATE, service(), None, service()),))
WHOLE = saved_plan(PLAN, HERE, SALT)


@pytest.fixture
def cluster() -> ApiDouble:
    """A cluster with what an earlier release left."""
    double = ApiDouble(NAMESPACE)
    for there in (service(), service("old"), deployment(replicas=None), held("hunter1")):
        double.apply(there, MANAGER)
    return double


def held(value: str) -> Manifest:
    plain = {field: part for field, part in secret("s", immutable=False).items() if field != "stringData"}
    return {**plain, "data": {"TOKEN": base64_of(value)}}


def planned(cluster: ApiDouble, *more: Manifest, kind: str = "NodePort", value: str = "hunter2") -> Plan:
    manifests = [service(type=kind), deployment(replicas=None), held(value), *more]
    return make_plan(cluster, manifests, Former(frozenset({key_of(service("old"))})), RELEASE)


def saved(cluster: ApiDouble) -> dict[str, t.Any]:
    """The plan as it comes back from a file or a variable."""
    return decode(encode(saved_plan(planned(cluster), HERE, SALT)))


def outdated(approved: dict[str, t.Any], plan: Plan, context: PlanContext = HERE) -> list[str]:
    with pytest.raises(PlanOutdated) as caught:
        require_same(approved, plan, context)
    return str(caught.value).splitlines()[1:]


def edit(cluster: ApiDouble, kind: str, **spec: t.Any) -> None:
    cluster.put(manifest("apps/v1" if kind == "Deployment" else "v1", kind, "maestro", spec=spec), "kubectl-edit")


def test_the_same_plan_is_carried_out(cluster: ApiDouble) -> None:
    require_same(saved(cluster), planned(cluster), HERE)


def test_replicas_status_and_fields_of_others_may_change_meanwhile(cluster: ApiDouble) -> None:
    approved = saved(cluster)
    edit(cluster, "Deployment", replicas=7, paused=True)
    require_same(approved, planned(cluster), HERE)


def test_another_manifest_is_named_with_its_field(cluster: ApiDouble) -> None:
    assert outdated(saved(cluster), planned(cluster, kind="LoadBalancer")) == [
        "- Service maestro-system/maestro: the inventory declares it otherwise since: spec.type"
    ]


def test_another_secret_value_is_named_by_its_key_and_not_shown(cluster: ApiDouble) -> None:
    lines = outdated(saved(cluster), planned(cluster, value="hunter3"))
    assert lines == ["- Secret maestro-system/s: the inventory declares it otherwise since: data.TOKEN"]


def test_a_live_object_that_somebody_changed_is_named_with_its_field_and_manager(cluster: ApiDouble) -> None:
    approved = saved(cluster)
    live = cluster.live("deployments/maestro")
    assert live
    image = copy.deepcopy(live["spec"]["template"])
    image["spec"]["containers"][0]["image"] = "evil:1"
    edit(cluster, "Deployment", template=image)
    plan = make_plan(
        cluster,
        [service(type="NodePort"), deployment(replicas=None), held("hunter2")],
        Former(frozenset({key_of(service("old"))})),
        RELEASE,
        takeover=True,
    )
    lines = outdated(approved, plan)
    assert "- Deployment maestro-system/maestro: it was to be kept, and would be changed now" in lines
    assert any("somebody changed it since: spec.template.spec.containers[maestro].image" in line for line in lines)
    assert any("is managed by kubectl-edit now" in line for line in lines)


def test_objects_that_came_and_went_are_named(cluster: ApiDouble) -> None:
    approved = saved(cluster)
    cluster.delete(cluster.path(*key_of(service("old"))))
    assert outdated(approved, planned(cluster, claim())) == [
        "- Service maestro-system/old: it was to be removed, and is neither declared nor there now",
        "- PersistentVolumeClaim maestro-system/maestro-data: it is not in the plan, and would be created now",
    ]


def test_a_release_in_between_is_named(cluster: ApiDouble) -> None:
    lines = outdated(saved(cluster), planned(cluster), dataclasses.replace(HERE, base=4))
    assert lines == ["- it follows release 3, and the last release is 4 now"]


@pytest.mark.parametrize(("field", "words"), [("cluster", "UID uid-1"), ("namespace", NAMESPACE), ("name", "maestro")])
def test_a_plan_for_another_place_says_only_that(field: str, words: str, cluster: ApiDouble) -> None:
    elsewhere = dataclasses.replace(HERE, **{field: "other"})
    line = outdated(saved(cluster), planned(cluster, kind="LoadBalancer"), elsewhere)
    assert len(line) == 1
    assert words in line[0]


def test_no_secret_value_is_in_a_plan(cluster: ApiDouble) -> None:
    text = json.dumps(saved(cluster))
    assert not [word for word in ("hunter1", "hunter2") if word in text or base64_of(word) in text]


def test_the_same_value_has_another_digest_under_another_salt(cluster: ApiDouble) -> None:
    one, other = (saved_plan(planned(cluster), HERE, salt)["objects"] for salt in ("a", "b"))
    key = "Secret maestro-system/s"
    assert one[key]["manifest"]["data.TOKEN"] != other[key]["manifest"]["data.TOKEN"]


@pytest.mark.parametrize("text", ["", "{", "{}", '{"format": 2, "objects": {}}', "no base64!", "bm8gZ3ppcA==", "[]"])
def test_what_is_no_plan_is_refused(text: str) -> None:
    with pytest.raises(PlanUnreadable, match=r"This is no (plan|whole plan)"):
        decode(text)


ENTIRE: Manifest = {"action": "keep", "sent": "", "manifest": {}, "live": {}, "managers": {}}


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ({"salt": None}, "no usable salt"),
        ({"salt": 7, "base": "3"}, "no usable base, salt"),
        ({"objects": {"Service a/b": 7}}, 'no usable objects["Service a/b"]'),
        ({"objects": {"x": {"action": "explode", "sent": "", "manifest": {}, "live": {}, "managers": {}}}}, "objects"),
        (
            {"objects": {"x": {"action": "keep", "sent": "", "manifest": {"a": 1}, "live": {}, "managers": {}}}},
            "objects",
        ),
        ({"objects": {"x": {"action": "keep", "sent": "", "manifest": [], "live": {}, "managers": {}}}}, "objects"),
        ({"format": 1}, "another version"),
        ({"note": [[]] * 300_000}, "more than 500000 values"),
    ],
)
def test_a_plan_that_is_not_whole_says_what_it_lacks(damage: Manifest, words: str, cluster: ApiDouble) -> None:
    damaged = {**saved(cluster), **damage}
    for text in (json.dumps(damaged), encode(damaged)):
        with pytest.raises(PlanUnreadable) as caught:
            decode(text)
        assert words in str(caught.value)


VALUE = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
ENTRY = VALUE | st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("action", "sent", "manifest", "live", "managers"), VALUE)
)


@given(
    changed=st.dictionaries(st.sampled_from(["name", "base", "salt", "objects", "changes", "risks", "cluster"]), VALUE),
    entry=ENTRY,
    lost=st.sampled_from(["", "salt", "objects", "base", "risks"]),
)
@settings(max_examples=200, deadline=None)
def test_any_plan_is_compared_or_refused(changed: Manifest, entry: t.Any, lost: str) -> None:
    damaged = {**WHOLE, "objects": {**WHOLE["objects"], "Service a/b": entry}, **changed}
    damaged.pop(lost, None)
    try:
        require_same(decode(encode(damaged)), PLAN, HERE)
    except (PlanUnreadable, PlanOutdated):
        return
    assert damaged == WHOLE


@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda raw: base64.b64encode(raw).decode()))
@settings(max_examples=200, deadline=None)
def test_any_text_is_no_plan_and_no_crash(text: str) -> None:
    with pytest.raises(PlanUnreadable):
        decode(text)


def made(manifest: Manifest, **more: t.Any) -> Plan:
    """A plan that makes this one object."""
    return Plan((Step(key_of(manifest), CREATE, manifest, None, manifest),), **more)


def with_lists(order: int, **labels: t.Any) -> Manifest:
    entries = [{"name": "A", "value": "1"}, {"name": "B", "value": "$(A)"}][::order]
    first = [{"name": "one", "image": "i"}, {"name": "two", "image": "i"}]
    pod = {"initContainers": first[::order], "containers": [{"name": "c", "image": "i", "env": entries}]}
    return {**deployment(), "spec": {"template": {"metadata": {"labels": labels}, "spec": pod}}}


SENT: dict[str, tuple[Plan, Plan, str]] = {
    "the order of lists": (made(with_lists(1)), made(with_lists(-1)), "initContainers (its order)"),
    "a key with a dot": (
        made(config({"a.b": "1", "a": {"c": "2"}})),
        made(config({"a": {"b": "1", "c": "2"}})),
        'data["a.b"]',
    ),
    "an empty value": (made(config({"a": {}})), made(config({})), "data.a"),
    "a default that is given": (made(with_lists(1, a="1")), made(with_lists(1)), "labels"),
    "the size at creation": (
        made(deployment(), replicas={key_of(deployment()): 3}),
        made(deployment(), replicas={key_of(deployment()): 30}),
        "initial replicas",
    ),
    "a take-over of fields": (
        made(service()),
        Plan((dataclasses.replace(made(service()).steps[0], force=True),)),
        "whether fields are taken over",
    ),
    "a type": (made(config({"a": "1"})), made(config({"a": 1})), "data.a"),
}


@pytest.mark.parametrize("what", SENT)
def test_an_approval_covers_all_that_is_sent(what: str) -> None:
    approved, other, words = SENT[what]
    frozen = decode(encode(saved_plan(approved, HERE, SALT)))
    require_same(frozen, approved, HERE)
    with pytest.raises(PlanOutdated) as caught:
        require_same(frozen, other, HERE)
    assert words in str(caught.value)


def test_what_is_approved_is_told_apart_by_whole_digests(cluster: ApiDouble) -> None:
    assert {len(entry["sent"]) for entry in saved(cluster)["objects"].values()} == {64}


def test_a_file_is_readable_for_its_owner_only_and_reads_as_it_was_written(
    tmp_path: pathlib.Path, cluster: ApiDouble
) -> None:
    path, approved = tmp_path / "plans" / "lab.json", saved(cluster)
    save({}, str(path))
    save(approved, str(path))
    assert path.stat().st_mode & 0o777 == 0o600
    assert [item.name for item in path.parent.iterdir()] == ["lab.json"]
    assert load(str(path), "") == approved == load("", encode(approved))
    assert load("", "") is None


def test_a_file_that_cannot_be_used_is_named(tmp_path: pathlib.Path) -> None:
    with pytest.raises(PlanUnreadable, match=r"missing\.json"):
        load(str(tmp_path / "missing.json"), "")
    (tmp_path / "file").touch()
    with pytest.raises(PlanUnwritable, match=r"file/plan\.json"):
        save({}, str(tmp_path / "file" / "plan.json"))


def test_a_full_disk_leaves_the_former_plan_whole(tmp_path: pathlib.Path, cluster: ApiDouble) -> None:
    path, approved = tmp_path / "lab.json", saved(cluster)
    save(approved, str(path))
    with full_disk(), pytest.raises(PlanUnwritable, match=r"lab\.json: File too large"):
        save({}, str(path))
    assert load(str(path), "") == approved
    assert list(tmp_path.iterdir()) == [path]
