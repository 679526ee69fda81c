# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for every file of the project: licence, length, and that it names no machine and no registry."""

from __future__ import annotations

import ast
import functools
import pathlib
import re
import subprocess
import sys
import typing as t

import pytest
import yaml

from tools.checkout import tracked_files

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMMENTED = {".cfg", ".go", ".j2", ".md", ".mod", ".py", ".sh", ".toml", ".txt", ".yaml", ".yml"}
"""Kinds of files that have comments, and so must begin with their licence."""
MADE_BY_TOOLS = {"CHANGELOG.md", "changelogs/changelog.yaml"}
LICENSE = "SPDX-License-Identifier: GPL-3.0-or-later"
FOREIGN_NAMES = (
    r"/work/(?:main|shared)",
    r"/root/",
    r"(?<![\w.-])pypi\.(?:org|python)",
    r"pythonhosted\.",
    r"proxy\.golang\.",
    r"sum\.golang\.",
    r"deb\.debian\.",
    r"registry\.npmjs\.",
    r"crates\.io(?!\w)",
)
"""Paths of one machine, and hosts of package registries."""
FOREIGN = re.compile("|".join(FOREIGN_NAMES))


FILES = [ROOT / path for path in tracked_files()]


@functools.cache
def text_of(path: pathlib.Path) -> str:
    return path.read_text(encoding="utf-8", errors="ignore")


def offenders(wrong: t.Callable[[pathlib.Path], object], files: t.Iterable[pathlib.Path] = FILES) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in files if wrong(path)]


@functools.cache
def is_python(path: pathlib.Path) -> bool:
    """Python with code in it: no empty file, no package that only says what it is."""
    return path.suffix == ".py" and len(ast.parse(text_of(path)).body) > 1


def test_the_project_has_files() -> None:
    assert len(FILES) > 100


def test_every_file_with_comments_begins_with_its_licence() -> None:
    def unlicensed(path: pathlib.Path) -> bool:
        is_role_or_page = path.suffix == ".md"
        commented = path.suffix in COMMENTED or path.name in {"Makefile", "lab", "run"}
        head = "\n".join(text_of(path).splitlines()[:6])
        made = str(path.relative_to(ROOT)) in MADE_BY_TOOLS
        return commented and not is_role_or_page and not made and path.stat().st_size > 0 and LICENSE not in head

    assert offenders(unlicensed) == []


def test_no_file_names_a_machine_or_a_registry() -> None:
    others = [path for path in FILES if path != pathlib.Path(__file__)]
    assert offenders(lambda path: FOREIGN.search(text_of(path)), others) == []


def test_python_files_stay_short() -> None:
    assert offenders(lambda path: is_python(path) and len(text_of(path).splitlines()) > 400) == []


def test_python_files_put_off_their_annotations() -> None:
    ours = [path for path in FILES if path.relative_to(ROOT).parts[0] in {"plugins", "tests", "tools"}]
    assert (
        offenders(lambda path: is_python(path) and "from __future__ import annotations" not in text_of(path), ours)
        == []
    )


def test_plugins_carry_the_line_that_galaxy_looks_for() -> None:
    line = "GNU General Public License v3.0+"
    plugins = [path for path in FILES if path.relative_to(ROOT).parts[0] == "plugins"]
    assert offenders(lambda path: is_python(path) and line not in text_of(path), plugins) == []


@pytest.mark.parametrize("tool", ["finding_pages.py", "variables.py", "play_specs.py"])
def test_generated_pages_are_fresh(tool: str) -> None:
    made = subprocess.run(
        [sys.executable, str(ROOT / "tools" / tool), "--check"], capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr


def test_the_changelog_tells_what_the_fragments_tell() -> None:
    """`antsibull-changelog release --update-existing --refresh-fragments` takes them in."""
    fragments = [yaml.safe_load(text_of(path)) for path in sorted((ROOT / "changelogs/fragments").glob("*.yml"))]
    releases = yaml.safe_load(text_of(ROOT / "changelogs/changelog.yaml"))["releases"].values()
    assert changes(release["changes"] for release in releases) == changes(fragments)


def changes(reported: t.Iterable[dict[str, list[str] | str]]) -> set[tuple[str, str]]:
    """Every sentence with its section; the summary is a single one."""
    return {
        (section, sentence)
        for sections in reported
        for section, sentences in sections.items()
        for sentence in ([sentences] if isinstance(sentences, str) else sentences)
    }
