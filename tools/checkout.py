# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Where things lie in the checkout, and how its commands are started."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
ARTIFACTS = ROOT / "artifacts"
COLLECTIONS = VENV / "collections"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "intelgraph-maestro"
LAB_COMMAND = ROOT / "tests" / "lab" / "lab"
LAB_STATES = Path(os.environ.get("MAESTRO_LAB_STATE") or "/var/lib/maestro-lab")


def environment(**extra: str) -> dict[str, str]:
    """Return the environment of every command: the checkout's programs and collections come first.

    Compiled Python is kept, apart from the sources: each test and each play would compile the collection again.
    """
    own = {
        "PATH": f"{VENV / 'bin'}:{os.environ['PATH']}",
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        "ANSIBLE_HOME": str(ROOT / ".cache" / "ansible"),
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONPYCACHEPREFIX": str(ROOT / ".cache" / "python"),
        "PYTHONUNBUFFERED": "1",
    }
    return {**os.environ, **own, **extra}


def tracked_files() -> list[Path]:
    """Return the files that belong to the project, relative to its root: what git tracks or would add."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    paths = (Path(name) for name in listing.split("\0") if name)
    return sorted(path for path in paths if (ROOT / path).is_file())


class Lab:
    """One lab, by its name, through the command that a person would use."""

    def __init__(self, name: str) -> None:
        """Name a lab; nothing is started."""
        self.name = name
        self.state = LAB_STATES / name

    def command(self, *verb: str) -> list[str]:
        """Return the argv of one verb."""
        return [str(LAB_COMMAND), "--name", self.name, *verb]

    def said(self, *verb: str) -> str:
        """Run one verb and return what it printed, nothing when it failed."""
        done = subprocess.run(
            self.command(*verb), env=environment(), cwd=ROOT, capture_output=True, text=True, check=False
        )
        return done.stdout if done.returncode == 0 else ""

    def run(self, *verb: str) -> int:
        """Run one verb in the foreground; return its exit code."""
        return subprocess.run(self.command(*verb), env=environment(), cwd=ROOT, check=False).returncode

    def is_up(self) -> bool:
        """Say whether the lab runs and is whole."""
        return bool(json.loads(self.said("status", "--json") or "{}").get("state") == "up")

    def facts(self) -> dict[str, Any]:
        """Return what the lab says of itself: addresses, credentials, paths."""
        content: dict[str, Any] = json.loads((self.state / "facts.json").read_text(encoding="utf-8"))
        return content
