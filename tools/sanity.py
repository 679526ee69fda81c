# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Run ansible-test sanity, with nothing ignored, on the built tarball as a user would install it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import ansible_test
from build import installed
from checkout import CACHE, ROOT, environment

# pslint judges PowerShell, of which there is none, and needs pwsh.
LEFT_OUT = ("pslint",)
# ansible-test keeps its virtual environments below the home directory: here it is one that outlives the checkout.
HOME = CACHE / "ansible-test"


def lay_pip_bootstrap() -> None:
    """Lay our script where ansible-test keeps the one it downloads, for the pip version that it names."""
    source = Path(ansible_test.__path__[0], "_internal", "python_requirements.py").read_text(encoding="utf-8")
    version = re.search(r"^\s*pip='([\d.]+)',$", source, re.MULTILINE)
    if not version:
        raise SystemExit("sanity: this ansible-test no longer names its pip version where tools/sanity.py looks for it")
    cached = HOME / ".ansible" / "test" / "cache" / f"get_pip_{version[1].replace('.', '_')}.py"
    cached.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(ROOT / "tools" / "pip_bootstrap.py", cached)


def sanity(home: Path) -> int:
    """Run the sanity tests in the folder of a collection; return the exit code."""
    skipped = [option for test in LEFT_OUT for option in ("--skip-test", test)]
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    command = ["ansible-test", "sanity", "--color", "no", "--requirements", "--python", python, *skipped, *sys.argv[1:]]
    return subprocess.run(command, cwd=home, env=environment(HOME=str(HOME)), check=False).returncode


def main() -> int:
    """Build, install into a folder of its own, test."""
    lay_pip_bootstrap()
    with installed() as home:
        return sanity(home)


if __name__ == "__main__":
    sys.exit(main())
