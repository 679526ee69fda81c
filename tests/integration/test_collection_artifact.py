# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The built tarball, installed as users install it, deploys by its full name without the checkout."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys
import tarfile

import pytest

from tests.integration.conftest import of_namespace
from tests.integration.playing import COLLECTIONS, ROOT, play

GALAXY = str(pathlib.Path(sys.executable).with_name("ansible-galaxy"))
FOR_USERS = {
    *("CHANGELOG.md", "COPYING", "FILES.json", "MANIFEST.json", "README.md", "SECURITY.md", "changelogs", "docs"),
    *("execution-environment.yml", "inventories", "meta", "playbooks", "plugins", "roles", "tests"),
}
NEEDED = {"MANIFEST.json", "FILES.json", "meta", "playbooks", "plugins", "roles"}


@pytest.fixture(scope="module")
def tarball(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The tarball, built as `make build` does."""
    built = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "build.py"), str(tmp_path_factory.mktemp("tarball"))],
        capture_output=True,
        text=True,
        check=True,
    )
    return pathlib.Path(built.stdout.strip())


@pytest.fixture
def installed(tarball: pathlib.Path, tmp_path: pathlib.Path) -> pathlib.Path:
    """A collections path that holds the installed tarball and the collection it depends on, nothing else."""
    install = [
        GALAXY,
        "collection",
        "install",
        str(tarball),
        "--no-deps",
        "--offline",
        "--collections-path",
        str(tmp_path),
    ]
    alone = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(tmp_path)}
    subprocess.run(install, env=alone, capture_output=True, text=True, check=True)
    shared = tmp_path / "ansible_collections" / "kubernetes"
    shared.symlink_to(COLLECTIONS / "ansible_collections" / "kubernetes")
    return tmp_path


def test_the_tarball_holds_what_users_need_and_no_more(tarball: pathlib.Path) -> None:
    with tarfile.open(tarball) as archive:
        names = [pathlib.PurePath(name) for name in archive.getnames()]
    assert {name.parts[0] for name in names} == FOR_USERS
    assert [str(name) for name in names if name.parts[0] == "tests"] == ["tests", "tests/config.yml"]
    assert not [str(name) for name in names if name.suffix == ".pyc" or "__pycache__" in name.parts]


def test_the_installed_collection_deploys_by_its_full_name(installed: pathlib.Path, namespace: str) -> None:
    home = installed / "ansible_collections" / "intelgraph" / "maestro"
    for entry in home.iterdir():
        if entry.name not in NEEDED:
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    environment = {"ANSIBLE_COLLECTIONS_PATH": str(installed)}

    first = play("intelgraph.maestro.deploy", environment=environment, **of_namespace(namespace))
    assert first.rc == 0, first.output
    assert first.release["verdict"] == "passed"
    assert first.warnings == []

    again = play("intelgraph.maestro.deploy", environment=environment, **of_namespace(namespace))
    assert again.rc == 0, again.output
    assert again.release["changed"] is False
