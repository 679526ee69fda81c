# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Which Python the environment is made with, what it is made from, and when it is made anew."""

from __future__ import annotations

import pathlib
import sys

import bootstrap
import pytest


def program(folder: pathlib.Path, name: str, does: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{does}\n", encoding="utf-8")
    path.chmod(0o755)


@pytest.fixture
def path(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """An empty folder that is the whole PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def test_the_newest_python_that_runs_is_taken(path: pathlib.Path) -> None:
    program(path, "python3.14", "exit 127")
    program(path, "python3.13", "echo 3 13")
    program(path, "python3", "echo 3 11")
    assert bootstrap.choose_python(None) == "python3.13"


def test_a_python_that_is_asked_for_is_taken_though_a_newer_is_there(path: pathlib.Path) -> None:
    program(path, "python3.13", "echo 3 13")
    program(path, "python3.12", "echo 3 12")
    assert bootstrap.choose_python("python3.12") == "python3.12"


def test_an_old_python_is_refused_with_what_to_do(path: pathlib.Path) -> None:
    program(path, "python3", "echo 3 9")
    with pytest.raises(bootstrap.Refused, match=r"no Python 3\.11 or newer.*make PYTHON="):
        bootstrap.choose_python(None)


def test_the_running_python_knows_its_version() -> None:
    assert bootstrap.version_of(sys.executable) == sys.version_info[:2]


def test_a_failed_step_shows_what_was_said() -> None:
    with pytest.raises(bootstrap.Refused, match=r"try it failed with exit code 3:\nno luck"):
        bootstrap.run("try it", sys.executable, "-c", "import sys; print('no luck'); sys.exit(3)")


def test_the_wheel_of_the_collections_is_pinned_by_its_content() -> None:
    file, digest = bootstrap.pinned_wheel()
    assert file.startswith("ansible-")
    assert len(digest) == 64


def test_an_environment_is_known_by_the_content_of_its_requirements(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("deploy.txt", "test.txt", "collections.txt"):
        (tmp_path / name).write_text(f"{name}==1\n", encoding="utf-8")
    monkeypatch.setattr(bootstrap, "REQUIREMENTS", tmp_path)
    deploy, test = bootstrap.fingerprint("deploy"), bootstrap.fingerprint("test")
    (tmp_path / "test.txt").write_text("test.txt==2\n", encoding="utf-8")
    assert bootstrap.fingerprint("deploy") == deploy
    assert bootstrap.fingerprint("test") != test
