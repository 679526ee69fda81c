# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads JSON that others may have written: its size, number of values and depth are bounded before they cost. Pure."""

from __future__ import annotations

import json
import typing as t
import zlib

MEBIBYTE = 1024 * 1024
GZIP = 31
"""What zlib calls a gzip stream with its header and checksum."""
LARGEST, MOST_VALUES = 16 * MEBIBYTE, 500_000
"""Bytes and values of one text; a release of 400 objects has 2 MiB and 40 000."""
DEPTH = 100
"""Levels of a manifest are about 15; everything that walks through one is far from Python's limit of 1000."""


class Unreadable(ValueError):
    """The text is no JSON, or is beyond a bound; `str()` says which."""


class Budget:
    """What may be unpacked and parsed in all, however many texts it is spent on, and of one text at most."""

    def __init__(self, size: int = LARGEST, values: int = MOST_VALUES) -> None:
        self.size = size
        self.values = values

    @property
    def size_of_one(self) -> int:
        return max(0, min(self.size, LARGEST))

    @property
    def values_of_one(self) -> int:
        return max(0, min(self.values, MOST_VALUES))

    def spend(self, size: int, values: int) -> None:
        self.size -= size
        self.values -= values


def unpacked(packed: bytes, budget: Budget) -> bytes:
    """A gzip stream's content. Raises Unreadable, before more is unpacked than the budget has."""
    stream = zlib.decompressobj(GZIP)
    try:
        content = stream.decompress(packed, budget.size_of_one + 1)
    except zlib.error as error:
        raise Unreadable(f"it cannot be unpacked ({error})") from None
    if len(content) > budget.size_of_one:
        raise Unreadable(f"it unpacks to more than {_mebibytes(budget.size_of_one)}")
    if not stream.eof:
        raise Unreadable("its end is missing")
    return content


def parsed(text: bytes, budget: Budget) -> t.Any:
    """The values of a JSON text. Raises Unreadable, before more values are made than the budget has."""
    if len(text) > budget.size_of_one:
        raise Unreadable(f"it is longer than {_mebibytes(budget.size_of_one)}")
    values = 1 + sum(text.count(mark) for mark in (b",", b"[", b"{"))
    if values > budget.values_of_one:
        raise Unreadable(f"it may hold more than {budget.values_of_one} values")
    budget.spend(len(text), values)
    try:
        found = json.loads(text, parse_constant=_refuse)
    except RecursionError:
        raise Unreadable(f"it is nested deeper than {DEPTH} levels") from None
    except ValueError as error:
        raise Unreadable(f"it is no JSON ({error})") from None
    if is_deeper(found, DEPTH):
        raise Unreadable(f"it is nested deeper than {DEPTH} levels")
    return found


def is_deeper(value: t.Any, levels: int) -> bool:
    """Whether lists and dictionaries lie in each other more than so many times; without recursion."""
    layer = [value]
    for _level in range(levels + 1):
        layer = [inner for outer in layer for inner in _inner(outer)]
        if not layer:
            return False
    return True


def canonical(value: t.Any) -> bytes:
    """The one form in which values are compared, signed and counted: sorted keys, no blanks, lists in their order."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def _inner(value: t.Any) -> t.Iterable[t.Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _refuse(constant: str) -> t.NoReturn:
    raise ValueError(f"{constant} is no value of JSON")


def _mebibytes(size: int) -> str:
    return f"{size / MEBIBYTE:.1f} MiB"


def has_type(value: t.Any, kind: type) -> bool:
    """Whether a value of JSON is of this type; a boolean is no number."""
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def is_count(value: t.Any) -> bool:
    """Whether a value of JSON is a whole number of 0 or more."""
    return has_type(value, int) and value >= 0
