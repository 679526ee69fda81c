# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""What others may have written is read within bounds, whatever it claims to be."""

from __future__ import annotations

import gzip
import json
import tracemalloc
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.intelgraph.maestro.plugins.module_utils._release.bounded_json import (
    DEPTH,
    MEBIBYTE,
    Budget,
    Unreadable,
    canonical,
    is_deeper,
    parsed,
    unpacked,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def zeros(mebibytes: int) -> bytes:
    """A stream that unpacks to so much, made without having it."""
    stream = zlib.compressobj(9, zlib.DEFLATED, 31)
    parts = [stream.compress(b"0" * MEBIBYTE) for _part in range(mebibytes)]
    return b"".join([*parts, stream.flush()])


@given(JSON)
def test_what_is_written_is_read(value: object) -> None:
    text = json.dumps(value).encode()
    assert parsed(unpacked(gzip.compress(text), Budget()), Budget()) == value


@given(st.binary(max_size=300))
@settings(max_examples=300)
def test_any_bytes_are_read_or_refused(packed: bytes) -> None:
    for read in (unpacked, parsed):
        try:
            read(packed, Budget())
        except Unreadable:
            continue


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"[" * 100_000, "nested deeper than"),
        (b"[" * (DEPTH + 2) + b"]" * (DEPTH + 2), "nested deeper than"),
        (b"[NaN]", "NaN is no value"),
        (b'{"a":', "it is no JSON"),
        (b"\xff\xfe", "it is no JSON"),
        (b"[" + b"0," * 600_000 + b"0]", "more than 500000 values"),
        (b'"' + b" " * 17 * MEBIBYTE + b'"', "longer than 16.0 MiB"),
        (b"1" * 5000, "it is no JSON"),
    ],
)
def test_what_is_beyond_a_bound_says_which(text: bytes, words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        parsed(text, Budget())


@pytest.mark.parametrize(
    "packed",
    [b"", b"no gzip", gzip.compress(b"{}", mtime=0)[:-3], gzip.compress(b"{}" * 99, mtime=0)[:20]],
    ids=range(4),
)
def test_a_damaged_stream_is_refused(packed: bytes) -> None:
    with pytest.raises(Unreadable):
        unpacked(packed, Budget())


def test_a_small_record_that_unpacks_to_much_costs_little() -> None:
    packed = zeros(700)
    assert len(packed) < 720_000
    tracemalloc.start()
    with pytest.raises(Unreadable, match="unpacks to more than"):
        unpacked(packed, Budget())
    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 40 * MEBIBYTE


def test_many_texts_share_one_budget() -> None:
    budget = Budget(values=10)
    parsed(b"[1,2,3]", budget)
    with pytest.raises(Unreadable, match="more than"):
        parsed(b"[1,2,3,4,5,6]", budget)


@given(JSON)
def test_depth_is_counted_without_recursion(value: object) -> None:
    def depth(inner: object) -> int:
        parts = list(inner.values()) if isinstance(inner, dict) else inner if isinstance(inner, list) else []
        return 1 + max(map(depth, parts)) if parts else 0

    assert is_deeper(value, depth(value)) is False
    assert depth(value) == 0 or is_deeper(value, depth(value) - 1) is True


@given(JSON)
def test_equal_values_have_one_form_and_others_another(value: object) -> None:
    assert canonical(json.loads(canonical(value))) == canonical(value)
    assert canonical([value, 1]) != canonical([1, value]) or value == 1
