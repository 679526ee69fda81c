# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTML that cannot be broken into: whatever is not made by `tag` is escaped, and made printable."""

from __future__ import annotations

import html
import typing as t

from .._text.printable import printable

VOID = frozenset({"meta", "link", "br", "line", "path", "rect"})
"""Elements without an end tag; those of SVG close themselves."""
SHAPES = frozenset({"line", "path", "rect"})


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def tag(element: str, /, *children: str | None, **attributes: str | float | None) -> Html:
    """An element. Children that are not Html are escaped, None is left out; `class_` is `class`, `a_b` is `a-b`."""
    written = "".join(
        f' {_named(key)}="{html.escape(printable(str(value)))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if element in VOID:
        return Html(f"<{element}{written}{'/' if element in SHAPES else ''}>")
    return Html(f"<{element}{written}>{joined(children)}</{element}>")


def joined(parts: t.Iterable[str | None]) -> Html:
    """Parts one after the other, escaped where they are plain text."""
    return Html(
        "".join(part if isinstance(part, Html) else html.escape(printable(part)) for part in parts if part is not None)
    )


def _named(key: str) -> str:
    """SVG has names in camel case, which stay; an underscore is a hyphen."""
    return key.rstrip("_").replace("_", "-")
