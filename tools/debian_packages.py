# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Install the Debian packages that lists name and the host lacks: debian_packages.py LIST...

Their daemons are neither started nor enabled: the lab and the tests run their programs by themselves. What was
installed is written down in the cache, so that `make clean-cache` can remove exactly that.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from checkout import CACHE

POLICY = Path("/usr/sbin/policy-rc.d")
"""Debian asks this program whether a package may start its daemon; 101 forbids it (invoke-rc.d(8))."""

UNITS = Path("/etc/systemd/system")
INSTALLED = CACHE / "debian-packages.json"
NOTICE = """\
  They come with what they depend on, and with the system users and data folders that their scripts make (postgres:
  /var/lib/postgresql, redis: /var/lib/redis). No daemon is started and none is enabled for the next boot.
  `make clean-cache` removes what is installed now."""


def named_in(path: Path) -> list[str]:
    """Return the packages of a list: one a line, # starts a comment."""
    lines = (line.split("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line]


def installed() -> set[str]:
    """Return all packages of the host."""
    query = ["dpkg-query", "--show", "--showformat", "${Package} ${db:Status-Abbrev}\n"]
    answer = subprocess.run(query, capture_output=True, text=True, check=False).stdout
    return {line.split()[0] for line in answer.splitlines() if line.split()[1:] == ["ii"]}


def missing_of(packages: list[str]) -> list[str]:
    """Return those that are not installed, in the list's order."""
    there = installed()
    return [package for package in packages if package not in there]


@contextmanager
def no_daemons(policy: Path = POLICY, units: Path = UNITS) -> Iterator[None]:
    """Let no package start a daemon meanwhile or enable it for the next boot; a policy that the host has stays."""
    before = set(enabled(units))
    own = not policy.exists()
    if own:
        policy.write_text("#!/bin/sh\nexit 101\n", encoding="utf-8")
        policy.chmod(0o755)
    try:
        yield
    finally:
        if own:
            policy.unlink()
        for link in enabled(units):
            if link not in before:
                link.unlink()


def enabled(units: Path = UNITS) -> Iterator[Path]:
    """Yield the links by which systemd starts units at boot, and their aliases."""
    yield from (path for path in units.glob("**/*") if path.is_symlink())


def recorded() -> list[str]:
    """Return the packages that the project's targets have installed on this host."""
    return list(json.loads(INSTALLED.read_text(encoding="utf-8"))) if INSTALLED.is_file() else []


def record(packages: set[str]) -> None:
    """Add packages to those that the project's targets have installed."""
    INSTALLED.parent.mkdir(parents=True, exist_ok=True)
    whole = INSTALLED.with_suffix(".new")
    whole.write_text(json.dumps(sorted({*recorded(), *packages}), indent=1), encoding="utf-8")
    whole.replace(INSTALLED)


def install(packages: list[str]) -> int:
    """Refresh the lists and install, with apt's own progress; return apt's exit code."""
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    update = subprocess.run(["apt-get", "update", "-q"], env=quiet, check=False)
    if update.returncode != 0:
        return update.returncode
    before = installed()
    command = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages]
    try:
        with no_daemons():
            return subprocess.run(command, env=quiet, check=False).returncode
    finally:
        record(installed() - before)


def remove(packages: list[str]) -> int:
    """Purge these packages if no other needs them; return apt's exit code, or 1 when another would go with them."""
    command = ["apt-get", "purge", "-y", "-q", *packages]
    planned = subprocess.run([*command, "--simulate"], capture_output=True, text=True, check=False)
    if planned.returncode != 0:
        print(planned.stderr, end="", file=sys.stderr)
        return planned.returncode
    others = would_go(planned.stdout) - set(packages)
    if others:
        print(f"debian_packages: not removed, since {', '.join(sorted(others))} would go with them", file=sys.stderr)
        return 1
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(command, env=quiet, check=False).returncode


def would_go(simulated: str) -> set[str]:
    """Return the packages that a simulated apt-get says it removes."""
    words = (line.split() for line in simulated.splitlines())
    return {line[1].partition(":")[0] for line in words if line[:1] in (["Purg"], ["Remv"])}


def main() -> int:
    """Install what is missing; return the exit code."""
    listed = [name for path in sys.argv[1:] for name in named_in(Path(path))]
    step = os.environ.get("PACKAGES_STEP", "")
    if not shutil.which("dpkg-query"):
        print(f"debian_packages: not a Debian host; see that it has: {' '.join(listed)}", file=sys.stderr)
        return 0
    missing = missing_of(listed)
    if not missing:
        if step:
            print(f"{step} Debian packages: all there", flush=True)
        return 0
    line = f"apt-get install -y --no-install-recommends {' '.join(missing)}"
    if os.geteuid() != 0:
        print(f"debian_packages: packages are missing and this is not root. Run: {line}", file=sys.stderr)
        return 1
    label = f"{step} Debian packages (about 30 s): " if step else ""
    print(f"{label}installing {len(missing)}: {' '.join(missing)}\n{NOTICE}", flush=True)
    return install(missing)


if __name__ == "__main__":
    sys.exit(main())
