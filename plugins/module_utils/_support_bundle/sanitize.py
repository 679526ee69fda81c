# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects as they may be shown to anybody: no secret value, no bookkeeping. Pure."""

from __future__ import annotations

import json
import re
import typing as t

from .._health.facts import Live
from .._redaction.config_text import LEFT_OUT, value_named, without_secrets
from .._redaction.mask import SECRET, Mask
from .._redaction.secret_names import is_secret

DROPPED_ANNOTATIONS = frozenset({"kubectl.kubernetes.io/last-applied-configuration"})
"""Annotations that repeat the object with all its values."""
FREE = frozenset({"data", "annotations"})
"""Fields whose keys somebody has chosen, and whose texts may be whole files."""
REFERENCES = frozenset({"remoteRef", "sourceRef"})
"""Fields beside which `secretKey` is the name of a key."""
PACKED = re.compile(r"(?:SDRzSUF|H4sI)[\w+/=\s]{20,}")
"""How something compressed begins in base64, such as a record of Helm."""
LOGIN = frozenset({"u", "user"})
"""Options whose value is `user:password`."""
OPTION = re.compile(r"--?(?P<name>[\w.-]+)")


def cleaned(live: Live, mask: Mask) -> dict[str, t.Any]:
    """The object without managed fields, without the values of a Secret and of environment variables, and masked."""
    metadata = {field: value for field, value in live["metadata"].items() if field != "managedFields"}
    displayed = {**live, "metadata": metadata}
    for field in ("data", "stringData", "binaryData"):
        if isinstance(displayed.get(field), dict) and (live["kind"] == "Secret" or field == "binaryData"):
            displayed[field] = {key: f"({_size(field, value)} bytes)" for key, value in displayed[field].items()}
    return t.cast("dict[str, t.Any]", _masked(displayed, mask))


def _size(field: str, value: t.Any) -> int:
    text = str(value or "")
    return len(text.encode()) if field == "stringData" else len(text.rstrip("=")) * 3 // 4


def _masked(value: t.Any, mask: Mask, field: str = "", free: bool = False) -> t.Any:
    """The value of this field; `free` where somebody has chosen the field's name."""
    if isinstance(value, dict):
        return {
            mask.known(str(key)): _masked_entry(value, str(key), inner, mask, field) for key, inner in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_masked_item(value, place, mask, field) for place in range(len(value))]
    return _masked_text(value, mask, field, free) if isinstance(value, str) else value


def _masked_entry(parent: dict[str, t.Any], key: str, value: t.Any, mask: Mask, field: str) -> t.Any:
    """What `parent`, which is the value of `field`, holds under this key."""
    if field == "annotations" and _repeats_an_object(key, str(value)):
        return LEFT_OUT
    if key == "secretKey" and not REFERENCES.isdisjoint(parent):
        return mask.text(str(value))
    named = value_named(parent) if key == "value" else ""
    name = named or (field if key == "value" else key)
    return _masked(value, mask, name, free=bool(named) or field in FREE)


def _masked_item(items: t.Sequence[t.Any], place: int, mask: Mask, field: str) -> t.Any:
    """One of a list; a text that follows an option is that option's."""
    item = items[place]
    if field == "env":
        return _masked(_without_literal(item), mask)
    if not isinstance(item, str):
        return _masked(item, mask, field)
    option = OPTION.fullmatch(str(items[place - 1])) if place and not item.startswith("--") else None
    given = OPTION.match(item)
    if given and item[given.end() :].startswith("="):
        return f"{given[0]}={_masked_text(item[given.end() + 1 :], mask, given['name'], free=True)}"
    if option and option["name"] in LOGIN and ":" in item:
        return f"{mask.text(item.partition(':')[0])}:{SECRET}"
    return _masked_text(item, mask, option["name"] if option else field, free=True)


def _masked_text(text: str, mask: Mask, name: str, free: bool) -> str:
    known = mask.known(text)
    if PACKED.match(text):
        return LEFT_OUT
    if text not in mask.public and is_secret(name, known, free):
        return SECRET
    return mask.text(without_secrets(known, mask.public) if free else known)


def _repeats_an_object(name: str, text: str) -> bool:
    """Whether an annotation holds an object, and so the values in it."""
    if name in DROPPED_ANNOTATIONS:
        return True
    try:
        document = json.loads(text) if text.lstrip().startswith("{") else None
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and ("spec" in document or {"apiVersion", "kind"} <= document.keys())


def _without_literal(variable: t.Any) -> t.Any:
    """An environment variable without the value that is written beside its name."""
    if isinstance(variable, dict) and variable.get("value"):
        return {**variable, "value": LEFT_OUT}
    return variable
