# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module's edge: what it takes, what it judges, and what it returns however it ends."""

from __future__ import annotations

import typing as t

import pytest
import yaml

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.arguments import CONNECTION
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import ApiError, Cluster
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.errors import Unreachable
from ansible_collections.intelgraph.maestro.plugins.module_utils._findings.finding import Finding
from ansible_collections.intelgraph.maestro.plugins.module_utils._health import waiter
from ansible_collections.intelgraph.maestro.plugins.module_utils._health.facts import Facts, HealthEvaluation
from ansible_collections.intelgraph.maestro.plugins.module_utils._module_runner import Call, Ending
from ansible_collections.intelgraph.maestro.plugins.modules import health
from tests.unit.api_double import ApiDouble
from tests.unit.documented import documented
from tests.unit.plugins.module_utils._release.releasing import deploy, release
from tests.unit.plugins.samples import NAMESPACE
from tests.unit.rendering import only

DOCUMENTED: dict[str, dict[str, t.Any]] = documented(health.DOCUMENTATION)["options"]
RETURNED: dict[str, dict[str, t.Any]] = yaml.safe_load(health.RETURN)
ALWAYS = {name for name, value in RETURNED.items() if value["returned"] == "always"}
TROUBLE = Finding("image-not-found", "error", f"Deployment {NAMESPACE}/maestro", "no such image", next_step="Push it.")


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> ApiDouble:
    """The cluster to which the module connects."""
    double = ApiDouble()
    monkeypatch.setattr(Cluster, "connect", lambda _params: double)
    return double


@pytest.fixture
def deployed(cluster: ApiDouble) -> ApiDouble:
    """A cluster with one release."""
    deploy(cluster)
    return cluster


Evaluated = t.Callable[[HealthEvaluation], list[Facts]]


@pytest.fixture
def evaluated(monkeypatch: pytest.MonkeyPatch) -> Evaluated:
    """Puts a judge with one opinion in the place of the real one; gives what it was shown."""

    def as_(evaluation: HealthEvaluation) -> list[Facts]:
        displayed: list[Facts] = []
        monkeypatch.setattr(waiter, "evaluate", lambda facts: displayed.append(facts) or evaluation)
        return displayed

    return as_


def run(check: bool = False, tell: t.Callable[[str], None] = lambda _line: None, **given: t.Any) -> Ending:
    defaults = {name: option.get("default") for name, option in health.ARGUMENTS.items()}
    return health.examine(Call({**defaults, **given}, check, tell=tell))


def test_the_documentation_says_what_the_module_takes() -> None:
    own = {name: option for name, option in health.ARGUMENTS.items() if name not in CONNECTION}
    assert DOCUMENTED.keys() == own.keys()
    for name, option in own.items():
        assert (DOCUMENTED[name]["type"], DOCUMENTED[name].get("default")) == (option["type"], option["default"])


def test_a_release_that_passes(deployed: ApiDouble, evaluated: Evaluated) -> None:
    displayed = evaluated(HealthEvaluation("passed"))
    ending = run(settle_seconds=7)
    assert not ending.failed
    assert (ending.values["verdict"], ending.values["number"]) == ("passed", 1)
    assert ending.values["msg"] == "Release 1 of maestro is healthy: pods: 3 ready."
    assert displayed[0].settle == 7.0
    assert ("Deployment", NAMESPACE, "maestro") in displayed[0].wanted


def test_the_newest_release_is_judged(deployed: ApiDouble, evaluated: Evaluated) -> None:
    evaluated(HealthEvaluation("passed"))
    deploy(deployed, release(a="other"))
    assert run().values["number"] == 2


@pytest.mark.parametrize("wait", [True, False])
def test_a_release_that_fails(deployed: ApiDouble, evaluated: Evaluated, wait: bool) -> None:
    evaluated(HealthEvaluation("failed", (TROUBLE,), ("no pod",)))
    ending = run(wait=wait)
    assert ending.failed
    words = f"Release 1 of maestro is not healthy: Deployment {NAMESPACE}/maestro: no such image."
    assert ending.values["msg"].startswith(words)
    assert "Push it. See image-not-found." in ending.values["msg"]
    finding = only(ending.values["findings"])
    assert (finding["id"], finding["page"]) == ("image-not-found", "docs/findings/image-not-found.md")
    assert finding.keys() == RETURNED["findings"]["contains"].keys()
    assert ending.values["missing"] == ["no pod"]


def test_a_release_on_its_way_has_no_verdict_yet(deployed: ApiDouble, evaluated: Evaluated) -> None:
    evaluated(HealthEvaluation("", missing=("Deployment maestro-system/maestro: 1 of 3 pods are available",)))
    ending = run()
    assert (ending.failed, ending.values["verdict"]) == (True, "inconclusive")
    assert ending.values["msg"].startswith(
        "Release 1 of maestro has no verdict yet: Deployment maestro-system/maestro: 1"
    )


def test_the_wait_is_told_and_returned(deployed: ApiDouble, evaluated: Evaluated) -> None:
    evaluated(HealthEvaluation("failed", (TROUBLE,)))
    reported: list[str] = []
    timeline = run(wait=True, tell=reported.append).values["timeline"]
    assert only({frozenset(moment) for moment in timeline}) == RETURNED["timeline"]["contains"].keys()
    assert [moment["message"] for moment in timeline] == [TROUBLE.sentence(), "pods: 3 ready"]
    assert len(reported) == 2


def test_nothing_is_changed(deployed: ApiDouble, evaluated: Evaluated) -> None:
    evaluated(HealthEvaluation("passed"))
    before = deployed.versions()
    seen, made = run(check=True).values, run().values
    assert {**seen, **measured(made)} == made
    assert deployed.versions() == before


def measured(values: dict[str, t.Any]) -> dict[str, t.Any]:
    """What depends on how fast this machine is."""
    return {key: values[key] for key in ("requests", "seconds", "timeline")}


def test_a_namespace_without_a_release(cluster: ApiDouble) -> None:
    ending = run(namespace="elsewhere")
    assert (ending.failed, ending.values["verdict"], ending.values["number"]) == (True, "failed", 0)
    assert only(ending.values["findings"])["id"] == "release-missing"
    assert "namespace elsewhere has no release of the name maestro" in ending.values["msg"]
    assert cluster.requests <= 3


def test_a_history_that_may_not_be_read(cluster: ApiDouble) -> None:
    cluster.fail("GET", "/secrets", ApiError(403, "Forbidden", "you may not list secrets"))
    ending = run()
    assert (ending.failed, ending.values["verdict"], ending.values["error_id"]) == (True, "inconclusive", "api-error")
    assert "you may not list secrets" in ending.values["msg"]


@pytest.mark.parametrize("fault", [None, Unreachable("it is away")])
def test_the_result_has_the_same_keys_however_it_ends(cluster: ApiDouble, fault: Exception | None) -> None:
    if fault:
        cluster.fail("GET", "/", fault)
    ending = run()
    assert ending.values.keys() - {"error_id"} == ALWAYS
    assert ending.values["requests"] <= cluster.requests
