# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking back: the history, the difference of two releases, and drift, as the module returns them."""

from __future__ import annotations

import json
import typing as t

import pytest
import yaml

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.arguments import CONNECTION
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import ApiError, Cluster
from ansible_collections.intelgraph.maestro.plugins.module_utils._module_runner import Call, Ending, perform
from ansible_collections.intelgraph.maestro.plugins.modules import release_info
from tests.unit.api_double import ApiDouble
from tests.unit.documented import documented
from tests.unit.plugins.module_utils._release.releasing import deploy, release
from tests.unit.plugins.samples import base64_of, manifest
from tests.unit.rendering import only

DOCUMENTED: dict[str, dict[str, t.Any]] = documented(release_info.DOCUMENTATION)["options"]
RETURNED: dict[str, dict[str, t.Any]] = yaml.safe_load(release_info.RETURN)
ALWAYS = {name for name, value in RETURNED.items() if value["returned"] == "always"}
OF_RELEASE = {name for name in RETURNED["releases"]["contains"] if name != "manifests"}


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> ApiDouble:
    """The cluster to which the module connects."""
    double = ApiDouble()
    monkeypatch.setattr(Cluster, "connect", lambda _params: double)
    return double


def run(**given: t.Any) -> Ending:
    defaults = {name: option.get("default") for name, option in release_info.ARGUMENTS.items()}
    return perform(release_info.look_back, Call({**defaults, **given}))


def test_the_documentation_says_what_the_module_takes() -> None:
    own = {name: option for name, option in release_info.ARGUMENTS.items() if name not in CONNECTION}
    assert DOCUMENTED.keys() == own.keys()
    for name, option in own.items():
        assert (DOCUMENTED[name]["type"], DOCUMENTED[name].get("default")) == (option["type"], option["default"])


def test_a_history_of_ten_releases_is_read_in_one_request(cluster: ApiDouble) -> None:
    for number in range(10):
        deploy(cluster, release(number=str(number)))
    before = cluster.requests
    result = run().values
    assert cluster.requests == before + 1
    assert [each["number"] for each in result["releases"]] == list(range(1, 11))
    assert result["msg"] == "maestro has 10 releases in maestro-system; the last is 10 (passed)."
    assert only({frozenset(each) for each in result["releases"]}) == OF_RELEASE


def test_one_release_with_its_manifests(cluster: ApiDouble) -> None:
    deploy(cluster)
    deploy(cluster, release(a="b"))
    displayed = only(run(revision=1, manifests=True).values["releases"])
    assert (displayed["number"], displayed["state"], displayed["by"]) == (1, "passed", "me@here")
    assert len(displayed["manifests"]) == len(displayed["objects"]) == 6
    assert base64_of("rediss://r") not in json.dumps(displayed)


def test_two_releases_are_compared(cluster: ApiDouble) -> None:
    deploy(cluster, release(a="old"))
    deploy(cluster, release(a="new"))
    result = run(compare_with=1).values
    assert result["msg"] == "Release 2 of maestro differs from release 1 in 2 objects."
    fields = [(each["object"].split()[0], field["field"]) for each in result["differences"] for field in each["fields"]]
    assert ("ConfigMap", "data.a") in fields
    assert any(kind == "Deployment" for kind, dummy in fields)
    assert run(revision=1, compare_with=1).values["differences"] == []


def test_no_drift_after_a_release(cluster: ApiDouble) -> None:
    deploy(cluster)
    result = run(drift=True).values
    assert (result["verdict"], result["findings"]) == ("passed", [])
    assert result["msg"] == "maestro is as release 1 declared it."


def test_drift_is_told_for_each_object(cluster: ApiDouble) -> None:
    deploy(cluster)
    cluster.put(manifest("v1", "Service", "maestro", spec={"ports": []}), "mesh")
    cluster.delete(cluster.path("autoscaling/v2", "HorizontalPodAutoscaler", "maestro-system", "maestro"))
    ending = run(drift=True, show=True)
    assert not ending.failed, "drift is what was asked for"
    assert ending.values["verdict"] == "failed"
    assert {(each["id"], each["object"].split()[0]) for each in ending.values["findings"]} == {
        ("drift", "Service"),
        ("drift", "HorizontalPodAutoscaler"),
    }
    assert "2 objects of maestro are not as release 1 declared:" in ending.values["msg"]
    assert "mesh" in "\n".join(ending.lines)


def test_what_cannot_be_read_leaves_the_verdict_open(cluster: ApiDouble) -> None:
    deploy(cluster)
    cluster.fail("GET", "/services/", ApiError(403, "Forbidden", "you may not"))
    result = run(drift=True).values
    assert result["verdict"] == "inconclusive"
    assert only(result["findings"])["id"] == "fact-unknown"


def test_without_a_release_there_is_nothing_to_compare(cluster: ApiDouble) -> None:
    assert run().values["verdict"] == "passed"
    result = run(drift=True).values
    assert (result["verdict"], result["number"]) == ("inconclusive", 0)
    assert result["msg"] == "maestro has no release in maestro-system."


@pytest.mark.parametrize("asked", [{"revision": 7}, {"compare_with": 7}, {"revision": 7, "drift": True}])
def test_a_release_that_is_not_known_is_a_failure_that_names_those_that_are(
    asked: dict[str, t.Any], cluster: ApiDouble
) -> None:
    deploy(cluster)
    ending = run(**asked)
    assert ending.failed
    assert ending.values["error_id"] == "release-unknown"
    assert "(known: 1)" in ending.values["msg"]


@pytest.mark.parametrize("refused", [False, True])
def test_what_is_always_returned_is_returned(refused: bool, cluster: ApiDouble) -> None:
    if refused:
        cluster.fail("GET", "", ApiError(403, "Forbidden", "you may not"))
    values = run().values
    assert not ALWAYS - values.keys()
    assert not values.keys() - RETURNED.keys() - {"changed"}
