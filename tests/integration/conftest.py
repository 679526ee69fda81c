# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the tests on the lab: its facts, its API, and a namespace of its own for each test."""

from __future__ import annotations

import functools
import json
import os
import pathlib
import time
import typing as t
import zlib

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.configuration import configure
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.watch import Informer, Source, until
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.record import lease_lock
from tests.integration.playing import Play, play

Manifest = dict[str, t.Any]
Player = t.Callable[..., Play]

LAB = os.environ.get("MAESTRO_LAB", "maestro")
STATE = pathlib.Path(os.environ.get("MAESTRO_LAB_STATE", "/var/lib/maestro-lab")) / LAB

NAMESPACE_GONE_WITHIN = 240
"""Seconds: its controller tries again after up to a minute whenever one kind could not be listed, such as metrics of a
busy metrics-server."""

WITHOUT_AUTOSCALER = {"workload_autoscaling_enabled": False}
"""An autoscaler is ready when it has metrics of the new pods, 20 s after them: only tests of it wait for that."""


@pytest.fixture(scope="session")
def lab() -> dict[str, t.Any]:
    """The facts of the running lab: addresses, credentials, paths."""
    path = STATE / "facts.json"
    if not path.exists():
        pytest.fail(f"The lab {LAB} is not running ({path} is missing). Start it with: make lab", pytrace=False)
    return t.cast("dict[str, t.Any]", json.loads(path.read_text(encoding="utf-8")))


@pytest.fixture(scope="session")
def cluster(lab: dict[str, t.Any]) -> t.Iterator[Cluster]:
    """The lab's API, as its administrator."""
    with Cluster(configure({"kubeconfig": lab["kubeconfig"]})) as connected:
        yield connected


@pytest.fixture
def namespace(request: pytest.FixtureRequest, cluster: Cluster) -> t.Iterator[str]:
    """The name of a namespace of the test's own, which does not exist yet; its deletion is asked for afterwards.

    Nobody waits for that: it takes half a minute, because a namespace goes away only after half of its pods' grace.
    """
    name = f"test-{zlib.crc32(request.node.nodeid.encode()):08x}"
    delete_namespace(cluster, name)
    yield name
    cluster.delete(f"/api/v1/namespaces/{name}")


@pytest.fixture
def reports(tmp_path: pathlib.Path) -> pathlib.Path:
    """The folder in which the test's plays keep reports and evidence."""
    return tmp_path / "reports"


@pytest.fixture
def deploy(namespace: str, reports: pathlib.Path) -> Player:
    """Runs the deploy playbook into the test's namespace, with its own host name and without an autoscaler."""
    variables = {**of_namespace(namespace), **WITHOUT_AUTOSCALER, "maestro_report_dir": str(reports)}
    return functools.partial(play, "intelgraph.maestro.deploy", **variables)


@pytest.fixture
def rollback(namespace: str, reports: pathlib.Path) -> Player:
    """Runs the rollback playbook on the test's namespace."""
    variables = {**of_namespace(namespace), "maestro_report_dir": str(reports)}
    return functools.partial(play, "intelgraph.maestro.rollback", **variables)


@pytest.fixture
def remove(namespace: str) -> Player:
    """Runs the remove playbook on the test's namespace."""
    return functools.partial(play, "intelgraph.maestro.remove", **of_namespace(namespace))


@pytest.fixture
def api_dry_run(cluster: Cluster) -> t.Callable[[Manifest], tuple[str, ...]]:
    """Creates an object by server-side dry run and returns the API server's warnings; refusals raise ApiError."""

    def apply(manifest: Manifest) -> tuple[str, ...]:
        query = {"fieldManager": "test", "dryRun": "All", "force": "true", "fieldValidation": "Strict"}
        content_type = "application/apply-patch+yaml"
        return cluster.request("PATCH", cluster.path_of(manifest), manifest, content_type, query).warnings

    return apply


@pytest.fixture(autouse=True, scope="module")
def terms() -> t.Iterator[None]:
    """The fault suite has locks in this process that are good for a second; other modules get the product's own."""
    own = lease_lock.TERMS
    yield
    lease_lock.TERMS = own


def of_namespace(namespace: str) -> dict[str, t.Any]:
    """The variables that put a release into a namespace without touching another one, and spare it the smoke test."""
    return {
        "maestro_namespace": namespace,
        "maestro_hostname": f"{namespace}.maestro.test",
        "maestro_smoke_enabled": False,
    }


def delete_namespace(cluster: Cluster, name: str) -> None:
    """Delete a namespace, if it is there, and wait until it is gone."""
    if cluster.delete(f"/api/v1/namespaces/{name}") is None:
        return
    with Informer(cluster, [Source("v1", "Namespace", fields=f"metadata.name={name}")]) as informer:
        assert informer.synced(30), f"the API does not list the namespace {name}"
        if until(informer, lambda: not informer.objects("Namespace"), time.monotonic() + NAMESPACE_GONE_WITHIN):
            return
        (left,) = informer.objects("Namespace")
        reported = [condition["message"] for condition in left["status"].get("conditions", [])]
        pytest.fail(f"namespace {name} does not go away in {NAMESPACE_GONE_WITHIN} s: {reported}", pytrace=False)
