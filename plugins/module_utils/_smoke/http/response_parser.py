# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads HTTP/1 answers out of whatever pieces they arrive in. No I/O: bytes go in, one answer at a time comes out.

Strict where a lenient reader would measure nonsense (a length that is no number, two lengths that differ, bytes after
the end), bounded everywhere, and cheap for what nearly every answer is: one piece with a Content-Length.
"""

from __future__ import annotations

MAX_HEAD = 65_536
"""Bytes of a status line with its headers, and of the trailer of a chunked body."""
MAX_LINE = 1_024
"""Bytes of a line that tells the size of a chunk."""

_HEAD, _FIXED, _CHUNK_SIZE, _CHUNK, _CHUNK_END, _TRAILER, _UNTIL_END, _DONE = range(8)
_BODILESS = frozenset({204, 304})
_HEX = frozenset(b"0123456789abcdefABCDEF")


class Malformed(ValueError):
    """What arrived is no HTTP/1 answer; the text says why."""


class TooLong(Malformed):
    """The body is longer than what is read of it."""


class Cut(EOFError):
    """The connection ended before the answer did; the text says how far it had come."""


class Response:
    """One answer while it is read. `begin` makes it ready for the next one on the same connection.

    `status` is 0 until the head is read. `size` counts the bytes of the body; `body` holds them only when asked to.
    `kept` says, at the end, whether the connection can carry another request.
    """

    def __init__(self, max_body: int = 1 << 24, keep_body: bool = False) -> None:
        self._max_body = max_body
        self._keep_body = keep_body
        self.begin()

    def begin(self, method: str = "GET") -> None:
        """Expect the answer to a request of this method."""
        self._state = _HEAD
        self._buffer = b""
        self._left = 0
        self._without_body = method == "HEAD"
        self.started = False
        self.status = 0
        self.head = b""
        self.size = 0
        self.body = b""
        self.kept = False

    def feed(self, data: bytes) -> bool:
        """Take what arrived; True once the answer is complete. Raises Malformed."""
        if not data:
            return self._state == _DONE
        self.started = True
        if self._buffer:
            data = self._buffer + data
            self._buffer = b""
        while data and self._state != _DONE:
            data = self._STEPS[self._state](self, data)
        if self._state != _DONE:
            return False
        if data and self.status != 101:  # behind an upgrade another protocol begins
            raise Malformed(f"{len(data)} bytes follow the end of the answer")
        return True

    def end(self) -> None:
        """The connection ended. Returns when that completes the answer, else raises Cut."""
        if self._state == _UNTIL_END:
            self._state = _DONE
        elif self._state != _DONE:
            place = f"in the body after {self.size} bytes" if self.status else "in the headers"
            raise Cut(f"the connection ended {place if self.started else 'before the first byte of the answer'}")

    def headers(self) -> dict[str, str]:
        """The headers by their names in lower case; what comes several times is joined by a comma."""
        found: dict[str, str] = {}
        for line in self.head.split(b"\r\n")[1:]:
            name, _colon, value = line.decode("latin-1").partition(":")
            name, value = name.strip().lower(), value.strip()
            found[name] = f"{found[name]}, {value}" if name in found else value
        return found

    def header(self, name: bytes) -> str:
        """One header by its name in lower case; empty when it is not there. Cheaper than `headers`."""
        return _value(self.head, self.head.lower(), name).decode("latin-1")

    def _read_head(self, data: bytes) -> bytes:
        end = data.find(b"\r\n\r\n")
        if end < 0 or end > MAX_HEAD:
            if not data.startswith(b"HTTP/1."[: len(data)]):
                raise Malformed(f"no HTTP/1 answer: {data[:40]!r}")
            if len(data) > MAX_HEAD:
                raise Malformed(f"headers of more than {MAX_HEAD} bytes")
            self._buffer = data
            return b""
        head = data[:end]
        status = _status(head)
        rest = data[end + 4 :]
        if 100 <= status < 200 and status != 101:
            return rest
        self.head, self.status = head, status
        self._frame(head.lower(), status)
        return rest

    def _frame(self, lower: bytes, status: int) -> None:
        """Find out where the body ends, and whether the connection is kept then."""
        connection = _value(lower, lower, b"connection")
        self.kept = b"close" not in connection and (lower.startswith(b"http/1.1") or b"keep-alive" in connection)
        length = _value(lower, lower, b"content-length")
        coding = _value(lower, lower, b"transfer-encoding")
        if status == 101:
            self.kept = False
        if self._without_body or status in _BODILESS or status == 101:
            self._state = _DONE
        elif coding:
            self.kept = self.kept and not length
            self._state = _CHUNK_SIZE if coding.endswith(b"chunked") else _UNTIL_END
        elif length:
            self._left = self._bounded(_length(lower, length))
            self._state = _FIXED if self._left else _DONE
        else:
            self._state = _UNTIL_END
        if self._state == _UNTIL_END:
            self.kept = False

    def _read_fixed(self, data: bytes) -> bytes:
        if len(data) < self._left:
            self._left -= len(data)
            self._take(data)
            return b""
        part = data[: self._left] if len(data) > self._left else data
        rest = data[self._left :]
        self._take(part)
        self._state = _DONE
        return rest

    def _read_chunk_size(self, data: bytes) -> bytes:
        end = data.find(b"\r\n")
        if end < 0 or end > MAX_LINE:
            if len(data) > MAX_LINE:
                raise Malformed("the size of a chunk does not end")
            self._buffer = data
            return b""
        digits = data[:end].partition(b";")[0].strip()
        if not digits or len(digits) > 15 or not _HEX.issuperset(digits):
            raise Malformed(f"the size of a chunk is no number: {digits[:20]!r}")
        self._left = self._bounded(int(digits, 16))
        self._state = _CHUNK if self._left else _TRAILER
        return data[end + 2 :]

    def _read_chunk(self, data: bytes) -> bytes:
        part = data[: self._left]
        self._left -= len(part)
        self._take(part)
        if not self._left:
            self._state = _CHUNK_END
        return data[len(part) :]

    def _read_chunk_end(self, data: bytes) -> bytes:
        if not b"\r\n".startswith(data[:2]):
            raise Malformed("a chunk is longer than its size")
        if len(data) < 2:
            self._buffer = data
            return b""
        self._state = _CHUNK_SIZE
        return data[2:]

    def _read_trailer(self, data: bytes) -> bytes:
        """Lines up to an empty one; `_left` counts the bytes of those that were read."""
        end = data.find(b"\r\n")
        if self._left + (len(data) if end < 0 else end) > MAX_HEAD:
            raise Malformed(f"a trailer of more than {MAX_HEAD} bytes")
        if end < 0:
            self._buffer = data
            return b""
        self._left += end
        if end == 0:
            self._state = _DONE
        return data[end + 2 :]

    def _read_until_end(self, data: bytes) -> bytes:
        self._take(data)
        return b""

    def _take(self, data: bytes) -> None:
        self.size += len(data)
        if self._keep_body:
            self.body += data
        if self.size > self._max_body:
            raise TooLong(f"a body of more than {self._max_body} bytes")

    def _bounded(self, length: int) -> int:
        if self.size + length > self._max_body:
            raise TooLong(f"a body of more than {self._max_body} bytes")
        return length

    _STEPS = {
        _HEAD: _read_head,
        _FIXED: _read_fixed,
        _CHUNK_SIZE: _read_chunk_size,
        _CHUNK: _read_chunk,
        _CHUNK_END: _read_chunk_end,
        _TRAILER: _read_trailer,
        _UNTIL_END: _read_until_end,
    }


def _status(head: bytes) -> int:
    code = head[9:12]
    is_http = head[:7] == b"HTTP/1." and head[7:9] in (b"0 ", b"1 ")
    is_code = len(code) == 3 and code.isdigit() and code[0] >= ord("1")
    if not (is_http and is_code) or head[12:13] not in (b"", b" ", b"\r"):
        line = head.partition(b"\r\n")[0]
        raise Malformed(f"no HTTP/1 answer: {line[:40]!r}")
    return int(code)


def _value(head: bytes, lower: bytes, name: bytes) -> bytes:
    start = lower.find(b"\r\n" + name + b":")
    if start < 0:
        return b""
    start += len(name) + 3
    end = head.find(b"\r\n", start)
    return (head[start:] if end < 0 else head[start:end]).strip()


def _length(lower: bytes, value: bytes) -> int:
    if not value.isdigit() or len(value) > 15:
        raise Malformed(f"the Content-Length is no number: {value[:20]!r}")
    last = lower.rfind(b"\r\ncontent-length:")
    if _value(lower[last:], lower[last:], b"content-length") != value:
        raise Malformed("two Content-Lengths differ")
    return int(value)
