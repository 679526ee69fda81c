# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing that a pod or a server says acts on a terminal, hides from its reader, or passes for a line of Ansible."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.intelgraph.maestro.plugins.module_utils._text.printable import (
    lines_of,
    message,
    one_line,
    printable,
    printable_values,
)

FORMS = {
    "clears the screen": ("\x1b[2J\x1b[H", r"\x1b[2J\x1b[H"),
    "colours": ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
    "sets the window's title (OSC, BEL)": ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
    "is a link (OSC 8, ST)": ("\x1b]8;;http://evil\x1b\\text", "\\x1b]8;;http://evil\\x1b\\text"),
    "C1 controls": ("\x9b2J\x85", r"\x9b2J\x85"),
    "goes back to the beginning of the line": ("ok\rFAILED", r"ok\rFAILED"),
    "rubs out": ("abc\b\b\b\x7f", r"abc\x08\x08\x08\x7f"),
    "NUL": ("a\0b", r"a\x00b"),
    "turns the direction": ("user\u202egpj.exe\u2066\u2069", r"user\u202egpj.exe\u2066\u2069"),
    "marks of direction": ("\u200e\u200f\u061c", r"\u200e\u200f\u061c"),
    "invisible": ("pass\u200bword\ufeff", r"pass\u200bword\ufeff"),
    "tags": ("a\U000e0041", r"a\U000e0041"),
    "other line breaks": ("a\u2028b\u2029c\x0bd\x0ce", r"a\u2028b\u2029c\x0bd\x0ce"),
    "half a character": ("a\ud800", r"a\ud800"),
}


@pytest.mark.parametrize(("given_text", "shown"), FORMS.values(), ids=FORMS)
def test_what_is_not_for_reading_is_shown_escaped(given_text: str, shown: str) -> None:
    assert printable(given_text) == one_line(given_text) == shown


@pytest.mark.parametrize(
    "text",
    ["plain", "Größe 5 µs", "日本語", "עברית", "family 👩\u200d👩\u200d👧", "a\tb", r"C:\x1b is text", "naïve ✓ ±"],
)
def test_text_for_reading_stays_as_it_is(text: str) -> None:
    assert printable(text) == one_line(text) == text


def test_line_breaks_stay_in_a_text_and_not_in_a_line() -> None:
    assert printable("a\nb") == "a\nb"
    assert one_line("a\nPLAY RECAP ***") == r"a\nPLAY RECAP ***"


@given(st.text(st.characters()))
def test_no_control_format_or_surrogate_is_left_and_doing_it_twice_changes_nothing(text: str) -> None:
    shown = one_line(text)
    left = {unicodedata.category(char) for char in shown if char not in "\t\u200c\u200d"}
    assert not left & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert one_line(shown) == shown


@given(st.text(st.characters()))
def test_lines_are_what_line_feeds_make(text: str) -> None:
    lines = lines_of(text)
    assert len(lines) == len(text.removesuffix("\n").split("\n")) - (text == "")
    assert all("\n" not in line and line == one_line(line) for line in lines)


def test_the_line_end_of_windows_is_a_line_end() -> None:
    assert lines_of("a\r\nb\r\n") == ["a", "b"]


def test_no_line_of_a_message_but_its_first_begins_like_one_of_ansible() -> None:
    shown = message(
        "failed\nPLAY RECAP ****\nlocalhost : ok=1\n- a cause\n  its proof\nEvidence: /x\nReport: /y\n\nend"
    )
    assert shown.split("\n") == [
        "failed",
        "  PLAY RECAP ****",
        "  localhost : ok=1",
        "- a cause",
        "  its proof",
        "Evidence: /x",
        "Report: /y",
        "",
        "  end",
    ]
    assert message(shown) == shown


def test_values_however_deep_and_names_of_fields_are_printable() -> None:
    bad = "\x1b[2J"
    assert printable_values({bad: [bad, {"a": (bad, 1, None, True)}]}) == {
        r"\x1b[2J": [r"\x1b[2J", {"a": [r"\x1b[2J", 1, None, True]}]
    }
