# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Install the Debian packages that lists name and the host lacks: debian_packages.py LIST...

Their daemons are not started: the lab and the tests run their programs by themselves.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

POLICY = Path("/usr/sbin/policy-rc.d")
"""Debian asks this program whether a package may start its daemon; 101 forbids it (invoke-rc.d(8))."""


def named_in(path: Path) -> list[str]:
    """Return the packages of a list: one a line, # starts a comment."""
    lines = (line.split("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line]


def missing_of(packages: list[str]) -> list[str]:
    """Return those that are not installed, in the list's order."""
    query = ["dpkg-query", "--show", "--showformat", "${Package} ${db:Status-Abbrev}\n", *packages]
    answer = subprocess.run(query, capture_output=True, text=True, check=False).stdout
    installed = {line.split()[0] for line in answer.splitlines() if line.split()[1:] == ["ii"]}
    return [package for package in packages if package not in installed]


@contextmanager
def no_daemons(policy: Path = POLICY) -> Iterator[None]:
    """Let no package start a daemon meanwhile; a policy that the host has stays as it is."""
    if policy.exists():
        yield
        return
    policy.write_text("#!/bin/sh\nexit 101\n", encoding="utf-8")
    policy.chmod(0o755)
    try:
        yield
    finally:
        policy.unlink()


def install(packages: list[str]) -> int:
    """Refresh the lists and install, with apt's own progress; return apt's exit code."""
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    update = subprocess.run(["apt-get", "update", "-q"], env=quiet, check=False)
    if update.returncode != 0:
        return update.returncode
    command = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages]
    with no_daemons():
        return subprocess.run(command, env=quiet, check=False).returncode


def main() -> int:
    """Install what is missing; return the exit code."""
    listed = [name for path in sys.argv[1:] for name in named_in(Path(path))]
    if not shutil.which("dpkg-query"):
        print(f"debian_packages: not a Debian host; see that it has: {' '.join(listed)}", file=sys.stderr)
        return 0
    missing = missing_of(listed)
    if not missing:
        return 0
    line = f"apt-get install -y --no-install-recommends {' '.join(missing)}"
    if os.geteuid() != 0:
        print(f"debian_packages: packages are missing and this is not root. Run: {line}", file=sys.stderr)
        return 1
    print(f"Installing {len(missing)} Debian packages: {' '.join(missing)}", flush=True)
    return install(missing)


if __name__ == "__main__":
    sys.exit(main())
