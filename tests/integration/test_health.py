# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdict on a real release: soon, cheap, never better than what may be read, and shown as it comes about."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import threading
import time
import typing as t

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.api_resources import KINDS, object_path
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.watch import Informer, Source, until
from ansible_collections.intelgraph.maestro.plugins.module_utils._module_runner import Call
from ansible_collections.intelgraph.maestro.plugins.modules import health
from tests.integration import seeing
from tests.integration.conftest import WITHOUT_AUTOSCALER, Player, delete_namespace, of_namespace
from tests.integration.furnishing import allow
from tests.integration.playing import ROOT, command_of, play

NAMESPACE = "test-health"
SOON, TRIES = 4.0, 3
"""Two seconds, and as many for a loaded machine, which may stand still once: a judge that is slow is so each time."""
MISSING = "ghcr.io/brianlong/intelgraph/maestro-control-plane:0.0.0-missing"
DEPLOYMENT = object_path("apps/v1", KINDS["apps/v1", "Deployment"], NAMESPACE, "maestro")
READER = [
    {"apiGroups": [""], "resources": ["configmaps", "secrets", "services", "events"], "verbs": ["list", "watch"]},
    {"apiGroups": ["apps"], "resources": ["*"], "verbs": ["list", "watch"]},
    {"apiGroups": ["discovery.k8s.io", "networking.k8s.io", "policy"], "resources": ["*"], "verbs": ["list", "watch"]},
    {"apiGroups": ["cert-manager.io", "batch"], "resources": ["*"], "verbs": ["list", "watch"]},
]
"""Everything that a release has, but for its pods."""


@pytest.fixture(scope="module")
def deploy(cluster: Cluster) -> t.Iterator[Player]:
    """Deploys into the namespace that the tests of this module share, where a release is already."""
    delete_namespace(cluster, NAMESPACE)
    deploying = functools.partial(play, "intelgraph.maestro.deploy", **of_namespace(NAMESPACE), **WITHOUT_AUTOSCALER)
    done = deploying()
    assert done.rc == 0, done.output
    yield deploying
    cluster.delete(f"/api/v1/namespaces/{NAMESPACE}")


@pytest.fixture
def examine(deploy: Player, lab: dict[str, t.Any]) -> t.Callable[..., dict[str, t.Any]]:
    """Asks for the health of that release, in this process."""

    def ask(**given: t.Any) -> dict[str, t.Any]:
        defaults = {name: option.get("default") for name, option in health.ARGUMENTS.items()}
        wanted = {"kubeconfig": lab["kubeconfig"], "namespace": NAMESPACE, **given}
        return health.examine(Call({**defaults, **wanted})).values

    return ask


Examine = t.Callable[..., dict[str, t.Any]]


def test_a_healthy_release_passes_at_once_and_nothing_is_written(
    examine: Examine, cluster: Cluster, record_property: t.Callable[[str, object], None]
) -> None:
    settled = examine(wait=True, wait_timeout=180)
    assert settled["verdict"] == "passed", settled["msg"]
    before = seeing.generations(cluster, NAMESPACE)
    result = examine()
    record_property("seconds", result["seconds"])
    record_property("requests", result["requests"])
    assert result["msg"] == f"Release {result['number']} of maestro is healthy: pods: 3 ready."
    assert result["findings"] == result["missing"] == []
    assert result["requests"] <= 40
    assert seeing.generations(cluster, NAMESPACE) == before


def test_what_may_not_be_read_leaves_the_verdict_open_and_is_named(examine: Examine, cluster: Cluster) -> None:
    user = allow(cluster, NAMESPACE, READER)
    result = examine(impersonate_user=user)
    assert result["verdict"] == "inconclusive"
    named = {(finding["id"], finding["object"]) for finding in result["findings"] if finding["severity"] == "error"}
    assert ("permission-missing", f"Pod in namespace {NAMESPACE}") in named
    assert 'cannot list resource "pods"' in str(result["findings"])


def test_a_fault_is_known_two_seconds_after_the_api_shows_it(
    examine: Examine, cluster: Cluster, record_property: t.Callable[[str, object], None]
) -> None:
    """Somebody sets an image that does not exist by hand while the release is waited for."""
    lags: list[float] = []
    while not lags or (min(lags) >= SOON and len(lags) < TRIES):
        lags.append(_lag(examine, cluster, f"{MISSING}-{len(lags)}"))
        assert examine(wait=True, wait_timeout=180)["verdict"] == "passed", "it is mended"
    record_property("seconds after the API", [round(lag, 2) for lag in lags])
    assert min(lags) < SOON, lags


def _lag(examine: Examine, cluster: Cluster, image: str) -> float:
    """Seconds from the API's showing that an image cannot be pulled to the verdict."""
    previous = cluster.get(DEPLOYMENT)["spec"]["template"]["spec"]["containers"][0]["image"]
    displayed = _moment_of(cluster, image)
    try:
        _set_image(cluster, image)
        result = examine(wait=True, wait_timeout=120)
        decided = time.monotonic()
    finally:
        _set_image(cluster, previous)
    assert result["verdict"] == "failed"
    finding = result["findings"][0]
    assert (finding["id"], finding["container"]) == ("image-not-found", "maestro")
    assert image in finding["message"]
    assert "Ready pods: 3 of the former revision." in result["msg"]
    return decided - displayed()


def test_the_wait_is_shown_while_it_lasts(deploy: Player) -> None:
    """One line for each change, printed when it happens and not when the task has ended."""
    variables = {**of_namespace(NAMESPACE), **WITHOUT_AUTOSCALER, "workload_pod_annotations": {"shown": "live"}}
    lines = _timed_lines("intelgraph.maestro.deploy", variables)
    reported = [(moment, line) for moment, line in lines if line.startswith("  [lab]") and " begun: " not in line]
    ended = next(moment for moment, line in lines if line.startswith("changed: [lab]") and moment > reported[-1][0])
    assert ended - reported[0][0] > 1.5, lines
    assert "3 old" in reported[0][1], reported
    assert "pods: 3 ready" in reported[-1][1]
    moments = [moment for moment, _line in reported]
    assert len(reported) <= moments[-1] - moments[0] + 3, "one line a second at most"


def _set_image(cluster: Cluster, image: str) -> None:
    body = {"spec": {"template": {"spec": {"containers": [{"name": "maestro", "image": image}]}}}}
    cluster.request("PATCH", DEPLOYMENT, body, "application/strategic-merge-patch+json")


def _moment_of(cluster: Cluster, image: str) -> t.Callable[[], float]:
    """Watches from now on; gives the moment at which it first showed that this image cannot be pulled."""
    found: list[float] = []

    def is_shown(pods: list[dict[str, t.Any]]) -> bool:
        return any("ErrImagePull" in text and image in text for text in map(json.dumps, pods))

    def watch() -> None:
        with Informer(cluster, [Source("v1", "Pod", NAMESPACE)]) as informer:
            if until(informer, lambda: is_shown(informer.objects("Pod")), time.monotonic() + 120):
                found.append(time.monotonic())

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()

    def moment() -> float:
        thread.join(120)
        assert found, f"the API never showed that {image} cannot be pulled"
        return found[0]

    return moment


def _timed_lines(playbook: str, variables: t.Mapping[str, t.Any]) -> list[tuple[float, str]]:
    """The lines that a play prints, each with the moment at which it came."""
    command = [*command_of(playbook), "-e", json.dumps(variables)]
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".venv" / "collections"),
        "ANSIBLE_NOCOLOR": "1",
    }
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as running:
        assert running.stdout is not None
        lines = [(time.monotonic(), line.rstrip("\n")) for line in running.stdout]
    assert running.returncode == 0, lines
    return lines
