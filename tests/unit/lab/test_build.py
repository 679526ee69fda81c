# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Builds: named by all that goes into them, made once, and clear about what failed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from maestro_lab import build, golang
from maestro_lab.build import GoPrograms
from maestro_lab.failure import LabError
from maestro_lab.locks import cache_lock, held

GO = """#!/bin/sh
[ "$1" = build ] || exit 1
echo "$*" >> {runs}
[ ! -e broken ] || {{ echo "main.go:1: syntax error"; exit 1; }}
while [ "$1" != -o ]; do shift; done
target=$2
shift 2
for package in "$@"; do echo program > "$target/$(basename "$(realpath -m "$package")")"; done
"""


@pytest.fixture
def module(tmp_path: Path) -> GoPrograms:
    folder = tmp_path / "tool"
    folder.mkdir()
    (folder / "go.mod").write_text("module example/tool\n\ngo 1.26.6\n\nrequire (\n\texample/kube v1.37.2\n)\n")
    (folder / "main.go").write_text("package main\n")
    return GoPrograms("tool", (".",), {"main.version": "1"}, {"tool": ("other",)}, module=folder)


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """A Go of this test's own on the PATH; calls count how often it built."""
    path, count = tmp_path / "go" / "go", tmp_path / "runs"
    path.parent.mkdir()
    path.write_text(GO.format(runs=count))
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{path.parent}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(golang, "_go_on_path", lambda: (str(path), "1.99.0"))
    return lambda: len(count.read_text().splitlines()) if count.exists() else 0


def test_what_has_not_changed_is_not_built_again(module: GoPrograms, runs: Callable[[], int]) -> None:
    first = build.build(module)
    assert build.build(module) == first
    assert runs() == 1
    assert (first / "tool").read_text() == "program\n"


def test_a_build_in_another_cache_is_not_waited_for(
    module: GoPrograms, runs: Callable[[], int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("maestro_lab.locks.PATIENCE", 0)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "others"))
    lock_of_the_others = cache_lock("build")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with held(lock_of_the_others, "nobody"):
        build.build(module)
    assert runs() == 1


def test_a_program_has_its_further_names(module: GoPrograms, runs: Callable[[], int]) -> None:
    assert (build.build(module) / "other").readlink() == Path("tool")


def changed_source(module: GoPrograms) -> GoPrograms:
    (module.module / "main.go").write_text("package main // changed\n")
    return module


def new_file(module: GoPrograms) -> GoPrograms:
    (module.module / "more.go").write_text("package main\n")
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
    module: GoPrograms, runs: Callable[[], int], change: Callable[[GoPrograms], GoPrograms]
) -> None:
    before = module.key()
    assert change(module).key() != before


def test_another_go_makes_another_build(module: GoPrograms, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(golang, "_go_on_path", lambda: ("/go", "1.27.0"))
    newer = module.key()
    monkeypatch.setattr(golang, "_go_on_path", lambda: ("/go", "1.26.8"))
    assert module.key() != newer


@pytest.mark.parametrize(
    ("found", "used"), [(("/go", "1.26.8"), "1.26.8"), (("/go", "1.26.5"), golang.TOOLCHAIN), (None, golang.TOOLCHAIN)]
)
def test_a_go_older_than_the_module_wants_is_not_used(
    module: GoPrograms, monkeypatch: pytest.MonkeyPatch, found: tuple[str, str] | None, used: str
) -> None:
    monkeypatch.setattr(golang, "_go_on_path", lambda: found)
    assert golang.go_version(module.module) == used


def test_the_checkout_elsewhere_shares_the_build(module: GoPrograms, runs: Callable[[], int], tmp_path: Path) -> None:
    twin = tmp_path / "elsewhere" / "tool"
    twin.parent.mkdir()
    twin.mkdir()
    for path in module.module.iterdir():
        (twin / path.name).write_bytes(path.read_bytes())
    assert build.build(replace(module, module=twin)) == build.build(module)
    assert runs() == 1


def test_a_failed_build_says_why_and_leaves_nothing_to_be_taken_for_built(
    module: GoPrograms, runs: Callable[[], int]
) -> None:
    (module.module / "broken").touch()
    with pytest.raises(LabError, match=r"(?s)does not build.*main.go:1: syntax error.*whole log: /"):
        build.build(module)
    assert not module.is_built()


def test_only_the_builds_used_last_are_kept(module: GoPrograms, runs: Callable[[], int]) -> None:
    built = [build.build(replace(module, variables={"main.version": str(number)})) for number in range(8)]
    assert [path.exists() for path in built] == [False] * 3 + [True] * 5


def test_the_version_of_a_requirement_is_read_from_go_mod(module: GoPrograms) -> None:
    assert golang.required_version(module.module, "example/kube") == "v1.37.2"
    with pytest.raises(LabError, match="does not require example/other"):
        golang.required_version(module.module, "example/other")


def test_programs_of_one_module_are_built_by_one_command(module: GoPrograms, runs: Callable[[], int]) -> None:
    other = GoPrograms("other", ("./cmd/other",), module=module.module)
    first, second = build.build_all([module, other])
    assert runs() == 1
    assert (first / "tool").exists()
    assert (second / "other").exists()
    assert not (second / "tool").exists()


def test_a_package_is_linked_once_in_a_command_and_a_loner_has_its_own(module: GoPrograms) -> None:
    again = replace(module, variables={"main.version": "2"})
    loner = GoPrograms("loner", ("example/loner",), module=module.module, alone=True)
    other = GoPrograms("other", ("example/other",), module=module.module)
    assert build.batches([module, again, loner, other]) == [[module, other], [again], [loner]]


def test_each_program_is_linked_with_its_own_variables(module: GoPrograms) -> None:
    other = GoPrograms("other", ("example/other",), {"main.version": "7"}, module=module.module)
    assert list(build._link_options([module, other])) == [
        "-ldflags=.=-s -w -X main.version=1",
        "-ldflags=example/other=-s -w -X main.version=7",
    ]


def test_what_a_killed_build_left_is_removed_by_the_next(module: GoPrograms, runs: Callable[[], int]) -> None:
    left = build.cache_directory() / "build" / f"{build.SCRATCH}killed"
    left.mkdir(parents=True)
    build.build(module)
    assert not left.exists()


def test_a_build_that_something_runs_from_is_kept(
    module: GoPrograms, runs: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    oldest = build.build(module)
    monkeypatch.setattr(build, "_running_programs", lambda: iter([oldest / "tool"]))
    for number in range(2, 9):
        build.build(replace(module, variables={"main.version": str(number)}))
    assert oldest.exists()


def test_a_change_of_a_test_makes_no_other_build(module: GoPrograms) -> None:
    before = module.key()
    (module.module / "main_test.go").write_text("package main\n")
    assert module.key() == before


@pytest.mark.parametrize(
    ("package", "name"),
    [
        ("sigs.k8s.io/metrics-server/cmd/metrics-server", "metrics-server"),
        ("github.com/tsenart/vegeta/v12", "vegeta"),
        (".", "tool"),
    ],
)
def test_a_program_has_the_name_that_go_gives_it(module: GoPrograms, package: str, name: str) -> None:
    assert build.program_name(module.module, package) == name
