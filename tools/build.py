# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Build the collection's tarball into artifacts/, or another folder, from what belongs to the project."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from checkout import ARTIFACTS, COLLECTIONS, ROOT, environment, tracked_files


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


def unpack(tarball: Path, collections: Path) -> Path:
    """Unpack the tarball as an installed collection, beside the one it depends on; return its folder."""
    home = collections / "ansible_collections" / "intelgraph" / "maestro"
    home.mkdir(parents=True)
    shutil.unpack_archive(tarball, home, "gztar")
    shutil.copytree(COLLECTIONS / "ansible_collections" / "kubernetes", home.parent.parent / "kubernetes")
    return home


@contextmanager
def installed() -> Iterator[Path]:
    """Build the tarball and unpack it below a folder of its own, as long as the context lasts."""
    with tempfile.TemporaryDirectory(prefix="maestro-installed-") as scratch:
        yield unpack(build(Path(scratch) / "tarball"), Path(scratch))


if __name__ == "__main__":
    print(build(Path(sys.argv[1]) if sys.argv[1:] else ARTIFACTS))
    sys.exit(0)
