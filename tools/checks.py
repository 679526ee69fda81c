# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""The checks of the project as data: which commands, in what order, and which of them want a lab."""

from __future__ import annotations

from dataclasses import dataclass

HERE = ".venv/collections/ansible_collections/intelgraph/maestro"
PYTEST = ("pytest", "--junitxml={junit}", "-o", "junit_suite_name=maestro", "-o", "faulthandler_timeout=900")
"""It tells after so many seconds what a test does that hangs, and does not end it."""

ALONE = (
    "tests/integration/lab",
    "tests/integration/lab_addons",
    "tests/integration/test_concurrency.py",
    "tests/integration/test_disasters.py",
    "tests/integration/test_disturbances.py",
    "tests/integration/test_health.py",
    "tests/integration/test_proof.py",
    "tests/integration/test_roles_ingress.py",
    "tests/integration/test_smoke.py",
    "tests/integration/test_smoke_port_forward.py",
    "tests/integration/test_smoke_truth.py",
    "tests/integration/test_stand_in.py",
    "tests/integration/test_targets.py",
)
"""Tests that stop parts of a lab or measure it; the others spend their time waiting and run two at a time."""
WITH_LAB = ("tests/integration", "tests/attacks")
WITHOUT_ALONE = tuple(f"--ignore={path}" for path in ALONE)


@dataclass(frozen=True)
class Command:
    """One program of a check. In argv, {junit} stands for the path of its JUnit report."""

    name: str
    argv: tuple[str, ...]
    environment: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Check:
    """One part of `make test`: its commands run in order, or several at a time."""

    name: str
    purpose: str
    commands: tuple[Command, ...]
    parallel: int = 1
    lab: bool = False


LINT = Check(
    "lint",
    "form, types, links",
    (
        Command("ansible-lint", ("ansible-lint", "--offline", "-q")),
        Command("mypy", ("mypy", f"{HERE}/plugins", "tests/lab/maestro_lab", "tools")),
        Command("yamllint", ("yamllint", "--strict", ".")),
        Command("ruff", ("ruff", "check", ".")),
        Command("ruff-format", ("ruff", "format", "--check", ".")),
        Command("bandit", ("bandit", "-q", "-r", "plugins", "tools", "-c", "pyproject.toml")),
        Command("changelog", ("antsibull-changelog", "lint")),
        Command("docs", ("python", "tools/docs.py", "--check")),
        Command("links", ("python", "tools/links.py")),
        Command("words", ("python", "tools/words.py")),
        Command("go-format", ("python", "tools/go_checks.py", "format")),
    ),
    parallel=2,
)
SANITY = Check(
    "sanity",
    "ansible-test sanity on the built collection, nothing ignored",
    (Command("ansible-test", ("python", "tools/sanity.py")),),
)
UNIT = Check(
    "unit",
    "pure code, no cluster",
    (
        Command("pytest", (*PYTEST, "-q", "-n", "2", "tests/unit")),
        Command("go", ("python", "tools/go_checks.py", "test")),
    ),
)
INTEGRATION = Check(
    "integration",
    "against the lab",
    (
        Command("pytest", (*PYTEST, "-n", "2", "--dist", "loadfile", *WITH_LAB, *WITHOUT_ALONE)),
        Command("pytest-alone", (*PYTEST, *ALONE)),
    ),
    lab=True,
)
MOLECULE = Check(
    "molecule",
    "create, converge, idempotence, verify, destroy",
    (
        Command(
            "default",
            ("molecule", "test", "--scenario-name", "default"),
            (("NO_COLOR", "1"), ("COLUMNS", "120")),
        ),
    ),
)
BENCH = Check(
    "bench",
    "deploys, verdicts and loads beside those of kubectl, helm, kubernetes.core, hey and wrk",
    (
        Command("deploying", ("python", "tests/benchmarks/deploying.py")),
        Command("upgrading", ("python", "tests/benchmarks/upgrading.py")),
        Command("growing", ("python", "tests/benchmarks/growing.py")),
        Command("judging", ("python", "tests/benchmarks/judging.py")),
        Command("watching", ("python", "tests/benchmarks/watching.py")),
        Command("loading", ("python", "tests/benchmarks/loading.py")),
    ),
    lab=True,
)
FAULTS = Check(
    "faults",
    "a release stopped at every write, and plays killed at random, mended by a plain re-run",
    (
        Command("points", ("python", "-m", "tests.faults"), (("PYTHONPATH", ".:.venv/collections"),)),
        Command("kills", ("python", "-m", "tests.faults.random_kills"), (("PYTHONPATH", ".:.venv/collections"),)),
    ),
    lab=True,
)

CHECKS = {check.name: check for check in (LINT, SANITY, UNIT, INTEGRATION, MOLECULE, BENCH, FAULTS)}
