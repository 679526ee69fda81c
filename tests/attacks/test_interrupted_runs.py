# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A play that is killed leaves nobody behind, and a lock or a connection that somebody spoils stops no release.

The attacker may kill processes of the controller, or write Leases in the namespace, or stands between controller and
API server.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import typing as t
import uuid

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.process_identity import identity_of, is_gone
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.record.lease_lock import PROCESS, TERMS
from tests.faults import comparing, running, sample
from tests.faults.points import plain_kubeconfig
from tests.faults.proxy import Disturbance, Proxy
from tests.faults.upstream import upstream
from tests.integration.playing import COLLECTIONS, play
from tests.integration.waiting import wait_for

PLAY = """\
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - intelgraph.maestro.release:
        namespace: "{{ namespace }}"
        kubeconfig: "{{ kubeconfig }}"
        components: "{{ components }}"
        secret_values: "{{ secret_values }}"
        wait_timeout: 60
        report_dir: "{{ report_dir }}"
"""
PODS = 2
"""Of a release that takes some seconds, in which it can be killed."""


@pytest.fixture
def place(cluster: Cluster) -> t.Iterator[str]:
    name = f"test-attack-{uuid.uuid4().hex[:6]}"
    yield name
    cluster.delete(f"/api/v1/namespaces/{name}")


@pytest.fixture
def folder() -> t.Iterator[pathlib.Path]:
    with tempfile.TemporaryDirectory(prefix="maestro-attack-") as path:
        (pathlib.Path(path) / "play.yml").write_text(PLAY, encoding="utf-8")
        yield pathlib.Path(path)


def given(lab: dict[str, t.Any], namespace: str, folder: pathlib.Path, version: int = sample.FIRST) -> dict[str, t.Any]:
    return {
        "namespace": namespace,
        "kubeconfig": lab["kubeconfig"],
        "components": sample.components(namespace, version, PODS),
        "secret_values": sample.secret_values(version),
        "report_dir": str(folder / "reports"),
    }


def lease(cluster: Cluster, namespace: str) -> dict[str, t.Any]:
    return cluster.find("coordination.k8s.io/v1", "Lease", namespace, "maestro-release") or {}


def holder(cluster: Cluster, namespace: str) -> str:
    return str((lease(cluster, namespace).get("spec") or {}).get("holderIdentity") or "")


@contextlib.contextmanager
def shell(variables: dict[str, t.Any], folder: pathlib.Path) -> t.Iterator[tuple[int, int]]:
    """A shell that leads a session, and the ansible-playbook that it runs in a process group of its own."""
    (folder / "variables.json").write_text(json.dumps(variables), encoding="utf-8")
    script = f"set -m; ansible-playbook -i localhost, -e @{folder}/variables.json {folder}/play.yml >&2 & echo $!; wait"
    path = f"{COLLECTIONS.parent / 'bin'}:{os.environ['PATH']}"
    with (folder / "errors").open("w") as errors:
        leader = subprocess.Popen(
            ["bash", "-c", script],
            env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS), "PATH": path},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
    try:
        assert leader.stdout
        yield leader.pid, int(leader.stdout.readline())
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(leader.pid, signal.SIGKILL)
        leader.wait()


def kill(how: str, leader: int, playbook: int) -> None:
    if how == "session":
        os.killpg(leader, signal.SIGKILL)
    if how in ("group", "session"):
        os.killpg(playbook, signal.SIGKILL)
    else:
        os.kill(playbook, {"process": signal.SIGKILL, "terminated": signal.SIGTERM, "interrupted": signal.SIGINT}[how])


@pytest.mark.parametrize("how", ["process", "group", "session", "terminated", "interrupted"])
def test_a_play_that_is_killed_leaves_no_worker_at_work(
    how: str, lab: dict[str, t.Any], cluster: Cluster, place: str, folder: pathlib.Path
) -> None:
    variables = given(lab, place, folder)
    with shell(variables, folder) as (leader, playbook):
        wait_for("the record", lambda: cluster.find("v1", "Secret", place, "maestro-release-1"), seconds=90)
        worker = lease(cluster, place)["metadata"]["annotations"][PROCESS]
        assert not is_gone(worker)
        kill(how, leader, playbook)
        wait_for("the end of the worker", lambda: is_gone(worker), seconds=30)
    assert holder(cluster, place) == "", "the lock was given back"
    again = play(str(folder / "play.yml"), inventory="localhost,", **variables)
    assert again.rc == 0, again.output
    assert again.release["seconds"]["lock"] < 5, "nobody was waited for"
    assert "Release 1 of maestro was interrupted" in again.output
    assert comparing.history_problems(cluster, place) == []


@pytest.mark.parametrize("lie", ["a process that has ended", "an absurd duration"])
def test_a_lock_that_nobody_holds_any_more_delays_nobody(
    lie: str, lab: dict[str, t.Any], cluster: Cluster, place: str
) -> None:
    connection = {"kubeconfig": lab["kubeconfig"]}
    assert not running.run_here(running.deploying(connection, place, sample.FIRST), TERMS)["failed"]
    gone = subprocess.Popen(["sleep", "60"])
    identity = identity_of(gone.pid) if lie == "a process that has ended" else ""
    gone.kill()
    gone.wait()
    path = cluster.path("coordination.k8s.io/v1", "Lease", place, "maestro-release")
    spec = {"holderIdentity": "mallory@elsewhere 0", "leaseDurationSeconds": 86_400}
    cluster.merge(path, {"metadata": {"annotations": {PROCESS: identity}}, "spec": spec}, fieldManager="mallory")
    result = running.run_here(running.deploying(connection, place, sample.SECOND), TERMS)
    assert not result["failed"], result["msg"]
    assert result["seconds"]["lock"] < (10 if identity else TERMS.good_for + 10)
    assert any("mallory@elsewhere" in warning for warning in result["warnings"])


def test_a_bad_connection_delays_a_verdict_by_less_than_ten_seconds(
    lab: dict[str, t.Any], cluster: Cluster, place: str, record_property: t.Callable[[str, object], None]
) -> None:
    """Watches are cut each second, a fifth of the requests is refused with 429, each takes a tenth of a second more."""
    waited = {}
    with Proxy(*upstream(lab["kubeconfig"])) as proxy:
        for how, disturbance in (("good", Disturbance()), ("bad", Disturbance(0.1, 0.2, 1.0))):
            proxy.disturbance = disturbance
            name = f"{place}-{how}"
            connection = {"kubeconfig": plain_kubeconfig(proxy.url)}
            try:
                wanted = running.deploying(connection, name, sample.FIRST, PODS, wait=True, wait_timeout=120)
                result = running.run_here(wanted, TERMS)
                assert not result["failed"], result["msg"]
                waited[how] = result["seconds"]["wait"]
            finally:
                cluster.delete(f"/api/v1/namespaces/{name}")
    record_property("waited", json.dumps(waited))
    print(f"waited for the verdict: {waited}")
    assert waited["bad"] < waited["good"] + 10
