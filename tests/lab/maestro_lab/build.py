# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Go programs, kept by content in the user's cache: what has not changed is not built again.

The programs of one GoPrograms lie in CACHE/build/NAME/KEY/bin. KEY is a hash of their sources, the pinned versions,
Go's version and the flags, so checkouts share builds, and a running lab keeps the programs that it was started with.
Those that are missing are built by as few `go build` commands as can be: one command uses all cores to its end.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .compile_progress import compile_progress
from .failure import LabError
from .golang import FLAGS, LAB_MODULE, environment, go_program, go_version
from .locks import cache_lock, held
from .names import cache_directory

KEPT_BUILDS = 5
SCRATCH = ".new-"


@dataclass(frozen=True)
class GoPrograms:
    """Packages of one Go module that are programs, and how they are linked.

    `aliases` gives a built program further names (as links), for programs that look at the name they are called by.
    `module` is the folder whose go.mod pins the versions. `alone` keeps packages out of a command with others: Go
    refuses two imports whose paths differ in case only.
    """

    name: str
    packages: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    module: Path = LAB_MODULE
    alone: bool = False

    @property
    def target(self) -> Path:
        return cache_directory() / "build" / self.name / self.key()

    def key(self) -> str:
        """Names a build by all that goes into it."""
        digest = hashlib.sha256()
        flags = [self.link_flags(), FLAGS, sorted(self.aliases.items())]
        digest.update(json.dumps([go_version(self.module), self.packages, *flags]).encode())
        for path in self._sources():
            digest.update(f"\0{path.relative_to(self.module)}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()[:16]

    def link_flags(self) -> str:
        settings = [f"-X {variable}={value}" for variable, value in sorted(self.variables.items())]
        return " ".join(["-s", "-w", *settings])

    def is_built(self) -> bool:
        return (self.target / "bin").is_dir()

    def _sources(self) -> list[Path]:
        """The pinned versions, and the files of those packages that the module has itself."""
        own = [self.module / package for package in self.packages if package.startswith(".")]
        files = {path for folder in own for path in folder.rglob("*") if path.is_file()}
        pins = (self.module / "go.mod", self.module / "go.sum")
        return sorted({*(path for path in pins if path.is_file()), *(f for f in files if not _is_test(f))})


def build(programs: GoPrograms) -> Path:
    """The directory of the programs, built first when the cache has not got them."""
    return build_all([programs])[0]


def build_all(wanted: Sequence[GoPrograms]) -> list[Path]:
    """The directories of all these programs; those that the cache has not got are built together."""
    targets = {id(programs): programs.target for programs in wanted}  # of the sources now, whatever is edited meanwhile
    if not all(programs.is_built() for programs in wanted):
        names = ", ".join(dict.fromkeys(programs.name for programs in wanted if not programs.is_built()))
        with held(cache_lock("build"), f"another build, before {names}") as lock:
            for batch in batches([programs for programs in wanted if not programs.is_built()]):
                _compile(batch, targets, lock)
    for target in targets.values():
        os.utime(target)
        _forget_old(target.parent)
    return [targets[id(programs)] / "bin" for programs in wanted]


def batches(missing: Sequence[GoPrograms]) -> list[list[GoPrograms]]:
    """Programs that one command can build, the largest lot first; a package can be linked once in a command."""
    lots: list[list[GoPrograms]] = []
    for programs in missing:
        fits = (lot for lot in lots if not programs.alone and _fits(programs, lot))
        lot = next(fits, None)
        if lot is None:
            lots.append([programs])
        else:
            lot.append(programs)
    return sorted(lots, key=len, reverse=True)


def _fits(programs: GoPrograms, lot: Sequence[GoPrograms]) -> bool:
    taken = {package for other in lot for package in other.packages}
    alike = all(other.module == programs.module and not other.alone for other in lot)
    return alike and not taken & set(programs.packages)


def _is_test(path: Path) -> bool:
    return path.name.endswith("_test.go")


def _compile(lot: Sequence[GoPrograms], targets: Mapping[int, Path], lock: int) -> None:
    """Build the programs of a lot and put each in its place whole. What a killed build left is removed first."""
    home, module = cache_directory() / "build", lot[0].module
    home.mkdir(parents=True, exist_ok=True)
    for left in home.glob(f"{SCRATCH}*"):
        shutil.rmtree(left, ignore_errors=True)
    names = ", ".join(programs.name for programs in lot)
    log = home / f"{lot[0].name}.log"
    packages = [package for programs in lot for package in programs.packages]
    with tempfile.TemporaryDirectory(dir=home, prefix=SCRATCH) as scratch:
        command = [go_program(module), "build", *FLAGS, *_link_options(lot), "-v", "-o", f"{scratch}/", *packages]
        with compile_progress(module, packages, names, log), log.open("w") as output:
            run = subprocess.run(
                command,
                cwd=module,
                env=environment(),
                stdout=output,
                stderr=output,
                check=False,
                pass_fds=(lock,),
            )
        if run.returncode:
            failed = f"{names}: does not build (go exited with {run.returncode})"
            raise LabError(f"{failed}. {_tail(log)}\nThe whole log: {log}")
        for programs in lot:
            _place(programs, Path(scratch), targets[id(programs)])


def _link_options(lot: Sequence[GoPrograms]) -> Iterator[str]:
    for programs in lot:
        for package in programs.packages:
            yield f"-ldflags={package}={programs.link_flags()}"


def _place(programs: GoPrograms, built: Path, target: Path) -> None:
    """Move the programs to where they are looked for, in one step."""
    new = built / f"{SCRATCH}{programs.name}"
    (new / "bin").mkdir(parents=True)
    for package in programs.packages:
        name = program_name(programs.module, package)
        (built / name).rename(new / "bin" / name)
    for program, names in programs.aliases.items():
        for name in names:
            (new / "bin" / name).symlink_to(program)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(target, ignore_errors=True)
    new.rename(target)


def program_name(module: Path, package: str) -> str:
    """The file name that Go gives a program: its package's last element that is no major version."""
    parts = (module / package).resolve().parts if package.startswith(".") else Path(package).parts
    return parts[-2] if parts[-1].startswith("v") and parts[-1][1:].isdigit() else parts[-1]


def _forget_old(builds: Path) -> None:
    """Keep the builds used last and those that something runs from; the rest would fill the disk."""
    by_use = sorted((path for path in builds.iterdir() if path.is_dir()), key=_last_use, reverse=True)
    if len(by_use) <= KEPT_BUILDS:
        return
    running = set(_running_programs())
    for path in by_use[KEPT_BUILDS:]:
        if not any(program.is_relative_to(path) for program in running):
            shutil.rmtree(path, ignore_errors=True)


def _last_use(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _running_programs() -> Iterator[Path]:
    """The files that the machine's processes run."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            yield Path(os.readlink(process / "exe"))
        except OSError:
            continue


def _tail(log: Path, lines: int = 20) -> str:
    return "Its last words:\n" + "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
