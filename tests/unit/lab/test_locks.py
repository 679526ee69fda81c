# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Locks: one holder at a time, and none left behind by a process that was killed."""

from __future__ import annotations

import subprocess
import sys
import threading
import uuid

import pytest

from maestro_lab import locks
from maestro_lab.failure import LabError
from maestro_lab.locks import held

HOLD = "import sys; from maestro_lab.locks import held\nwith held(sys.argv[1], 'x'): print('held', flush=True); input()"


@pytest.fixture
def name() -> str:
    return f"test-{uuid.uuid4()}"


def test_the_second_waits_until_the_first_lets_go(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    order: list[str] = []

    def second() -> None:
        with held(name, "the first"):
            order.append("second")

    with held(name, "nobody"):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.2)
        order.append("first")
    thread.join(30)
    assert order == ["first", "second"]
    assert capsys.readouterr().err.count("waiting for the first") == 1


def test_a_killed_holder_leaves_no_lock(name: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, name], stdin=-1, stdout=-1, env={"PYTHONPATH": ":".join(sys.path)}
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        holder.kill()
    with held(name, "a dead process"):
        pass


def test_patience_ends_with_a_message(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "PATIENCE", 0.1)
    with held(name, "nobody"), pytest.raises(LabError, match="for the first to end"), held(name, "the first"):
        pass
