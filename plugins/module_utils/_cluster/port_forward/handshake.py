# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Opens a connection that the API server hands on (a WebSocket), with the trust and the proxy of all other requests."""

from __future__ import annotations

import base64
import json
import socket
import typing as t
from urllib.parse import urlsplit

from ..errors import ApiError, BadConnection, Unreachable
from ..transport import SOCKET_OPTIONS, unreachable


def dial(
    url: str,
    protocol: str,
    credentials: t.Iterable[tuple[str, str]],
    context: t.Any,
    configuration: t.Any,
    timeout: float,
) -> socket.socket:
    """The connection behind a WebSocket's handshake. Raises ApiError for a refusal, Unreachable without an answer."""
    websocket = _library()
    parts = urlsplit(url)
    host = f"{parts.scheme}://{parts.netloc}"
    try:
        opened = websocket.create_connection(
            f"ws{url.removeprefix('http')}",
            timeout=timeout,
            sockopt=SOCKET_OPTIONS,
            sslopt={"context": context, "server_hostname": configuration.tls_server_name},
            header=[f"{name}: {value}" for name, value in credentials],
            subprotocols=[protocol],
            suppress_origin=True,
            redirect_limit=0,
            **_proxy(configuration),
        )
    except websocket.WebSocketBadStatusException as error:
        raise _refusal(error, f"GET {parts.path}") from None
    except websocket.WebSocketException as error:
        raise Unreachable(f"{host} opens no WebSocket (GET {parts.path}): {error}") from error
    except OSError as error:
        raise unreachable(host, error) from error
    return t.cast(socket.socket, opened.sock)


def _library() -> t.Any:
    """The package websocket-client, which comes with kubernetes; most runs do without it."""
    try:
        import websocket
    except ImportError as error:
        raise BadConnection(f"The Python package websocket-client is needed on the controller: {error}") from error
    return websocket


def _refusal(error: t.Any, request: str) -> ApiError:
    """What was answered instead of the upgrade: a Status object, or whatever a proxy says."""
    text = getattr(error, "resp_body", None) or b""
    try:
        body = json.loads(text)
    except ValueError:
        body = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    return ApiError.from_body(error.status_code, body, request)


def _proxy(configuration: t.Any) -> dict[str, t.Any]:
    """The proxy of the connection options, as the WebSocket's library wants it."""
    if not configuration.proxy:
        return {}
    parts = urlsplit(configuration.proxy)
    given: dict[str, t.Any] = {"http_proxy_host": parts.hostname, "http_proxy_port": parts.port, "proxy_type": "http"}
    if configuration.no_proxy:
        given["http_no_proxy"] = configuration.no_proxy.split(",")
    said = (configuration.proxy_headers or {}).get("proxy-authorization", "")
    if said.startswith("Basic "):
        user, _colon, password = base64.b64decode(said.removeprefix("Basic ")).decode().partition(":")
        given["http_proxy_auth"] = (user, password)
    return given
