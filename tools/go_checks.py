# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Check the project's own Go code with the toolchain that builds the lab: go_checks.py format|test."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from checkout import ROOT, environment, tracked_files

sys.path.insert(0, str(ROOT / "tests" / "lab"))
from maestro_lab import build


def sources() -> list[Path]:
    """Return the project's Go files."""
    return [ROOT / path for path in tracked_files() if path.suffix == ".go"]


def tested_modules() -> list[Path]:
    """Return the folders of the Go modules that have tests."""
    tests = [path for path in sources() if path.name.endswith("_test.go")]
    return sorted({next(folder for folder in path.parents if (folder / "go.mod").is_file()) for path in tests})


def check_format() -> int:
    """Print the files that gofmt would change; return 1 when there is one."""
    files = sources()
    gofmt = Path(build.go_program(tested_modules()[0])).with_name("gofmt")
    command = [str(gofmt), "-l", *map(str, files)]
    differing = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    print(
        "\n".join(f"not as gofmt writes it: {path}" for path in differing) or f"{len(files)} files as gofmt writes them"
    )
    return int(bool(differing))


def test() -> int:
    """Vet and test each module, with the build's flags so that they share what is compiled; return 1 when one fails."""
    failed = 0
    for module in tested_modules():
        for command in ("vet", "test"):
            go = [build.go_program(module), command, *build.FLAGS, "./..."]
            failed |= subprocess.run(go, cwd=module, env=environment(**build.ENVIRONMENT), check=False).returncode
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit({"format": check_format, "test": test}[sys.argv[1]]())
