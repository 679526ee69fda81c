# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Strict types for variables: what Ansible would silently convert is refused, in words that say what to write.

Ansible's own validation turns `"true"` into a boolean and `"3"` into a number, but the template still sees the
string. So a value must have the type that the argument spec names.
"""

from __future__ import annotations

import typing as t

Option = t.Mapping[str, t.Any]

TYPES: dict[str, tuple[tuple[type, ...], str]] = {
    "str": ((str,), "a string"),
    "path": ((str,), "a path (a string)"),
    "int": ((int,), "a whole number"),
    "float": ((int, float), "a number"),
    "bool": ((bool,), "a boolean (true or false without quotes)"),
    "list": ((list,), "a list"),
    "dict": ((dict,), "a dictionary"),
    "raw": ((object,), "anything"),
}
HINTS = {
    "str": "Put the value in quotes.",
    "int": "Write it without quotes; on the command line use -e '{{\"{name}\": 3}}' instead of -e {name}=3.",
    "float": "Write it without quotes; on the command line use -e '{{\"{name}\": 0.5}}' instead of -e {name}=0.5.",
    "bool": "Write it without quotes; on the command line use -e '{{\"{name}\": true}}' instead of -e {name}=true.",
}


def problems(name: str, value: t.Any, option: Option) -> list[str]:
    """What is wrong with one variable, a sentence each; values of `no_log` options are not repeated."""
    if value is None:
        return [f"{name} is required."] if option.get("required") else []
    wrong = _wrong_type(name, value, option.get("type", "str"), bool(option.get("no_log")))
    if wrong:
        return [wrong]
    return [*_choice(name, value, option), *_elements(name, value, option), *_options(name, value, option)]


def _wrong_type(name: str, value: t.Any, expected: str, hidden: bool) -> str:
    types, words = TYPES[expected]
    is_bool_for_number = isinstance(value, bool) and expected in ("int", "float")
    if isinstance(value, types) and not is_bool_for_number:
        return ""
    given = f"a {type(value).__name__}" if hidden or isinstance(value, (dict, list)) else f"{_plain(value)!r}"
    hint = HINTS.get(expected, "").format(name=name)
    return f"{name} must be {words}, but {given} was given. {hint}".rstrip()


def _choice(name: str, value: t.Any, option: Option) -> list[str]:
    choices = option.get("choices")
    if not choices or isinstance(value, list) or value in choices:
        return []
    return [f"{name} must be one of {', '.join(map(str, choices))}, but {_plain(value)!r} was given."]


def _elements(name: str, value: t.Any, option: Option) -> list[str]:
    if not isinstance(value, list) or not option.get("elements"):
        return []
    element = {key: option[key] for key in ("choices", "options", "no_log") if key in option}
    element["type"] = option["elements"]
    return [problem for index, item in enumerate(value) for problem in problems(f"{name}[{index}]", item, element)]


def _options(name: str, value: t.Any, option: Option) -> list[str]:
    known = option.get("options")
    if not isinstance(value, dict) or not known:
        return []
    found = [f"{name}.{key} is not known. Known are {', '.join(sorted(known))}." for key in value if key not in known]
    for key, inner in known.items():
        found += problems(f"{name}.{key}", value.get(key), inner)
    return found


def _plain(value: t.Any) -> t.Any:
    """The value without Ansible's string subclass, for its `repr`."""
    return str(value) if isinstance(value, str) else value
