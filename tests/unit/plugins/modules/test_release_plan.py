# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan as the module shows it, keeps it and requires it."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from ansible_collections.intelgraph.maestro.plugins.module_utils._module_runner import Call, Ending, perform
from ansible_collections.intelgraph.maestro.plugins.module_utils._objects.manifest import take_out_secrets
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.record.history import History
from ansible_collections.intelgraph.maestro.plugins.modules import release
from tests.unit.api_double import ApiDouble
from tests.unit.plugins.samples import NAMESPACE, Manifest, base64_of, claim, namespace, secret, service
from tests.unit.rendering import only


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> ApiDouble:
    """The cluster to which the module connects."""
    double = ApiDouble()
    monkeypatch.setattr(Cluster, "connect", lambda _params: double)
    return double


def run(*more: Manifest, check: bool = False, diff: bool = False, value: str = "hunter2", **given: t.Any) -> Ending:
    manifests, values = take_out_secrets([namespace(), secret(TOKEN=value), *(more or [service()])])
    defaults = {name: option.get("default") for name, option in release.ARGUMENTS.items()}
    wanted = {"components": {"all": manifests}, "secret_values": values, "wait": False, "auto_rollback": False}
    return perform(release.carry_out, Call({**defaults, **wanted, **given}, check, diff))


def test_a_plan_is_told_and_a_plan_with_nothing_to_do_is_silent(cluster: ApiDouble) -> None:
    lines = run(check=True).lines
    assert lines[0] == "Release 1 of maestro (not made, check mode): 3 to create."
    assert "    + create  Service maestro-system/maestro" in lines
    run()
    assert run(check=True).lines == []


def test_with_a_diff_the_objects_are_not_told_twice(cluster: ApiDouble) -> None:
    ending = run(check=True, diff=True)
    assert not [line for line in ending.lines if "+ create" in line]
    assert len(ending.values["diff"]) == 3


def test_a_release_that_is_made_tells_no_plan(cluster: ApiDouble) -> None:
    assert run().lines == []


def test_a_rotated_secret_shows_its_key_and_no_value(cluster: ApiDouble) -> None:
    run(value="hunter1")
    ending = run(check=True, value="hunter2")
    assert "          data.TOKEN: (secret) -> (secret, changed)" in ending.lines
    displayed = json.dumps([ending.values, ending.lines])
    assert not [word for word in ("hunter1", "hunter2") if word in displayed or base64_of(word) in displayed]


def test_a_refused_plan_shows_what_else_would_be_done(cluster: ApiDouble) -> None:
    run()
    cluster.put(service(type="NodePort"), "kubectl-edit")
    ending = run(service(type="ClusterIP"), service("new"), check=True)
    assert ending.failed
    assert (ending.values["error_id"], ending.values["verdict"]) == ("refused-by-server", "failed")
    assert only(ending.values["findings"])["id"] == "field-conflict"
    assert [entry["object"] for entry in ending.values["plan"]] == ["Service maestro-system/new"]
    assert "    + create  Service maestro-system/new" in ending.lines


def test_risks_are_returned(cluster: ApiDouble) -> None:
    run(service(), claim())
    kept = only(run(service(), check=True).values["risks"])
    assert (kept["id"], kept["object"]) == ("prune-refused", "PersistentVolumeClaim maestro-system/maestro-data")
    named = run(service(), check=True, prune_allowed=["PersistentVolumeClaim/maestro-data"]).values
    assert (only(named["risks"])["id"], named["counts"]["prune"]) == ("data-lost", 1)


def test_a_plan_is_saved_and_carried_out(cluster: ApiDouble, tmp_path: pathlib.Path) -> None:
    path = str(tmp_path / "plan.json")
    planned = run(check=True, save_plan=path, return_plan=True).values
    assert not cluster.names("services")
    assert not run(plan_file=path).failed
    late = run(service("another"), approved_plan=planned["saved_plan"])
    assert (late.failed, late.values["error_id"]) == (True, "plan-outdated")


def test_a_plan_that_cannot_be_read_is_a_failure_with_its_id(cluster: ApiDouble) -> None:
    ending = run(approved_plan="nonsense")
    assert (ending.failed, ending.values["error_id"]) == (True, "plan-unreadable")
    assert "services" not in str(cluster.writes)


def test_the_record_says_where_the_run_came_from(cluster: ApiDouble) -> None:
    run(origin={"user": "alice", "job": 7}, reason="Upgrade")
    about = only(History(cluster, NAMESPACE, "maestro").read().records).about
    assert (about["by"], about["origin"]["job"], about["reason"]) == ("alice", "7", "Upgrade")
    assert about["components"] == {"all": ["Namespace/maestro-system", "Secret/maestro-secrets", "Service/maestro"]}
