# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real HTTP(S) server on the loopback interface: it answers as told and remembers what it was asked."""

from __future__ import annotations

import contextlib
import http.server
import json
import socket
import ssl
import struct
import threading
import time
import typing as t
import urllib.parse

Json = dict[str, t.Any]
Body = Json | bytes | list[Json]
"""A list is streamed, one JSON line after the other, as a watch is."""


class Asked(t.NamedTuple):
    """One request that came in."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: t.Any


class Reply(t.NamedTuple):
    """What is answered, after `delay` seconds; `drop` resets the connection instead, `hold` keeps a stream open.

    `drip` is the pause after each byte of the body, or of the head as well with `from_head`. A stream that is `cut`
    ends in the middle.
    """

    status: int = 200
    body: Body | None = None
    headers: dict[str, str] | None = None
    delay: float = 0.0
    drop: bool = False
    hold: bool = False
    drip: float = 0.0
    from_head: bool = False
    cut: bool = False


class ApiServer:
    """Replies are taken from `replies` in their order, the last one again and again."""

    def __init__(self, *replies: Reply, tls: ssl.SSLContext | None = None) -> None:
        self.replies = list(replies) or [Reply(body={})]
        self.asked: list[Asked] = []
        self.connections = 0
        self.closing = threading.Event()
        self._lock = threading.Lock()
        self._server = _Server(self, tls)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._scheme = "https" if tls else "http"

    def __enter__(self) -> t.Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._server.server_address[1]}"

    @property
    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]

    def next_reply(self, asked: Asked) -> Reply:
        with self._lock:
            self.asked.append(asked)
            return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    block_on_close = False

    def __init__(self, api: ApiServer, tls: ssl.SSLContext | None) -> None:
        self.api = api
        super().__init__(("127.0.0.1", 0), _Handler)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def handle_error(self, request: t.Any, client_address: t.Any) -> None:
        """A client that goes away is part of the tests."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.api.connections += 1

    def handle_one_request(self) -> None:
        with contextlib.suppress(OSError):
            super().handle_one_request()
            return
        self.close_connection = True

    def answer(self) -> None:
        address = urllib.parse.urlsplit(self.path)
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        query = dict(urllib.parse.parse_qsl(address.query))
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self.server.api.next_reply(
            Asked(self.command, address.path, query, headers, json.loads(raw) if raw else None)
        )
        time.sleep(reply.delay)
        if reply.drop:
            self._reset()
        elif isinstance(reply.body, list):
            self._stream(reply, reply.body)
        else:
            self._send(reply, reply.body)

    do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = answer  # noqa: N815

    def log_message(self, format: str, *args: t.Any) -> None:  # noqa: A002
        """Tests print nothing."""

    def _send(self, reply: Reply, body: Json | bytes | None) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
        self.send_response_only(reply.status)
        for name, value in (reply.headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        if reply.from_head:
            data = b"".join(self._headers_buffer) + b"\r\n" + data
            self._headers_buffer = []
        else:
            self.end_headers()
        for part in [data] if not reply.drip else [data[place : place + 1] for place in range(len(data))]:
            self.wfile.write(part)
            time.sleep(reply.drip)

    def _stream(self, reply: Reply, events: list[Json]) -> None:
        self.send_response(reply.status)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for event in events:
            self._chunk(json.dumps(event).encode() + b"\n")
        if reply.hold:
            self.server.api.closing.wait(10)
        if reply.cut:
            self.close_connection = True
            return
        self._chunk(b"")

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()
