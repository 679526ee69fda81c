# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Strict types for variables: what Ansible would silently convert is refused, in words that say what to write.

Ansible's own validation turns `"true"` into a boolean and `"3"` into a number, but the template still sees the
string. So a value must have the type that the argument spec names; `plain_text` has made that of a text which can mean
only one thing.
"""

from __future__ import annotations

import typing as t

Option = t.Mapping[str, t.Any]
Options = t.Mapping[str, Option]

TYPES: dict[str, tuple[tuple[type, ...], str]] = {
    "str": ((str,), "a string"),
    "path": ((str,), "a path (a string)"),
    "int": ((int,), "a whole number"),
    "float": ((int, float), "a number"),
    "bool": ((bool,), "a boolean"),
    "list": ((list,), "a list"),
    "dict": ((dict,), "a dictionary"),
    "raw": ((object,), "anything"),
}
KINDS: tuple[tuple[type, str], ...] = (
    (bool, "a boolean"),
    (int, "a number"),
    (float, "a number"),
    (str, "a string"),
    (list, "a list"),
    (dict, "a dictionary"),
)
HINTS = {"str": "Put the value in quotes.", "bool": "Write true or false."}


def problems_of(values: t.Mapping[str, t.Any], options: Options, stem: str = "", hidden: bool = False) -> list[str]:
    """What is wrong with the values of several options; a value that is not there is missed only when required."""
    found: list[str] = []
    for key, option in options.items():
        if key in values:
            found += problems(f"{stem}{key}", values[key], option, hidden)
        elif option.get("required"):
            found.append(f"{stem}{key} is required.")
    return found


def problems(name: str, value: t.Any, option: Option, hidden: bool = False) -> list[str]:
    """What is wrong with one variable, a sentence each; values of `no_log` options are not repeated."""
    if value is None:
        return _nothing(name, option)
    hidden = hidden or bool(option.get("no_log"))
    wrong = _wrong_type(name, value, option.get("type", "str"), hidden)
    if wrong:
        return [wrong]
    return [
        *_choice(name, value, option, hidden),
        *_elements(name, value, option, hidden),
        *_options(name, value, option, hidden),
    ]


def _nothing(name: str, option: Option) -> list[str]:
    """Null hides a default instead of giving it."""
    if option.get("required"):
        return [f"{name} is required."]
    if option.get("default") is None:
        return []
    return [f"{_must_be(name, option)}, but null was given. Remove it to get the default."]


def _must_be(name: str, option: Option) -> str:
    return f"{name} must be {TYPES[option.get('type', 'str')][1]}"


def _wrong_type(name: str, value: t.Any, expected: str, hidden: bool) -> str:
    types, words = TYPES[expected]
    is_bool_for_number = isinstance(value, bool) and expected in ("int", "float")
    if isinstance(value, types) and not is_bool_for_number:
        return ""
    given = _kind(value) if hidden or isinstance(value, (dict, list)) else repr(_plain(value))
    hint = HINTS.get(expected, "")
    return f"{name} must be {words}, but {given} was given. {hint}".rstrip()


def _choice(name: str, value: t.Any, option: Option, hidden: bool) -> list[str]:
    choices = option.get("choices")
    if not choices or isinstance(value, list) or value in choices:
        return []
    given = _kind(value) if hidden else repr(_plain(value))
    return [f"{name} must be one of {', '.join(map(str, choices))}, but {given} was given."]


def _elements(name: str, value: t.Any, option: Option, hidden: bool) -> list[str]:
    if not isinstance(value, list) or not option.get("elements"):
        return []
    element = {key: option[key] for key in ("choices", "options") if key in option}
    element["type"] = option["elements"]
    found = []
    for index, item in enumerate(value):
        place = f"{name}[{index}]"
        if item is None:
            found.append(f"{_must_be(place, element)}, but null was given.")
        found += problems(place, item, element, hidden)
    return found


def _options(name: str, value: t.Any, option: Option, hidden: bool) -> list[str]:
    known = option.get("options")
    if not isinstance(value, dict) or not known:
        return []
    found = [f"{name}.{key} is not known. Known are {', '.join(sorted(known))}." for key in value if key not in known]
    return found + problems_of(value, known, f"{name}.", hidden)


def _kind(value: t.Any) -> str:
    """What sort of value it is, without its text."""
    return next((words for kind, words in KINDS if isinstance(value, kind)), "something else")


def _plain(value: t.Any) -> t.Any:
    """The value without Ansible's string subclass, for its `repr`."""
    return str(value) if isinstance(value, str) else value
