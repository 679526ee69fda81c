# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""A lab comes up, stays as it is, is mended, and goes without a trace, however it was left."""

from __future__ import annotations

import contextlib
import resource
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from maestro_lab.component import recorded
from maestro_lab.names import ETCD_PORT
from maestro_lab.network import free_network, links, networks_in_use
from maestro_lab.waiting import until
from tests.integration.lab.conftest import Command
from tests.integration.lab.snapshot import traces

MakeLab = Callable[[str], Command]
IP_FREEBIND = 15
"""Linux's option for a socket whose address is still to come; Python has no name for it."""
SECONDS_TO_READY = 20.0
TRIES = 3
"""A busy machine may be slow once; a lab that has got slow is so each time."""
SECONDS_FOR_NOTHING = 3.0
SECONDS_TO_VANISH = 60.0


def left_behind(before: dict[str, set[str]], after: dict[str, set[str]]) -> dict[str, set[str]]:
    return {kind: after[kind] ^ before[kind] for kind in after if after[kind] != before[kind]}


def until_nothing_is_left(before: dict[str, set[str]], idents: set[str]) -> None:
    def left() -> dict[str, set[str]]:
        return left_behind(before, traces(idents))

    until(lambda: not left(), lambda: str(left()), SECONDS_TO_VANISH)


def test_a_whole_lab_with_pods_and_faults_leaves_nothing(make_lab: MakeLab) -> None:
    lab = make_lab("test-traces")
    idents = {lab.lab.ident}
    before = traces(idents)
    lab("up")
    during = traces(idents)
    assert all(during[kind] - before[kind] for kind in ("processes", "links", "routes", "control groups", "files"))
    databases = {"postgresql", "redis"}
    for verb in ("stop", "kill"):
        lab(verb, "node:db")
        assert {name for name, process in lab.status()["components"].items() if not process} == databases
        lab("start", "node:db")
        assert lab.status()["state"] == "up"
    lab("delay", "node-1", "20")
    lab("cut", "node-2")
    lab("kill", "node:node-3")
    lab("kill", "containerd:node-1")
    assert "is down" in lab("down")
    until_nothing_is_left(before, idents)


def test_down_is_idempotent(make_lab: MakeLab) -> None:
    lab = make_lab("test-never-up")
    assert "was not up" in lab("down")
    assert lab.status()["state"] == "absent"


def test_all_nodes_are_ready_soon_and_a_second_up_does_nothing(make_lab: MakeLab) -> None:
    lab = make_lab("test-core")
    lab("build")
    taken: list[float] = []
    while not taken or (min(taken) >= SECONDS_TO_READY and len(taken) < TRIES):
        lab("down")
        taken.append(seconds_to_ready(lab))
    assert min(taken) < SECONDS_TO_READY, taken
    processes = lab.status()["components"]
    used = seconds_of_children()
    assert "up already" in lab("up")
    assert seconds_of_children() - used < SECONDS_FOR_NOTHING
    assert lab.status()["components"] == processes


def seconds_to_ready(lab: Command) -> float:
    began = time.monotonic()
    lab("up", "--core")
    elapsed = time.monotonic() - began
    assert lab.status()["state"] == "up"
    return elapsed


def test_up_mends_what_is_missing_and_only_that(make_lab: MakeLab, core: Command) -> None:
    before = core.status()["components"]
    core("kill", "etcd")
    core("kill", "node:node-2")
    assert core.status()["state"] == "degraded"
    assert "is mended" in core("up")
    after = core.status()
    assert after["state"] == "up"
    changed = {name for name in before if before[name] != after["components"][name]}
    assert changed == {"etcd", "containerd:node-2", "kubelet:node-2", "kube-proxy:node-2"}


@pytest.mark.parametrize("moment", ["certificates", "components/etcd.json", "components/kubelet-node-1.json"])
def test_a_start_that_was_killed_leaves_nothing_after_down(make_lab: MakeLab, moment: str) -> None:
    lab = make_lab("test-killed")
    idents = {lab.lab.ident}
    before = traces(idents)
    kill_up_when(lab, lab.lab.state / moment.replace("certificates", "pki/cluster-ca.crt"))
    assert links(lab.lab), "the start was killed before there was anything to leave"
    lab("down")
    until_nothing_is_left(before, idents)


def test_up_after_a_start_that_was_killed_begins_anew(make_lab: MakeLab) -> None:
    lab = make_lab("test-killed")
    kill_up_when(lab, lab.lab.state / "components/apiserver.json")
    assert lab.status()["state"] == "starting"
    assert "left half up" in lab("up", "--core")
    assert lab.status()["state"] == "up"


def test_a_step_that_fails_undoes_all_and_keeps_the_logs(make_lab: MakeLab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = make_lab("test-failing")
    idents = {lab.lab.ident}
    before = traces(idents)
    with occupied_etcd_port(lab):
        said = lab("up", "--core", fails=True)
    assert "etcd" in said
    kept = Path(said.partition("Its logs are kept in ")[2].splitlines()[0])
    assert (kept / "etcd.log").read_text()
    assert str(kept / "etcd.log") in said
    until_nothing_is_left(before, idents)


def test_two_labs_live_side_by_side(make_lab: MakeLab, core: Command) -> None:
    core("up", "--core")
    twin = make_lab("test-twin")
    twin("up", "--core")
    assert core.status()["state"] == twin.status()["state"] == "up"
    assert not core.lab.claimed.overlaps(twin.lab.claimed)
    twin("kubectl", "create", "namespace", "only-in-the-twin")
    assert "only-in-the-twin" not in core("kubectl", "get", "namespaces")
    twin("kill", "node:node-1")
    assert core.status()["state"] == "up"
    twin("down")
    assert core.status()["state"] == "up"
    assert set(recorded(core.lab)) == set(core.status()["components"])


def seconds_of_children() -> float:
    """The processor time that this process's children have used: what a command costs, however busy the machine is."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def kill_up_when(lab: Command, appeared: Path) -> None:
    """Start the lab and kill its command without mercy as soon as a file has appeared."""
    with subprocess.Popen(lab.argv("up", "--core"), stderr=subprocess.PIPE) as starting:
        until(lambda: appeared.exists() or starting.poll() is not None, f"{appeared} has not appeared", 60)
        starting.kill()
    assert appeared.exists()


@contextlib.contextmanager
def occupied_etcd_port(lab: Command) -> Iterator[None]:
    """Etcd's port on the bridge that the lab will have is taken, before there is a bridge."""
    address = replace(lab.lab, network=free_network(lab.lab.ident, networks_in_use())).address
    with socket.socket() as blocker:
        blocker.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
        blocker.bind((str(address), ETCD_PORT))
        blocker.listen()
        yield
