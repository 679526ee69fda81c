# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of words that the project has given up: what it finds, and what it leaves alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import words


def word(old: str, kind: str, *right_in: str) -> words.Word:
    return words.Word(re.compile(rf"(?<![\w-])(?:{old})(?![\w-])"), "better", kind, right_in)


@pytest.mark.parametrize(
    ("path", "text", "known"),
    [
        ("plugins/a.py", "def judge(case):\n    pass\n", word("judge", "code")),
        ("docs/a.md", "The former release.\n", word("former", "text")),
        ("docs/a.md", "The former release.\n", word("former", "docs")),
        ("plugins/a.py", 'X = "old-id"\n', word("old-id", "all")),
        ("playbooks/a.yml", "id: old-id\n", word("old-id", "all")),
        ("plugins/a.py", '"""First.\n\nThe former one."""\n', word("former", "text")),
    ],
)
def test_an_old_word_is_found_with_its_line(path: str, text: str, known: words.Word) -> None:
    (line,) = words.found(Path(path), text, [known])
    assert line.startswith(f"{path}:")
    assert line.endswith("write better")


@pytest.mark.parametrize(
    ("path", "text", "known"),
    [
        ("plugins/a.py", '"""They judge it."""\n', word("judge", "code")),
        ("docs/a.md", "A judge of films.\n", word("judge", "code")),
        ("plugins/a.py", "former = 1\n", word("former", "text")),
        ("plugins/a.py", '"""The former one."""\n', word("former", "docs")),
        ("docs/a.md", "almost-old-id\n", word("old-id", "all")),
        ("docs/old/a.md", "The former release.\n", word("former", "text", "docs/old/*")),
    ],
)
def test_what_is_not_meant_is_left_alone(path: str, text: str, known: words.Word) -> None:
    assert list(words.found(Path(path), text, [known])) == []


def test_every_entry_of_the_list_can_be_read() -> None:
    assert all(each.kind in ("code", "docs", "text", "all") for each in words.words())
