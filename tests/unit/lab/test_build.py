# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Builds: named by all that goes into them, made once, and clear about what failed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from maestro_lab import build
from maestro_lab.build import GoModule
from maestro_lab.failure import LabError
from maestro_lab.locks import held

GO = """#!/bin/sh
echo run >> {runs}
[ "$1" = build ] || exit 1
[ ! -e broken ] || {{ echo "main.go:1: syntax error"; exit 1; }}
while [ "$1" != -o ]; do shift; done
echo program > "$2/tool"
"""


@pytest.fixture
def module(tmp_path: Path) -> GoModule:
    folder = tmp_path / "tool"
    folder.mkdir()
    (folder / "go.mod").write_text("module example/tool\n\ngo 1.26.6\n\nrequire (\n\texample/kube v1.37.2\n)\n")
    (folder / "main.go").write_text("package main\n")
    return GoModule(folder, variables={"main.version": "1"}, aliases={"tool": ("other",)})


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """A Go of this test's own on the PATH; calls count how often it built."""
    path, count = tmp_path / "go" / "go", tmp_path / "runs"
    path.parent.mkdir()
    path.write_text(GO.format(runs=count))
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{path.parent}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(build, "_go_on_path", lambda: (str(path), "1.99.0"))
    return lambda: len(count.read_text().split()) if count.exists() else 0


def test_what_has_not_changed_is_not_built_again(module: GoModule, runs: Callable[[], int]) -> None:
    first = build.build(module)
    assert build.build(module) == first
    assert runs() == 1
    assert (first / "tool").read_text() == "program\n"


def test_a_build_in_another_cache_is_not_waited_for(
    module: GoModule, runs: Callable[[], int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("maestro_lab.locks.PATIENCE", 0)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "others"))
    lock_of_the_others = build._lock("build")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with held(lock_of_the_others, "nobody"):
        build.build(module)
    assert runs() == 1


def test_a_program_has_its_further_names(module: GoModule, runs: Callable[[], int]) -> None:
    assert (build.build(module) / "other").readlink() == Path("tool")


def changed_source(module: GoModule) -> GoModule:
    (module.folder / "main.go").write_text("package main // changed\n")
    return module


def new_file(module: GoModule) -> GoModule:
    (module.folder / "more.go").write_text("package main\n")
    return module


@pytest.mark.parametrize(
    "change",
    [
        changed_source,
        new_file,
        lambda module: replace(module, variables={"main.version": "2"}),
        lambda module: replace(module, packages=("./cmd",)),
        lambda module: replace(module, aliases={}),
    ],
    ids=["source", "file", "variable", "package", "alias"],
)
def test_whatever_goes_into_a_build_names_it(
    module: GoModule, runs: Callable[[], int], change: Callable[[GoModule], GoModule]
) -> None:
    before = build.key(module)
    assert build.key(change(module)) != before


def test_another_go_makes_another_build(module: GoModule, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "_go_on_path", lambda: ("/go", "1.27.0"))
    newer = build.key(module)
    monkeypatch.setattr(build, "_go_on_path", lambda: ("/go", "1.26.8"))
    assert build.key(module) != newer


@pytest.mark.parametrize(
    ("found", "used"), [(("/go", "1.26.8"), "1.26.8"), (("/go", "1.26.5"), build.TOOLCHAIN), (None, build.TOOLCHAIN)]
)
def test_a_go_older_than_the_module_wants_is_not_used(
    module: GoModule, monkeypatch: pytest.MonkeyPatch, found: tuple[str, str] | None, used: str
) -> None:
    monkeypatch.setattr(build, "_go_on_path", lambda: found)
    assert build.go_version(module) == used


def test_the_checkout_elsewhere_shares_the_build(module: GoModule, runs: Callable[[], int], tmp_path: Path) -> None:
    twin = tmp_path / "elsewhere" / "tool"
    twin.parent.mkdir()
    twin.mkdir()
    for path in module.folder.iterdir():
        (twin / path.name).write_bytes(path.read_bytes())
    assert build.build(replace(module, folder=twin)) == build.build(module)
    assert runs() == 1


def test_a_failed_build_says_why_and_leaves_nothing_to_be_taken_for_built(
    module: GoModule, runs: Callable[[], int]
) -> None:
    (module.folder / "broken").touch()
    with pytest.raises(LabError, match=r"(?s)does not build.*main.go:1: syntax error.*whole log: /"):
        build.build(module)
    assert not build.is_built(module)


def test_only_the_builds_used_last_are_kept(module: GoModule, runs: Callable[[], int]) -> None:
    built = [build.build(replace(module, variables={"main.version": str(number)})) for number in range(8)]
    assert [path.exists() for path in built] == [False] * 3 + [True] * 5


def test_the_version_of_a_requirement_is_read_from_go_mod(module: GoModule) -> None:
    assert build.required_version(module.folder, "example/kube") == "v1.37.2"
    with pytest.raises(LabError, match="does not require example/other"):
        build.required_version(module.folder, "example/other")
