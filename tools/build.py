# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Build the collection's tarball into artifacts/ from what belongs to the project, not from what lies about."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from checkout import ARTIFACTS, ROOT, environment, tracked_files


def copy_project(target: Path) -> None:
    """Copy the project's files, and nothing untracked by rule, below a folder."""
    for path in tracked_files():
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, target / path)


def build(output: Path) -> Path:
    """Build the tarball into a folder; return its path. The build's own words are the error."""
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="maestro-build-") as source:
        copy_project(Path(source))
        command = ["ansible-galaxy", "collection", "build", "--force", "--output-path", str(output), source]
        done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"build: {done.stdout}{done.stderr}")
    return Path(done.stdout.strip().rsplit(" at ", 1)[-1])


if __name__ == "__main__":
    print(build(ARTIFACTS))
    sys.exit(0)
