# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A process is known to have ended only where that can be known: on its own host, since its boot, in its namespace."""

from __future__ import annotations

import os
import pathlib
import subprocess
import time

import pytest

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster import process_identity
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.process_identity import (
    age_of,
    identity_of,
    is_gone,
)


def test_a_process_that_runs_is_not_gone() -> None:
    assert len(identity_of(os.getpid()).split()) == 5
    assert not is_gone(identity_of(os.getpid()))


def test_a_process_is_gone_once_it_has_ended_though_nobody_has_asked_for_it() -> None:
    process = subprocess.Popen(["sleep", "60"])
    identity = identity_of(process.pid)
    assert not is_gone(identity)
    process.kill()
    deadline = time.monotonic() + 10
    while not is_gone(identity) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert is_gone(identity), "it is a zombie"
    process.wait()
    assert is_gone(identity)


def test_another_process_with_the_same_id_is_another_process() -> None:
    assert is_gone(f"{identity_of(os.getpid())}7")


@pytest.mark.parametrize("place", [0, 1, 2])
def test_of_another_host_another_boot_or_another_container_nothing_is_known(place: int) -> None:
    words = identity_of(os.getpid()).split(" ")
    words[place] = f"{words[place]}x"
    words[3] = "4194304"
    assert not is_gone(" ".join(words))


@pytest.mark.parametrize("text", ["", " ", "a b c d e", "7", "0 0", f"{'x' * 10_000} 1 1", "\x00 \x00 \x00", "- -1 1"])
def test_what_is_no_identity_says_nothing(text: str) -> None:
    assert not is_gone(text)


@pytest.mark.parametrize("pid", ["0", "-1", "99999999999999999999", "٣"])
def test_an_id_that_no_process_has_says_nothing(pid: str) -> None:
    words = identity_of(os.getpid()).split(" ")
    words[3] = pid
    assert not is_gone(" ".join(words))


def test_where_the_system_tells_nothing_nothing_is_known(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    mine = identity_of(os.getpid())
    for name in ("PROC", "BOOT_ID", "NAMESPACE"):
        monkeypatch.setattr(process_identity, name, tmp_path / "missing")
    assert identity_of(os.getpid()) == ""
    assert age_of(os.getpid()) is None
    assert not is_gone(mine)


def test_the_age_of_a_process_is_measured() -> None:
    process = subprocess.Popen(["sleep", "60"])
    time.sleep(0.3)
    age = age_of(process.pid)
    process.kill()
    process.wait()
    assert age is not None
    assert 0.2 < age < 10
