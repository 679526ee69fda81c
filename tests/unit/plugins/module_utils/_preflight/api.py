# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""A little HTTP server on loopback that answers as an API server would, for what talks to one."""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
import typing as t
from urllib.parse import urlsplit

Reply = tuple[int, t.Any]


class Api:
    """`replies` maps a path to (status, body); any other path is a 404. `asked` are the requests, in order."""

    def __init__(self, replies: t.Mapping[str, Reply]) -> None:
        self.replies = dict(replies)
        self.asked: list[tuple[str, str]] = []
        self.url = ""

    def connection(self) -> dict[str, t.Any]:
        """The parameters of a module that connects here."""
        return {
            "host": self.url,
            "api_key": "token",
            "in_cluster": False,
            "cluster_uid": "",
            "connect_timeout": 2.0,
            "request_timeout": 2.0,
            "retry_timeout": 0.0,
        }


def status(code: int, message: str) -> Reply:
    """An error as the API server words it."""
    return code, {"kind": "Status", "code": code, "message": message}


@contextlib.contextmanager
def serving(replies: t.Mapping[str, Reply]) -> t.Iterator[Api]:
    api = Api(replies)

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self._answer()

        def _answer(self) -> None:
            api.asked.append((self.command, self.path))
            path = urlsplit(self.path).path
            code, body = api.replies.get(self.path) or api.replies.get(path) or status(404, f"{path} not found")
            data = json.dumps(body).encode()
            self.send_response(code)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: t.Any) -> None:
            pass

    class Server(http.server.ThreadingHTTPServer):
        request_queue_size = 128

    server = Server(("127.0.0.1", 0), Handler)
    api.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
