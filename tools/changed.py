# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Lint and unit-test what changed since main, in seconds: changed.py. BASE in the environment names another branch.

It is the inner loop, no proof: `make test` checks all. What counts as changed: commits since the branch left main, the
index, the work tree and new files.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from checkout import ROOT, VENV, environment

UNITS = Path("tests/unit")
SHADOWED = {Path("tests/lab/maestro_lab"): ("lab", "lab_addons"), Path("tools"): ("tools",)}
"""Folders of Python whose unit tests lie in folders of other names."""

TYPED = ("plugins", "tests/lab/maestro_lab", "tools")
MOST_TESTS = 25
"""Files of unit tests that fit into the time; a change that touches more wants `make unit`."""


@dataclass(frozen=True)
class Job:
    """One command of the check, and what it is told apart by."""

    name: str
    argv: tuple[str, ...]


def git(*arguments: str) -> list[str]:
    """Return the lines that a git command prints."""
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    return [line for line in done.stdout.split("\0") if line]


def changed_files(base: str) -> list[Path]:
    """Return the files that differ from where this branch left the base, and the new ones; not those that are gone."""
    fork = subprocess.run(["git", "merge-base", base, "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True)
    names = git("diff", "--name-only", "-z", "--diff-filter=d", fork.stdout.strip())
    names += git("ls-files", "-z", "--others", "--exclude-standard")
    return sorted({Path(name) for name in names})


def unit_tests(changed: Iterable[Path], tests: Sequence[Path]) -> list[Path]:
    """Return the unit tests that belong to changed files: themselves, their mirrors, those that import them."""
    wanted: set[Path] = set()
    modules: set[str] = set()
    for path in changed:
        if path in tests:
            wanted.add(path)
        elif path.suffix == ".py" and not path.is_relative_to(UNITS):
            wanted |= mirrors(path, tests)
            modules.add(".".join(path.with_suffix("").parts[-2:]))
        elif path.parts[:1] == ("roles",):
            wanted |= {test for test in tests if test.match(f"tests/unit/roles/test_{path.parts[1]}*.py")}
    return sorted(wanted | {test for test in tests if imports(test, modules)})


def mirrors(source: Path, tests: Sequence[Path]) -> set[Path]:
    """Return the tests at the path of a source file, whole or continued: test_plan.py and test_plan_risks.py."""
    stem = f"test_{source.stem.lstrip('_')}"
    folders = {UNITS / source.parent}
    for home, names in SHADOWED.items():
        if source.is_relative_to(home):
            folders = {UNITS / name for name in names}
    return {
        test for test in tests if test.parent in folders and (test.stem == stem or test.stem.startswith(f"{stem}_"))
    }


def imports(test: Path, modules: Iterable[str]) -> bool:
    """Say whether a test names one of the modules, each by its last two parts, in an import."""
    lines = [line for line in (ROOT / test).read_text(encoding="utf-8").splitlines() if "import" in line]
    text = "\n".join(lines).replace(" import ", ".")
    return any(f"{module}." in f"{text}." or f"{module}\n" in f"{text}\n" for module in modules)


def lint_jobs(changed: Sequence[Path]) -> list[Job]:
    """Return the linters of the kinds of files that changed."""
    kinds = {suffix: [str(path) for path in changed if path.suffix == suffix] for suffix in (".py", ".yml", ".yaml")}
    yaml = kinds[".yml"] + kinds[".yaml"]
    typed = [path for path in kinds[".py"] if path.startswith(TYPED)]
    jobs = []
    if kinds[".py"]:
        jobs += [Job("ruff", ("ruff", "check", *kinds[".py"]))]
        jobs += [Job("ruff-format", ("ruff", "format", "--check", *kinds[".py"]))]
    if typed:
        jobs += [Job("mypy", ("mypy", *(named(path) for path in typed)))]
    if yaml:
        jobs += [Job("yamllint", ("yamllint", "--strict", *yaml))]
    if any(path.suffix == ".md" for path in changed):
        jobs += [Job("links", ("python", "tools/links.py"))]
    if any(path.suffix == ".go" for path in changed):
        jobs += [Job("go-format", ("python", "tools/go_checks.py", "format"))]
    return jobs


def named(path: str) -> str:
    """Return a file as mypy must see it: the collection's own by its place among the installed collections."""
    home = ".venv/collections/ansible_collections/intelgraph/maestro"
    return f"{home}/{path}" if path.startswith("plugins") else path


def run(job: Job) -> int:
    """Run a job, show what it prints when it fails, and its line; return its exit code."""
    began = time.monotonic()
    done = subprocess.run(
        job.argv, cwd=ROOT, env=environment(), capture_output=True, text=True, errors="replace", check=False
    )
    outcome = "ok    " if done.returncode == 0 else "FAILED"
    shown = "" if done.returncode == 0 else done.stdout + done.stderr
    print(f"{shown}  {outcome}  {job.name:<28} {time.monotonic() - began:6.1f} s", flush=True)
    return done.returncode


def main() -> int:
    """Check what changed; return the exit code."""
    base = os.environ.get("BASE") or "main"
    changed = changed_files(base)
    if not changed:
        print(f"check: nothing has changed since {base}")
        return 0
    tests = sorted(path.relative_to(ROOT) for path in (ROOT / UNITS).rglob("test_*.py"))
    chosen = unit_tests(changed, tests)
    print(
        f"check: {len(changed)} files changed since {base}, {len(chosen)} files of unit tests belong to them",
        flush=True,
    )
    jobs = lint_jobs(changed)
    if len(chosen) > MOST_TESTS:
        print(f"  more than {MOST_TESTS}: run `make unit` for them; here run those that changed themselves", flush=True)
        chosen = [path for path in chosen if path in changed][:MOST_TESTS]
    if chosen:
        workers = ("-n", "2") if len(chosen) > 3 else ()
        jobs.insert(0, Job("units", ("pytest", "-q", *workers, *map(str, chosen))))
    with ThreadPoolExecutor(max_workers=2) as pool:
        return int(any(list(pool.map(run, jobs))))


if __name__ == "__main__":
    if Path(sys.prefix) != VENV:
        raise SystemExit("check: start it as `make check`, or with .venv/bin/python")
    sys.exit(main())
