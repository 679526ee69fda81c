# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two runs never mix: a living one is left alone, a dead one is followed, and its orphan changes nothing any more."""

from __future__ import annotations

import concurrent.futures
import contextlib
import json
import os
import pathlib
import signal
import subprocess
import time
import typing as t

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.record.lease_lock import Lock, Terms
from tests.integration import seeing
from tests.integration.conftest import Player
from tests.integration.playing import COLLECTIONS, command_of
from tests.integration.waiting import wait_for

IMAGE = "ghcr.io/brianlong/intelgraph/maestro-control-plane"
OLD, NEW, MISSING = "2.0.0-prod", "2.1.0-prod", "0.0.0-missing"
Settings = dict[str, t.Any]


def states(cluster: Cluster, namespace: str) -> list[tuple[int, str]]:
    return [(record.number, record.state) for record in seeing.history(cluster, namespace)]


def revision(version: str, sources: int) -> Settings:
    """A release that can be told by its image and by its settings."""
    return {"workload_image": f"{IMAGE}:{version}", "workload_orchestration_max_concurrent_sources": sources}


def revision_in_place(cluster: Cluster, namespace: str) -> Settings:
    """What the Deployment and the settings that it refers to are made of."""
    pod = cluster.get(cluster.path("apps/v1", "Deployment", namespace, "maestro"))["spec"]["template"]["spec"]
    [settings] = [volume["configMap"]["name"] for volume in pod["volumes"] if volume["name"] == "config"]
    config = cluster.get(cluster.path("v1", "ConfigMap", namespace, settings))["data"]["config.yaml"]
    [sources] = [line.split()[1].strip(",") for line in config.splitlines() if "maxConcurrentSources" in line]
    return {
        "workload_image": pod["containers"][0]["image"],
        "workload_orchestration_max_concurrent_sources": int(sources),
    }


def test_a_living_run_is_left_alone_and_named(namespace: str, deploy: Player, cluster: Cluster) -> None:
    assert deploy(**revision(OLD, 3)).rc == 0
    before = seeing.generations(cluster, namespace)
    terms = Terms(good_for=120, renew_every=5, look_every=0.5)
    theirs = Lock(cluster, namespace, "maestro", "ann@tower (process 7)", "deploy (a test)", terms)
    theirs.acquire()
    try:
        refused = deploy(**revision(NEW, 5))
    finally:
        theirs.release()
    assert refused.rc != 0
    assert "Another run is at work on release maestro: ann@tower (process 7)" in refused.failure
    assert "to deploy (a test), since 20" in refused.failure
    assert refused.seconds < 100, "whoever lives is not waited for until their time is over"
    assert seeing.generations(cluster, namespace) == before
    assert states(cluster, namespace) == [(1, "passed")]


def test_of_two_revisions_at_once_one_is_there_wholly(namespace: str, deploy: Player, cluster: Cluster) -> None:
    assert deploy(**revision(OLD, 3)).rc == 0
    wanted = [revision(NEW, 5), revision(NEW, 9)]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda settings: deploy(**settings), wanted)
    told = ("Another run is at work", "Another run was faster: release 2 was begun by")
    assert sorted(done.rc for done in (first, second)) == [0, 2], "one wins, and the other says so"
    assert any(words in done.failure for done in (first, second) for words in told), (first.output, second.output)
    numbers = {done.release["number"]: settings for done, settings in zip((first, second), wanted, strict=True)}
    passed = [number for number, state in states(cluster, namespace) if state == "passed"]
    assert revision_in_place(cluster, namespace) == numbers[passed[-1]]
    assert {state for _, state in states(cluster, namespace)} == {"passed"}


@contextlib.contextmanager
def orphan(namespace: str, variables: Settings, cluster: Cluster, folder: pathlib.Path) -> t.Iterator[int]:
    """A release whose play was killed in the middle while the process that makes it was stopped; its process id."""
    (folder / "variables.json").write_text(json.dumps(variables), encoding="utf-8")
    command = [*command_of("intelgraph.maestro.deploy"), "-e", f"@{folder / 'variables.json'}"]
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS)}
    number = states(cluster, namespace)[-1][0] + 1
    with (folder / "output").open("w") as output:
        play = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    deadline = time.monotonic() + 180
    while cluster.find("v1", "Secret", namespace, f"maestro-release-{number}") is None:
        assert play.poll() is None, (folder / "output").read_text(encoding="utf-8")
        assert time.monotonic() < deadline, "the release was not begun"
        time.sleep(0.01)
    worker = wait_for("the process that makes the release", lambda: speaker(play.pid), seconds=10)
    os.kill(worker, signal.SIGSTOP)
    play.kill()
    play.wait()
    try:
        yield worker
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)


def children(pid: int) -> list[int]:
    """The processes that a process has started and that still run."""
    found = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()
    return [int(child) for child in found]


def speaker(pid: int) -> int:
    """The one process of a play's that has connections, 0 when there is none: others are just beginning or ending."""
    speaking = [child for child in children(pid) if talks(child)]
    return speaking[0] if len(speaking) == 1 else 0


def talks(pid: int) -> bool:
    """Whether the process still has a connection to a server."""
    links = [os.readlink(path) for path in pathlib.Path(f"/proc/{pid}/fd").iterdir() if path.is_symlink()]
    return any(link.startswith("socket:") for link in links)


def falls_silent(pid: int, seconds: float) -> bool:
    """Whether the orphan lets go of the cluster. It may not end: ansible-core waits for a reader of its result."""
    deadline = time.monotonic() + seconds
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        while talks(pid):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.1)
    return True


def test_a_killed_run_is_followed_and_its_orphan_changes_nothing_any_more(
    namespace: str,
    deploy: Player,
    cluster: Cluster,
    tmp_path: pathlib.Path,
    record_property: t.Callable[[str, object], None],
) -> None:
    assert deploy(**revision(OLD, 3)).rc == 0
    given = {**deploy.keywords, **revision(MISSING, 5), "maestro_wait_timeout": 120}  # type: ignore[attr-defined]
    with orphan(namespace, given, cluster, tmp_path) as worker:
        followed = deploy(**revision(NEW, 9))
        record_property("seconds", followed.seconds)
        assert followed.rc == 0, followed.output
        assert "Release 2 of maestro was interrupted" in followed.output
        before = seeing.generations(cluster, namespace)
        assert talks(worker), "the orphan was stopped in the middle"
        os.kill(worker, signal.SIGCONT)
        assert falls_silent(worker, 120), "the orphan goes on"
        assert seeing.generations(cluster, namespace) == before
    assert states(cluster, namespace) == [(1, "passed"), (2, "interrupted"), (3, "passed")]
    assert revision_in_place(cluster, namespace) == revision(NEW, 9)
    assert json.dumps(seeing.history(cluster, namespace)[1].outcome).count("found by") == 1
