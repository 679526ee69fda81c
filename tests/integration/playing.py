# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs playbooks as a user does, with `ansible-playbook` and the lab's inventory, and reads what each task returned."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import typing as t

ROOT = pathlib.Path(__file__).resolve().parents[2]
COLLECTIONS = ROOT / ".venv" / "collections"
RELEASE = "intelgraph.maestro.release"
SECONDS = 900


@dataclasses.dataclass(frozen=True)
class Play:
    """A finished run: exit code, output of both streams, and the journal of its tasks."""

    rc: int
    output: str
    tasks: tuple[dict[str, t.Any], ...]
    seconds: float

    @property
    def release(self) -> dict[str, t.Any]:
        """What the release task returned."""
        return self.result_of(RELEASE)

    def result_of(self, action: str) -> dict[str, t.Any]:
        """The result of the last task with that action; fails with the output when there is none."""
        found = [entry["result"] for entry in self.tasks if entry["action"] == action]
        assert found, f"no {action} task ran:\n{self.output}"
        return t.cast("dict[str, t.Any]", found[-1])

    @property
    def failure(self) -> str:
        """The message of the task that failed."""
        found = [entry["result"].get("msg", "") for entry in self.tasks if entry["state"] == "failed"]
        return str(found[-1]) if found else ""

    @property
    def warnings(self) -> list[str]:
        return [line for line in self.output.splitlines() if "[WARNING]" in line or "[DEPRECATION" in line]


def play(
    playbook: str,
    *arguments: str,
    inventory: str = str(ROOT / "inventories" / "lab"),
    environment: t.Mapping[str, str] | None = None,
    **variables: t.Any,
) -> Play:
    """Run a playbook (by its name in the collection, or a path) with extra variables of their own types."""
    with tempfile.TemporaryDirectory(prefix="maestro-play-") as folder:
        given = pathlib.Path(folder) / "variables.json"
        given.write_text(json.dumps(variables), encoding="utf-8")
        journal = pathlib.Path(folder) / "journal"
        journal.touch()
        command = [*command_of(playbook, inventory), "-e", f"@{given}", *arguments]
        begun = time.monotonic()
        rc, output = _run(command, {**os.environ, **_environment(journal), **(environment or {})})
        tasks = tuple(json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines())
        return Play(rc, output, tasks, time.monotonic() - begun)


def _run(command: list[str], environment: dict[str, str]) -> tuple[int, str]:
    """Exit code and output. A play that does not end is ended with all that it has started, and its output shown."""
    with subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as running:
        try:
            output, _ = running.communicate(timeout=SECONDS)
        except BaseException:
            os.killpg(running.pid, signal.SIGKILL)
            print(running.communicate()[0])
            raise
    return running.returncode, output


def command_of(playbook: str, inventory: str = str(ROOT / "inventories" / "lab")) -> list[str]:
    """What a user types to run a playbook."""
    return [str(pathlib.Path(sys.executable).with_name("ansible-playbook")), "-i", inventory, playbook]


def _environment(journal: pathlib.Path) -> dict[str, str]:
    return {
        "ANSIBLE_COLLECTIONS_PATH": os.environ.get("ANSIBLE_COLLECTIONS_PATH", str(COLLECTIONS)),
        "ANSIBLE_CALLBACK_PLUGINS": str(pathlib.Path(__file__).with_name("callbacks")),
        "ANSIBLE_CALLBACKS_ENABLED": "journal",
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_RETRY_FILES_ENABLED": "0",
        "MAESTRO_JOURNAL": str(journal),
    }
