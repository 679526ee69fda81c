# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Components: what is kept of them, which process is theirs, and what is said when they do not start."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from maestro_lab import cgroups, component
from maestro_lab.component import Component, await_ready, has_ended, last_words, main_process, recorded
from maestro_lab.failure import LabError
from maestro_lab.names import Lab
from maestro_lab.waiting import until

SLEEP = "/usr/bin/sleep"


@pytest.fixture
def in_group(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The process ids that the component's group is said to have."""
    pids: list[int] = []
    monkeypatch.setattr(cgroups, "processes", lambda *_, **__: list(pids))
    return pids


@pytest.fixture
def sleeping() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([SLEEP, "60"])
    while os.readlink(f"/proc/{process.pid}/exe") != SLEEP:
        time.sleep(0.01)
    yield process
    process.kill()
    process.wait()


def test_what_a_component_was_started_with_is_kept_privately(lab: Lab) -> None:
    redis = Component("redis", ("/usr/bin/redis-server", "x.conf"), host="db", user="redis", environment={"A": "1"})
    component._remember(lab, redis)
    assert recorded(lab) == {"redis": redis}
    kept = lab.state / "components" / "redis.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_components_of_one_kind_on_several_hosts_are_told_apart(lab: Lab) -> None:
    for name in ("node-1", "node-2"):
        component._remember(lab, Component(f"kubelet:{name}", ("/bin/kubelet",), host=name))
    assert sorted(recorded(lab)) == ["kubelet:node-1", "kubelet:node-2"]


def test_a_forgotten_component_is_not_started_again(lab: Lab, in_group: list[int]) -> None:
    relay = Component("delay:node-1", (SLEEP, "1"))
    component._remember(lab, relay)
    component.forget(lab, relay)
    assert recorded(lab) == {}


def test_the_process_of_a_component_is_the_one_that_runs_its_program(
    lab: Lab, in_group: list[int], sleeping: subprocess.Popen[bytes]
) -> None:
    in_group += [os.getpid(), sleeping.pid]
    assert main_process(lab, Component("sleeper", (SLEEP, "60"))) == sleeping.pid
    assert main_process(lab, Component("other", ("/usr/bin/tail",))) is None


def test_of_a_program_that_forks_the_first_process_counts(lab: Lab, in_group: list[int]) -> None:
    script = """if True:
        import subprocess, sys
        child = subprocess.Popen([sys.executable, "-c", "input()"])
        print(child.pid, flush=True)
        input()"""
    with subprocess.Popen([sys.executable, "-c", script], stdin=-1, stdout=-1, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        in_group += [child, parent.pid]
        found = main_process(lab, Component("forker", (sys.executable,)))
        parent.communicate("\n\n")
    assert found == parent.pid


def test_a_link_to_a_program_of_many_names_is_the_same_program(
    lab: Lab, in_group: list[int], sleeping: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    (tmp_path / "kubelet").symlink_to(SLEEP)
    in_group.append(sleeping.pid)
    assert main_process(lab, Component("kubelet:node-1", (str(tmp_path / "kubelet"),))) == sleeping.pid


def test_what_a_killed_component_left_is_removed_before_it_starts(
    lab: Lab, in_group: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = tmp_path / "postmaster.pid"
    lock.write_text("1\n")
    monkeypatch.setattr(cgroups, "create", lambda *_: None)
    started = component.start(lab, Component("postgresql", ("/bin/true",), leftovers=(str(lock),)))
    assert started is not None
    started.wait()
    assert not lock.exists()


def test_a_component_that_ends_at_its_start_is_told_with_its_last_words(lab: Lab, in_group: list[int]) -> None:
    etcd = Component("etcd", ("/bin/false",))
    lab.logs.mkdir(parents=True)
    lab.log("etcd").write_text("first\n" * 50 + "bind: address already in use\n")
    process = subprocess.Popen(["/bin/false"])
    process.wait()
    with pytest.raises(
        LabError, match=r"(?s)etcd ended at its start \(exit code 1\).*etcd\.log.*address already in use"
    ):
        await_ready(lab, etcd, process, timeout=5)


def test_a_component_that_never_gets_ready_is_told_after_the_time_given(lab: Lab, in_group: list[int]) -> None:
    began = time.monotonic()
    with pytest.raises(LabError, match="etcd is not ready after 0 s"):
        await_ready(lab, Component("etcd", ("/bin/etcd",)), None, timeout=0.2)
    assert time.monotonic() - began < 20


def test_last_words_of_a_component_without_a_log_name_the_file(lab: Lab) -> None:
    assert str(lab.log("etcd")) in last_words(lab, Component("etcd", ("/bin/etcd",)))


def test_a_component_runs_as_another_user_by_the_kernel_s_own_means() -> None:
    assert component._as_user("postgres")[:2] == ["setpriv", "--reuid=postgres"]
    assert component._as_user("") == []


def test_the_runtime_of_a_node_starts_before_what_needs_it(lab: Lab) -> None:
    for kind in ("kubelet", "kube-proxy", "containerd"):
        component._remember(lab, Component(f"{kind}:node-1", (f"/bin/{kind}",), host="node-1"))
    component._remember(lab, Component("etcd", ("/bin/etcd",)))
    names = [one.name for one in component.of_host(lab, "node-1")]
    assert names == ["containerd:node-1", "kubelet:node-1", "kube-proxy:node-1"]


FIRST_THREAD_ENDS = """
import ctypes, threading, time
threading.Thread(target=time.sleep, args=(60,)).start()
print("on", flush=True)
ctypes.CDLL(None).syscall(60, 0)  # exit of this thread alone
"""


def test_a_process_whose_first_thread_has_ended_has_not_ended_before_the_others() -> None:
    with subprocess.Popen([sys.executable, "-c", FIRST_THREAD_ENDS], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        until(lambda: "\nState:\tZ" in Path(f"/proc/{process.pid}/status").read_text(), "its first thread goes on", 5)
        assert not has_ended(process.pid)
        process.kill()
        until(lambda: has_ended(process.pid), "it survives", 5)
        process.wait()
        assert has_ended(process.pid)
