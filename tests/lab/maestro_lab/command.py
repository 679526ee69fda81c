# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Other programs, run to their end."""

from __future__ import annotations

import subprocess

from .failure import LabError


def run(*argv: str, stdin: str | None = None, timeout: float = 60.0) -> str:
    """What the program printed; its error stream in the message when it fails."""
    shown = " ".join(argv)
    try:
        done = subprocess.run(argv, input=stdin, capture_output=True, text=True, check=False, timeout=timeout)
    except FileNotFoundError:
        raise LabError(f"`{argv[0]}` is not installed, which `{shown}` needs") from None
    except subprocess.TimeoutExpired:
        raise LabError(f"`{shown}` did not end within {timeout:.0f} s") from None
    if done.returncode:
        said = done.stderr.strip() or done.stdout.strip() or "nothing"
        raise LabError(f"`{shown}` failed with exit code {done.returncode} and said: {said}")
    return done.stdout


def attempt(*argv: str) -> bool:
    """Whether the program succeeded; for taking away what may not be there."""
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0
