# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Every fault does to the cluster what it says, and is undone."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from statistics import median

import pytest

from maestro_lab import api
from maestro_lab.component import main_process, recorded
from maestro_lab.failure import LabError
from maestro_lab.waiting import until
from tests.integration.lab.conftest import Command

KUBELET_PORT = 10250
BACK = 180
"""Seconds within which a cluster must have noticed what came or went."""
DELAY = 80
MEGABYTES = 8
FETCH = """
import socket, sys
connection = socket.create_connection((sys.argv[1], int(sys.argv[2])))
total = 0
while part := connection.recv(65536):
    total += len(part)
print(total)
"""


@pytest.fixture(autouse=True)
def whole(core: Command) -> Iterator[None]:
    """Each test begins and ends with a whole lab."""
    yield
    core("up", "--core")
    for node in core.lab.nodes:
        core("heal", node.name)
    until(lambda: len(api.ready_nodes(core.lab)) == 3, "the lab is not whole again", BACK)


def connects(core: Command, node: str, timeout: float = 0.5) -> float | None:
    """Seconds until a connection to the node's kubelet stands; None when it does not within the time."""
    began = time.monotonic()
    try:
        socket.create_connection((str(core.lab.node(node).address), KUBELET_PORT), timeout).close()
    except OSError:
        return None
    return time.monotonic() - began


def serves(core: Command) -> bool:
    try:
        api.get(core.lab, "/api/v1/namespaces/default")
    except LabError:
        return False
    return True


@pytest.mark.parametrize(
    "target", ["apiserver", "etcd", "scheduler", "controller-manager", "kubelet:node-1", "containerd:node-2"]
)
@pytest.mark.parametrize("verb", ["stop", "kill"])
def test_a_component_stops_and_starts(core: Command, verb: str, target: str) -> None:
    component = recorded(core.lab)[target]
    before = main_process(core.lab, component)
    core(verb, target)
    assert main_process(core.lab, component) is None
    core("start", target)
    assert main_process(core.lab, component) not in (None, before)


@pytest.mark.parametrize("target", ["apiserver", "etcd"])
def test_without_its_api_server_or_etcd_the_cluster_does_not_answer(core: Command, target: str) -> None:
    assert serves(core)
    core("kill", target)
    assert not serves(core)
    core("start", target)
    until(lambda: serves(core), "the API does not come back", BACK)


def test_a_paused_etcd_holds_every_answer_until_it_is_resumed(core: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "TIMEOUT", 1.0)
    core("pause", "etcd")
    try:
        with pytest.raises(LabError, match=r"timed out|504"):
            api.get(core.lab, "/api/v1/nodes?resourceVersion=")
    finally:
        core("resume", "etcd")
    until(lambda: serves(core), "etcd does not go on", BACK)


def test_a_stopped_kubelet_is_noticed_by_the_cluster_and_comes_back(core: Command) -> None:
    core("stop", "kubelet:node-1")
    assert connects(core, "node-1") is None
    until(lambda: "node-1" not in api.ready_nodes(core.lab), "node-1 still counts as Ready", BACK)
    core("start", "kubelet:node-1")
    until(lambda: "node-1" in api.ready_nodes(core.lab), "node-1 does not get Ready", BACK)


@pytest.mark.parametrize("verb", ["stop", "kill"])
def test_a_node_without_power_is_gone_from_the_network_and_comes_back_with_its_files(core: Command, verb: str) -> None:
    kept = core.lab.node("node-3").directory / "lib" / "kept"
    kept.write_text("still here\n")
    core(verb, "node:node-3")
    assert connects(core, "node-3") is None
    assert connects(core, "node-1") is not None
    core("start", "node:node-3")
    until(lambda: "node-3" in api.ready_nodes(core.lab), "node-3 does not get Ready", BACK)
    assert core("exec", "node-3", "--", "cat", "/var/lib/kept") == "still here\n"


def test_a_cut_node_hears_nobody_and_nobody_hears_it_until_it_is_healed(core: Command) -> None:
    core("cut", "node-2")
    assert connects(core, "node-2") is None
    assert connects(core, "node-1") is not None
    reach = ["exec", "node-2", "--", "timeout", "2", "bash", "-c", f"</dev/tcp/{core.lab.address}/6443"]
    core(*reach, fails=True)
    core("heal", "node-2")
    assert connects(core, "node-2") is not None
    core(*reach)


def test_a_delay_holds_frames_back_each_way_and_passes_big_data_whole(core: Command) -> None:
    usual = min(connects(core, "node-1", 5) or 9 for _ in range(3))
    core("delay", "node-1", str(DELAY))
    slowed = min(connects(core, "node-1", 5) or 9 for _ in range(3))
    assert slowed * 1000 >= DELAY * 2
    assert (slowed - usual) * 1000 <= DELAY * 2 + 60
    assert fetched(core, "node-1", MEGABYTES) == MEGABYTES << 20
    core("heal", "node-1")
    assert median(connects(core, "node-1", 5) or 9 for _ in range(3)) * 1000 < DELAY


def fetched(core: Command, node: str, megabytes: int) -> int:
    """How many bytes a program on the node gets of so many that the machine sends it over the bridge."""
    with socket.create_server((str(core.lab.address), 0)) as listening, ThreadPoolExecutor(1) as pool:
        fetch = (
            "exec",
            node,
            "--",
            sys.executable,
            "-c",
            FETCH,
            str(core.lab.address),
            str(listening.getsockname()[1]),
        )
        got = pool.submit(core, *fetch)
        listening.settimeout(10)
        connection, _ = listening.accept()
        with connection:
            connection.sendall(bytes(megabytes << 20))
        return int(got.result())
