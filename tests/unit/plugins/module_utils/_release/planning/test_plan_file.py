# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""An approved plan is carried out exactly or not at all."""

from __future__ import annotations

import copy
import dataclasses
import json
import pathlib
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._objects.manifest import key_of
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.objects.ownership import MANAGER, ReleaseName
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.planning.plan import Plan
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
    with pytest.raises(PlanUnreadable, match="This is no plan"):
        decode(text)


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
