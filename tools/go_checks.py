# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Check the project's own Go code with the toolchain that builds the lab: go_checks.py format|test."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from checkout import ROOT, environment, tracked_files

sys.path.insert(0, str(ROOT / "tests" / "lab"))
from maestro_lab import golang


def sources() -> list[Path]:
    """Return the project's Go files."""
    return [ROOT / path for path in tracked_files() if path.suffix == ".go"]


def tested_packages() -> dict[Path, list[str]]:
    """Return the packages that have tests, by the folder of their go.mod."""
    folders = sorted({path.parent for path in sources() if path.name.endswith("_test.go")})
    found: dict[Path, list[str]] = {}
    for folder in folders:
        module = next(parent for parent in (folder, *folder.parents) if (parent / "go.mod").is_file())
        found.setdefault(module, []).append(f"./{folder.relative_to(module)}")
    return found


def check_format() -> int:
    """Print the files that gofmt would change; return 1 when there is one."""
    files = sources()
    gofmt = Path(golang.go_program(golang.LAB_MODULE)).with_name("gofmt")
    command = [str(gofmt), "-l", *map(str, files)]
    differing = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    print(
        "\n".join(f"not as gofmt writes it: {path}" for path in differing) or f"{len(files)} files as gofmt writes them"
    )
    return int(bool(differing))


def test() -> int:
    """Vet and test them with the build's flags, so that they share what is compiled; return 1 when one fails."""
    failed = 0
    for module, packages in tested_packages().items():
        for command in ("vet", "test"):
            go = [golang.go_program(module), command, *golang.FLAGS, *packages]
            failed |= subprocess.run(go, cwd=module, env=environment(**golang.environment()), check=False).returncode
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit({"format": check_format, "test": test}[sys.argv[1]]())
