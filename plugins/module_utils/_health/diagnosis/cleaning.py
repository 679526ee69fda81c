# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects as they may be shown to anybody: no secret value, no bookkeeping. Pure."""

from __future__ import annotations

import re
import typing as t

from ..facts import Live
from .masking import SECRET, Mask

LEFT_OUT = "(left out)"
DROPPED_ANNOTATIONS = frozenset({"kubectl.kubernetes.io/last-applied-configuration"})
"""Annotations that repeat the object with all its values."""
TELLING = re.compile(
    r"(?:pass(?:word|wd|phrase)|token|(?:api|access|private|secret|signing)_?key|client_?secret)", re.IGNORECASE
)
"""Fields whose text is a secret by their whole name."""


def cleaned(live: Live, mask: Mask) -> dict[str, t.Any]:
    """The object without managed fields, without the values of a Secret and of environment variables, and masked."""
    metadata = {field: value for field, value in live["metadata"].items() if field != "managedFields"}
    if metadata.get("annotations"):
        metadata["annotations"] = {
            name: LEFT_OUT if name in DROPPED_ANNOTATIONS else value for name, value in metadata["annotations"].items()
        }
    shown = {**live, "metadata": metadata}
    for field in ("data", "stringData", "binaryData"):
        if isinstance(shown.get(field), dict) and (live["kind"] == "Secret" or field == "binaryData"):
            shown[field] = {key: f"({_size(field, value)} bytes)" for key, value in shown[field].items()}
    return t.cast("dict[str, t.Any]", _masked(shown, mask))


def _size(field: str, value: t.Any) -> int:
    text = str(value or "")
    return len(text.encode()) if field == "stringData" else len(text.rstrip("=")) * 3 // 4


def _masked(value: t.Any, mask: Mask, field: str = "") -> t.Any:
    if isinstance(value, dict):
        return {mask.known(str(key)): _masked(inner, mask, str(key)) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_masked(_without_literal(inner) if field == "env" else inner, mask) for inner in value]
    if isinstance(value, str):
        return SECRET if value and TELLING.fullmatch(field) else mask.text(value)
    return value


def _without_literal(variable: t.Any) -> t.Any:
    """An environment variable without the value that is written beside its name."""
    if isinstance(variable, dict) and variable.get("value"):
        return {**variable, "value": LEFT_OUT}
    return variable
