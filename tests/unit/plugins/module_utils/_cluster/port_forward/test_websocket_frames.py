# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""WebSocket messages: whatever pieces they come in, they are read whole, and what is none is said to be none."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.port_forward.websocket_frames import (
    BINARY,
    CONTINUATION,
    MOST,
    PING,
    BadFrame,
    Message,
    Reader,
    frame,
)
from tests.unit.plugins.module_utils._cluster.port_forward_server import server_frame


def unmasked(data: bytes) -> bytes:
    """A client's frame as its server reads it."""
    assert data[1] & 0x80
    size, start = data[1] & 0x7F, 2
    if size > 125:
        start = 4 if size == 126 else 10
        size = int.from_bytes(data[2:start], "big")
    key, hidden = data[start : start + 4], data[start + 4 :]
    assert len(hidden) == size
    return bytes(byte ^ key[place % 4] for place, byte in enumerate(hidden))


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536])
def test_a_client_writes_masked_frames_of_every_length(size: int) -> None:
    content = bytes(range(256)) * (size // 256) + bytes(range(size % 256))
    written = frame(BINARY, content)
    assert written[0] == 0x80 | BINARY
    assert unmasked(written) == content
    assert size < 64 or content not in written


@settings(max_examples=25)
@given(
    contents=st.lists(st.binary(max_size=300), min_size=1, max_size=5),
    cuts=st.lists(st.integers(1, 50), min_size=1, max_size=20),
)
def test_messages_are_read_in_any_pieces(contents: list[bytes], cuts: list[int]) -> None:
    stream, reader, read = b"".join(server_frame(BINARY, each) for each in contents), Reader(), list[Message]()
    place = turn = 0
    while place < len(stream):
        size = cuts[turn % len(cuts)]
        read += reader.feed(stream[place : place + size])
        place, turn = place + size, turn + 1
    assert read == [Message(BINARY, each) for each in contents]


def test_a_message_may_come_in_parts_with_a_ping_between_them() -> None:
    stream = server_frame(BINARY, b"a", final=False) + server_frame(PING, b"?") + server_frame(CONTINUATION, b"b")
    assert list(Reader().feed(stream)) == [Message(PING, b"?"), Message(BINARY, b"ab")]


def test_a_long_message() -> None:
    assert list(Reader().feed(server_frame(BINARY, b"x" * 70_000))) == [Message(BINARY, b"x" * 70_000)]


@pytest.mark.parametrize(
    "stream",
    [frame(BINARY, b"masked"), bytes((0x80 | BINARY, 127)) + (MOST + 1).to_bytes(8, "big")],
    ids=["a masked frame", "an endless message"],
)
def test_what_no_server_says_is_refused(stream: bytes) -> None:
    with pytest.raises(BadFrame):
        list(Reader().feed(stream))
