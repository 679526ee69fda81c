# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Remove what the project's targets keep on this machine outside the checkout: caches and Debian packages."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import debian_packages
from checkout import CACHE, LAB_STATES


def size_of(path: Path) -> int:
    """Return the bytes that a folder takes on disk, 0 when it is not there."""
    if not path.exists():
        return 0
    counted = subprocess.run(["du", "-s", "--block-size=1", str(path)], capture_output=True, text=True, check=False)
    return int(counted.stdout.split()[0]) if counted.stdout else 0


def in_words(size: int) -> str:
    """Return a size as a person says it."""
    return f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e6:.0f} MB"


def running_labs() -> list[str]:
    """Return the names of the labs that are on this machine: they run programs out of the cache."""
    if not LAB_STATES.is_dir():
        return []
    return sorted(path.name for path in LAB_STATES.iterdir() if uses_this_cache(path))


def uses_this_cache(state: Path) -> bool:
    """Say whether a lab runs programs of this user's cache; True when it does not say which it runs."""
    try:
        facts = json.loads((state / "facts.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return state.is_dir()
    return Path(facts["kubectl"]).is_relative_to(CACHE)


def main() -> int:
    """Remove packages first, since the cache holds their list; return the exit code."""
    labs = running_labs()
    if labs:
        down = "; ".join(f"make lab-down LAB={name}" for name in labs)
        print(f"clean-cache: the lab {', '.join(labs)} runs programs out of the cache. First: {down}", file=sys.stderr)
        return 1
    packages = debian_packages.recorded()
    print(f"Removing {CACHE} ({in_words(size_of(CACHE))}): Go's caches, programs, images, wheels", flush=True)
    if packages:
        print(f"Removing {len(packages)} Debian packages that were installed for it: {' '.join(packages)}", flush=True)
        if debian_packages.remove(packages) != 0:
            return 1
    shutil.rmtree(CACHE, ignore_errors=False)
    return 0


if __name__ == "__main__":
    sys.exit(main() if CACHE.exists() else 0)
