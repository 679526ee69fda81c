# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text from pods, events and servers as data: what would act on a terminal or mislead a reader is shown escaped. Pure.

A container may write anything into its log or its last words: sequences that clear the screen, that set the title of a
window, that turn the direction of writing round, or line breaks after which it imitates a play's recap. Every text that
leaves the collection passes here: results, console lines, reports, parts of a support bundle.
"""

from __future__ import annotations

import re
import typing as t
import unicodedata

LINE_BREAK, TAB = "\n", "\t"
JOINERS = "\u200c\u200d"
"""Invisible, and part of ordinary words and pictures of some languages."""
UNSAFE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Controls, formats (directions of writing, invisible characters), halves of characters, other line breaks."""
_SAFE = re.compile(r"[\n\t -~]*")
OWN_LINES = ("  ", "- ", "Evidence: ", "Report: ")
"""How a further line of a message of ours begins; no line of Ansible does."""
INDENT = "  "


def printable(text: str, keep: str = LINE_BREAK + TAB) -> str:
    """The text with every other character that is not for reading as an escape: `\\x1b`, `\\u202e`."""
    if _SAFE.fullmatch(text) and keep == LINE_BREAK + TAB:
        return text
    return "".join(char if char in keep or not _is_unsafe(char) else _escaped(char) for char in text)


def one_line(text: str) -> str:
    """The text on one line: line breaks within it are escaped too."""
    return printable(text, TAB)


def lines_of(text: str) -> list[str]:
    """The lines of a text, each printable. Only a line feed ends one, so that nothing else can pretend to."""
    lines = text.split(LINE_BREAK)
    return [one_line(line.removesuffix("\r")) for line in (lines[:-1] if lines[-1] == "" else lines)]


def message(text: str) -> str:
    """A message of several lines of which none but the first begins where a line of Ansible would."""
    first, *others = printable(text).split(LINE_BREAK)
    kept = [line if not line or line.startswith(OWN_LINES) else f"{INDENT}{line}" for line in others]
    return LINE_BREAK.join([first, *kept])


def printable_values(value: t.Any) -> t.Any:
    """Plain values with every text in them printable, names of fields too."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, t.Mapping):
        return {_key(key): printable_values(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [printable_values(inner) for inner in value]
    return value


def _key(key: t.Any) -> t.Any:
    return one_line(key) if isinstance(key, str) else key


def _is_unsafe(char: str) -> bool:
    return char not in JOINERS and unicodedata.category(char) in UNSAFE_CATEGORIES


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
