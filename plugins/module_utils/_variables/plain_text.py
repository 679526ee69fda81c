# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scalars that arrive as text: `-e name=true`, INI inventories and surveys know nothing else. Pure.

A text becomes what the argument spec names where it can mean only that one thing; anything else stays as it is and is
refused by its type. Null and, where no text is wanted, an empty text mean that nothing was given.
"""

from __future__ import annotations

import re
import typing as t

Option = t.Mapping[str, t.Any]
Options = t.Mapping[str, Option]

BOOLEANS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
WHOLE = re.compile(r"-?(0|[1-9][0-9]*)")
NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
TEXTS = ("str", "path", "raw")


def settled(values: t.Mapping[str, t.Any], options: Options) -> dict[str, t.Any]:
    """The values of variables by their options; what was not given after all has its default, where it has one."""
    return {name: _settled(name, value, options.get(name, {})) for name, value in values.items()}


def _settled(name: str, value: t.Any, option: Option) -> t.Any:
    """No shared variable has an empty text for a value beside its default."""
    is_nothing = is_unset(value, option) or (value == "" and name.startswith("maestro_"))
    return option["default"] if is_nothing and option.get("default") is not None else _meant(value, option)


def is_unset(value: t.Any, option: Option) -> bool:
    """Whether nothing was given: null, or an empty text where that is no value."""
    if value is None:
        return True
    if not isinstance(value, str) or value:
        return False
    return option.get("type", "str") not in TEXTS or "" not in (option.get("choices") or ("",))


def _meant(value: t.Any, option: Option) -> t.Any:
    """The value, or what a text in its place means; those inside a dictionary or list too."""
    kind = option.get("type", "str")
    if isinstance(value, str):
        return _of_text(value, kind)
    if isinstance(value, list) and option.get("elements"):
        element = {"type": option["elements"], "options": option.get("options")}
        return [_meant(item, element) for item in value]
    if isinstance(value, dict) and option.get("options"):
        return {key: _meant(inner, option["options"].get(key, {})) for key, inner in value.items()}
    return value


def _of_text(text: str, kind: str) -> t.Any:
    if kind == "bool":
        return BOOLEANS.get(text.lower(), text)
    if kind == "int" and WHOLE.fullmatch(text):
        return int(text)
    if kind == "float" and NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    return text
