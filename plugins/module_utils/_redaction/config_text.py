# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets in the text of a file, by the names that they have in it: YAML, JSON, and `name = value` in lines. Pure."""

from __future__ import annotations

import json
import re
import typing as t

from ansible.module_utils.common.yaml import yaml_load_all

from .mask import SECRET
from .secret_names import CORE, is_secret

LEFT_OUT = "(left out)"
LONGEST = 256 * 1024
"""Characters of a text that is parsed; a longer one is looked through by lines only."""
_HINT = re.compile(rf"{CORE}|pass|auth|keys?\b|salt|pepper|dsn|cred", re.IGNORECASE)
_LINE = re.compile(
    r"""^(?P<before>[ \t]*(?:export[ \t]+|set[ \t]+|-[ \t]+)?["']?(?P<name>[\w./-]{2,128})["']?"""
    r"""[ \t]*(?P<sign>[:=])[ \t]*)(?P<value>\S[^\r\n]*?)(?P<after>,?[ \t]*)$""",
    re.MULTILINE,
)
_STRUCTURE = re.compile(r"[|>][+-]?\d?$|[{\[&*!]")
"""How a value in YAML begins that is no plain text: the parser reads it."""
NAMES = ("name", "key", "header")
"""Fields beside `value` that say what it is."""


def without_secrets(text: str, public: t.Collection[str] = ()) -> str:
    """The text without what its own names call a secret, or nothing of it where that cannot be done.

    `public` values are no secrets.
    """
    if not _HINT.search(text):
        return text
    secrets = _parsed_secrets(text, public)
    for value in sorted(secrets, key=len, reverse=True):
        text = _without(text, value)
    if secrets & _parsed_secrets(text, public):
        return LEFT_OUT
    return _LINE.sub(lambda line: _displayed(line, public), text)


def secret_leaves(document: t.Any, public: t.Collection[str] = ()) -> set[str]:
    """The values in plain data that their names call secrets."""
    return set(_leaves(document, "", public, set()))


def value_named(entry: t.Mapping[t.Any, t.Any]) -> str:
    """The name that an entry such as `{name: X, value: Y}` gives to its value."""
    return next((str(entry[name]) for name in NAMES if "value" in entry and isinstance(entry.get(name), str)), "")


def _parsed_secrets(text: str, public: t.Collection[str]) -> set[str]:
    if len(text) > LONGEST:
        return set()
    try:
        return secret_leaves(json.loads(text), public)
    except (ValueError, RecursionError):
        pass
    try:
        return secret_leaves(list(yaml_load_all(text)), public)
    except Exception:  # whatever a parser says of a text that is no YAML: the lines are looked through
        return set()


def _leaves(value: t.Any, name: str, public: t.Collection[str], seen: set[int]) -> t.Iterator[str]:
    if isinstance(value, (dict, list)):
        if id(value) in seen:
            return
        seen.add(id(value))
    if isinstance(value, dict):
        named = value_named(value)
        for key, inner in value.items():
            yield from _leaves(inner, named if named and key == "value" else str(key), public, seen)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner, name, public, seen)
    elif value is not None and str(value) not in public and is_secret(name, str(value), free=True):
        yield str(value)


def _without(text: str, value: str) -> str:
    """The text without this value, as it stands or in quotes, and without each line of it."""
    written = {value, value.strip(), json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
    written |= {value.replace("'", "''"), *(line.strip() for line in value.splitlines())}
    for form in sorted((form for form in written if form), key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(form)}(?!\w)", SECRET, text)
    return text


def _displayed(line: re.Match[str], public: t.Collection[str]) -> str:
    value = line["value"].strip("\"'")
    is_structure = line["sign"] == ":" and _STRUCTURE.match(line["value"])
    if is_structure or value in public or not is_secret(line["name"], value, free=True):
        return line[0]
    return f"{line['before']}{SECRET}{line['after']}"
