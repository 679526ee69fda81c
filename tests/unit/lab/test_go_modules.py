# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""The pinned versions: what two of the lab's Go modules share must be one version, or Go compiles it twice."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from maestro_lab.golang import LAB_MODULE

APART = sorted(path.parent for path in (LAB_MODULE / "go").glob("*/go.mod") if path.parent.name != "crds")
"""Modules whose programs are compiled; that of the definitions gives YAML files only."""

Version = tuple[tuple[int, ...], bool, list[tuple[bool, int, str]]]


def requirements(folder: Path) -> dict[str, str]:
    pattern = r"^\s*(?:require )?(\S+) (v\S+)(?: // indirect)?$"
    return dict(re.findall(pattern, (folder / "go.mod").read_text(), re.MULTILINE))


def order(version: str) -> Version:
    """What versions are compared by: a release comes after its candidates."""
    core, _, candidate = version.removeprefix("v").partition("+")[0].partition("-")
    words = [(not word.isdigit(), int(word) if word.isdigit() else 0, word) for word in candidate.split(".")]
    return tuple(map(int, core.split("."))), not candidate, words


def test_versions_are_compared_as_go_does() -> None:
    rising = ["v0.0.0", "v0.1.0-rc.2", "v0.1.0-rc.10", "v0.1.0", "v0.10.0", "v2.0.0+incompatible"]
    mixed = [rising[number] for number in (3, 0, 5, 2, 4, 1)]
    assert sorted(mixed, key=order) == rising


@pytest.mark.parametrize("folder", APART, ids=lambda folder: folder.name)
def test_a_module_apart_requires_nothing_older_than_the_labs(folder: Path) -> None:
    shared = requirements(LAB_MODULE)
    older = {
        name: f"{version}, the lab has {shared[name]}"
        for name, version in requirements(folder).items()
        if name in shared and order(version) < order(shared[name])
    }
    assert older == {}


@pytest.mark.parametrize("folder", APART, ids=lambda folder: folder.name)
def test_a_module_apart_replaces_nothing(folder: Path) -> None:
    assert "=>" not in (folder / "go.mod").read_text()
