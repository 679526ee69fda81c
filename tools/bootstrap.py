# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Make the checkout's virtual environment: python3 tools/bootstrap.py deploy|test.

Only the standard library, so that any Python can start it. What was installed is stamped by the content of the
requirement files: an unchanged set returns at once, a changed one is installed over what is there.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
REQUIREMENTS = ROOT / "requirements"
COLLECTIONS = VENV / "collections" / "ansible_collections"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "intelgraph-maestro" / "wheels"

OLDEST = (3, 11)
CANDIDATES = ("python3.14", "python3.13", "python3.12", "python3.11", "python3")
SETS = {"deploy": ("deploy.txt",), "test": ("deploy.txt", "test.txt")}
TAKEN_COLLECTION = "ansible_collections/kubernetes/core/"
LINKED = ("galaxy.yml", "meta", "playbooks", "plugins", "roles")


class Refused(Exception):
    """The host cannot carry the environment; the message says what to do."""


def version_of(python: str) -> tuple[int, int] | None:
    """Return (major, minor) of an interpreter, None when it does not run."""
    found = shutil.which(python)
    if not found:
        return None
    code = "import sys; print(*sys.version_info[:2])"
    run = subprocess.run([found, "-c", code], capture_output=True, text=True, check=False)
    if run.returncode != 0:
        return None
    major, minor = run.stdout.split()
    return int(major), int(minor)


def choose_python(asked: str | None) -> str:
    """Return the interpreter to build on: the one asked for, else the newest on the PATH."""
    for python in (asked,) if asked else CANDIDATES:
        version = version_of(python)
        if version and version >= OLDEST:
            return python
    wanted = asked or ", ".join(CANDIDATES)
    raise Refused(
        f"no Python {OLDEST[0]}.{OLDEST[1]} or newer among: {wanted}. Install one or name it: make PYTHON=..."
    )


def run(step: str, *command: str | Path) -> None:
    """Run one command quietly; on failure show what it said."""
    print(f"  {step} ...", flush=True)
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Refused(f"{step} failed with exit code {done.returncode}:\n{done.stdout}{done.stderr}")


def ensure_venv_module(python: str) -> None:
    """Debian packs the venv module apart: install it where it is missing."""
    if subprocess.run([python, "-c", "import ensurepip, venv"], capture_output=True, check=False).returncode == 0:
        return
    major, minor = version_of(python) or OLDEST
    package = f"python{major}.{minor}-venv"
    if not shutil.which("apt-get") or os.geteuid() != 0:
        raise Refused(f"{python} has no venv module. Install it (on Debian: apt-get install {package}) and call again.")
    run("refresh the Debian package lists", "apt-get", "update", "-q")
    run(f"install {package}", "apt-get", "install", "-q", "-y", "--no-install-recommends", package)


def ensure_venv(asked: str | None) -> None:
    """Create the virtual environment unless a working one is there."""
    if version_of(str(VENV / "bin" / "python")):
        return
    python = choose_python(asked)
    ensure_venv_module(python)
    run(f"create .venv with {python}", python, "-m", "venv", "--clear", VENV)


def install_packages(name: str) -> None:
    """Install the requirement files of a set."""
    files = [str(REQUIREMENTS / file) for file in SETS[name]]
    options = [option for file in files for option in ("-r", file)]
    pip = [str(VENV / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run(f"install {' and '.join(SETS[name])} (half a minute when new)", *pip, *options)


def pinned_wheel() -> tuple[str, str]:
    """Return (file name, sha256) of the wheel that holds the collections."""
    lines = (REQUIREMENTS / "collections.txt").read_text(encoding="utf-8").splitlines()
    requirement, digest = next(line for line in lines if not line.startswith("#")).split(" --hash=sha256:")
    name, version = requirement.split("==")
    return f"{name}-{version}-py3-none-any.whl", digest


def fetched_wheel() -> Path:
    """Return the wheel in the cache, downloaded and checked when it is not there."""
    file, digest = pinned_wheel()
    wheel = CACHE / file
    if wheel.is_file() and hashlib.sha256(wheel.read_bytes()).hexdigest() == digest:
        return wheel
    wheel.unlink(missing_ok=True)
    CACHE.mkdir(parents=True, exist_ok=True)
    download = [
        str(VENV / "bin" / "python"),
        "-m",
        "pip",
        "download",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
    ]
    target = ["--only-binary=:all:", "--python-version=3.13", "--require-hashes", "--dest", str(CACHE)]
    run(f"download {file} (50 MB)", *download, *target, "-r", REQUIREMENTS / "collections.txt")
    return wheel


def install_collections() -> None:
    """Take kubernetes.core, and nothing else, out of the pinned wheel."""
    file, digest = pinned_wheel()
    stamp = COLLECTIONS / "kubernetes" / ".wheel"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == digest:
        return
    wheel = fetched_wheel()
    print(f"  take kubernetes.core out of {file} ...", flush=True)
    shutil.rmtree(COLLECTIONS / "kubernetes", ignore_errors=True)
    with zipfile.ZipFile(wheel) as archive:
        wanted = [name for name in archive.namelist() if name.startswith(TAKEN_COLLECTION)]
        archive.extractall(COLLECTIONS.parent, wanted)
    stamp.write_text(digest, encoding="utf-8")


def link_collection() -> None:
    """Show the checkout to Ansible as an installed collection, without the parts that would nest it in itself."""
    home = COLLECTIONS / "intelgraph" / "maestro"
    home.mkdir(parents=True, exist_ok=True)
    for name in LINKED:
        link = home / name
        if link.is_symlink() and link.resolve() == ROOT / name:
            continue
        link.unlink(missing_ok=True)
        link.symlink_to(os.path.relpath(ROOT / name, home))


def fingerprint(name: str) -> str:
    """Return the content that the environment was made from."""
    files = [*(REQUIREMENTS / file for file in SETS[name]), REQUIREMENTS / "collections.txt", Path(__file__)]
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()


def main() -> int:
    """Bring the environment to a set; return the exit code."""
    name = sys.argv[1] if sys.argv[1:] else ""
    if name not in SETS:
        print(f"usage: bootstrap.py {'|'.join(SETS)}", file=sys.stderr)
        return 2
    started = time.monotonic()
    stamp = VENV / "stamps" / name
    wanted = fingerprint(name)
    try:
        ensure_venv(os.environ.get("PYTHON"))
        link_collection()
        step = os.environ.get("VENV_STEP", "")
        if not stamp.is_file() or stamp.read_text(encoding="utf-8") != wanted:
            print(f"{step} Python environment in .venv for {name} (about 40 s, 0.6 GB)".strip(), flush=True)
            install_packages(name)
            install_collections()
            print(f"  ready after {time.monotonic() - started:.1f} s", flush=True)
        elif step:
            print(f"{step} Python environment: there", flush=True)
    except Refused as refused:
        print(f"bootstrap: {refused}", file=sys.stderr)
        return 1
    stamp.parent.mkdir(exist_ok=True)
    stamp.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
