# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""The inner loop: which unit tests and which linters belong to a change."""

from __future__ import annotations

import subprocess
from pathlib import Path

import changed
import pytest

TESTS = [
    Path("tests/unit/plugins/module_utils/_release/planning/test_plan.py"),
    Path("tests/unit/plugins/module_utils/_release/planning/test_plan_risks.py"),
    Path("tests/unit/plugins/module_utils/_release/planning/test_planner.py"),
    Path("tests/unit/lab/test_build.py"),
    Path("tests/unit/tools/test_check.py"),
    Path("tests/unit/roles/test_ingress.py"),
    Path("tests/unit/roles/test_ingress_gateway.py"),
    Path("tests/unit/roles/test_workload.py"),
]


@pytest.fixture(autouse=True)
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with these tests, one of which imports a module by name."""
    for test in TESTS:
        (tmp_path / test).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / test).write_text("", encoding="utf-8")
    (tmp_path / TESTS[-1]).write_text("from x.module_utils._release import apply\n", encoding="utf-8")
    monkeypatch.setattr(changed, "ROOT", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("plugins/module_utils/_release/planning/plan.py", ["test_plan.py", "test_plan_risks.py"]),
        ("plugins/module_utils/_release/apply.py", ["test_workload.py"]),
        ("tests/lab/maestro_lab/build.py", ["test_build.py"]),
        ("tools/check.py", ["test_check.py"]),
        ("roles/ingress/templates/ingress.yaml.j2", ["test_ingress.py", "test_ingress_gateway.py"]),
        ("tests/unit/lab/test_build.py", ["test_build.py"]),
        ("docs/developing.md", []),
    ],
)
def test_the_tests_of_a_change_are_its_mirrors_and_those_that_import_it(path: str, names: list[str]) -> None:
    assert [test.name for test in changed.unit_tests([Path(path)], TESTS)] == names


def test_each_kind_of_file_has_its_linters() -> None:
    def names(*paths: str) -> list[str]:
        return [job.name for job in changed.lint_jobs([Path(path) for path in paths])]

    assert names("plugins/modules/release.py") == ["ruff", "ruff-format", "mypy"]
    assert names("tests/unit/lab/test_build.py") == ["ruff", "ruff-format"]
    assert names("roles/ingress/tasks/main.yml", "README.md", "main.go") == ["yamllint", "links", "go-format"]
    assert names() == []


def test_changed_is_what_was_committed_since_the_fork_what_was_not_and_what_is_new(checkout: Path) -> None:
    def git(*arguments: str) -> None:
        identity = ("-c", "user.name=a", "-c", "user.email=a@b")
        subprocess.run(["git", *identity, *arguments], cwd=checkout, check=True, capture_output=True)

    git("init", "-b", "main")
    git("add", ".")
    git("commit", "-m", "first")
    git("checkout", "-b", "work")
    (checkout / TESTS[0]).write_text("x = 1\n", encoding="utf-8")
    git("commit", "-am", "second")
    (checkout / TESTS[1]).write_text("x = 1\n", encoding="utf-8")
    (checkout / TESTS[2]).unlink()
    (checkout / "new.py").write_text("", encoding="utf-8")
    assert changed.changed_files("main") == [Path("new.py"), TESTS[0], TESTS[1]]
