# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Labs of these tests' own: never the one that others use."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from maestro_lab.names import Lab, lab_named
from maestro_lab.record import opened

LAB = Path(__file__).resolve().parents[2] / "lab" / "lab"
LONGEST_UP = 300


@dataclass(frozen=True)
class Command:
    """The command `lab` for one lab."""

    name: str

    def __call__(self, *arguments: str, fails: bool = False) -> str:
        """Run a verb; its output and its messages together."""
        done = subprocess.run(
            self.argv(*arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LONGEST_UP,
            check=False,
        )
        assert (done.returncode != 0) is fails, (
            f"lab {' '.join(arguments)} exited with {done.returncode}:\n{done.stdout}"
        )
        return done.stdout

    def argv(self, *arguments: str) -> list[str]:
        return [str(LAB), "--name", self.name, *arguments]

    def status(self) -> dict[str, Any]:
        """The state as `status` tells it; its exit code says the same as its words."""
        command = self.argv("status", "--json")
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=LONGEST_UP, check=False)
        found = json.loads(done.stdout)
        assert isinstance(found, dict)
        assert (done.returncode == 0) is (found["state"] == "up")
        return found

    @property
    def lab(self) -> Lab:
        return opened(lab_named(self.name))


@pytest.fixture(scope="module")
def make_lab() -> Iterator[Callable[[str], Command]]:
    """Gives the command for a lab of a name; what is up at the end of the module's tests is taken down."""
    os.environ.setdefault("MAESTRO_PYTHON", sys.executable)
    made: list[Command] = []

    def make(name: str) -> Command:
        made.append(Command(name))
        made[-1]("down")
        return made[-1]

    yield make
    for command in made:
        command("down")


@pytest.fixture(scope="module")
def core(make_lab: Callable[[str], Command]) -> Command:
    """A running lab of Kubernetes alone."""
    command = make_lab("test-core")
    command("up", "--core")
    return command
