# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The messages of a WebSocket (RFC 6455) as bytes: what a client writes, and what a server has written. Pure."""

from __future__ import annotations

import os
import typing as t

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
MOST = 1 << 24
"""Bytes of one message: far more than an API server puts into one."""


class BadFrame(ValueError):
    """The other side does not speak as a WebSocket server does; the text says how."""


class Message(t.NamedTuple):
    """A whole message, or a control frame."""

    opcode: int
    content: bytes


def frame(opcode: int, content: bytes = b"") -> bytes:
    """One final frame of a client, whose content is masked as RFC 6455 (5.3) demands."""
    length = len(content)
    if length < 126:
        head = bytes((0x80 | opcode, 0x80 | length))
    elif length < 1 << 16:
        head = bytes((0x80 | opcode, 0x80 | 126)) + length.to_bytes(2, "big")
    else:
        head = bytes((0x80 | opcode, 0x80 | 127)) + length.to_bytes(8, "big")
    key = os.urandom(4)
    mask = (key * (length // 4 + 1))[:length]
    hidden = int.from_bytes(content, "big") ^ int.from_bytes(mask, "big")
    return head + key + hidden.to_bytes(length, "big")


class Reader:
    """Takes bytes as they come and gives the messages that are whole."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._parts = bytearray()
        self._opcode = 0

    def feed(self, data: bytes) -> t.Iterator[Message]:
        """The messages that these bytes complete. Raises BadFrame."""
        self._rest += data
        while (size := self._whole()) is not None:
            start, end = size
            first, content = self._rest[0], bytes(self._rest[start:end])
            del self._rest[:end]
            message = self._joined(first & 0x0F, bool(first & 0x80), content)
            if message:
                yield message

    def _whole(self) -> tuple[int, int] | None:
        """Where the content of the first frame begins and ends; None while it has not come whole."""
        rest = self._rest
        if len(rest) < 2:
            return None
        if rest[1] & 0x80:
            raise BadFrame("a masked frame came from the server")
        length, start = rest[1] & 0x7F, 2
        if length > 125:
            start = 4 if length == 126 else 10
            if len(rest) < start:
                return None
            length = int.from_bytes(rest[2:start], "big")
        if length + len(self._parts) > MOST:
            raise BadFrame(f"a message of {length + len(self._parts)} bytes is longer than {MOST}")
        return (start, start + length) if len(rest) >= start + length else None

    def _joined(self, opcode: int, is_final: bool, content: bytes) -> Message | None:
        """The message that a frame completes; control frames may come between the parts of another."""
        if opcode >= CLOSE:
            return Message(opcode, content)
        if opcode != CONTINUATION:
            self._opcode, self._parts = opcode, bytearray()
        self._parts += content
        if not is_final:
            return None
        whole, self._parts = bytes(self._parts), bytearray()
        return Message(self._opcode, whole)
