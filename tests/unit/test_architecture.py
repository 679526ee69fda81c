# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/architecture.md draws the rooms as they are: every arrow points down, and no files import in a circle."""

from __future__ import annotations

import ast
import collections
import graphlib
import pathlib
import re
import typing as t

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
HOUSE = ROOT / "plugins" / "module_utils"
FILES = sorted(HOUSE.rglob("*.py"))
ROW = re.compile(r"^\| (\d) \| `(_\w+)` \|", re.MULTILINE)


def floors() -> dict[str, int]:
    """The floor of each room, as the page draws it."""
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    return {room: int(floor) for floor, room in ROW.findall(page)}


def imported(path: pathlib.Path) -> t.Iterator[pathlib.Path]:
    """The files of the house that a file imports when it is loaded."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            folder = path.parents[node.level - 1].joinpath(*(node.module or "").split("."))
            yield from (found for alias in node.names if (found := file_of(folder, alias.name)))


def file_of(folder: pathlib.Path, name: str) -> pathlib.Path | None:
    """The module `name` of a package, else the package or module itself that holds the name."""
    places = (folder / f"{name}.py", folder / name / "__init__.py", folder.with_suffix(".py"), folder / "__init__.py")
    return next((place for place in places if place.is_file()), None)


def room_of(path: pathlib.Path) -> str:
    return path.relative_to(HOUSE).parts[0].removesuffix(".py")


def test_every_room_is_drawn() -> None:
    assert {room_of(path) for path in FILES} - floors().keys() == set()


@pytest.mark.parametrize("room", sorted({room_of(path) for path in FILES}))
def test_every_arrow_points_down(room: str) -> None:
    floor = floors()
    arrows = {room_of(found) for path in FILES if room_of(path) == room for found in imported(path)} - {room}
    assert [other for other in sorted(arrows) if floor[other] >= floor[room]] == []


def test_no_files_import_in_a_circle() -> None:
    arrows = {path: set(imported(path)) - {path} for path in FILES}
    assert len(list(graphlib.TopologicalSorter(arrows).static_order())) >= len(FILES)


def test_no_two_classes_have_one_name() -> None:
    """A public name means one thing, so that a search leads to one place; a private one is of its file alone."""
    names = collections.Counter(
        node.name
        for path in FILES
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert [name for name, count in names.items() if count > 1] == []
