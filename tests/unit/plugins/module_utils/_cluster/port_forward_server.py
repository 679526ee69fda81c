# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""An API server that does nothing but forward ports: pods are functions that talk to who has been let through."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import re
import socket
import threading
import typing as t

MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
PORT = (8080).to_bytes(2, "little")
BINARY, CLOSE = 2, 8


def server_frame(opcode: int, content: bytes, final: bool = True) -> bytes:
    """One frame as a server writes it, unmasked."""
    size = len(content)
    if size < 126:
        length = bytes((size,))
    else:
        length = b"\x7e" + size.to_bytes(2, "big") if size < 1 << 16 else b"\x7f" + size.to_bytes(8, "big")
    return bytes((0x80 * final | opcode,)) + length + content


class Line:
    """The server's end of one WebSocket."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock

    def say(self, opcode: int, content: bytes, final: bool = True) -> None:
        """Send one frame."""
        self.sock.sendall(server_frame(opcode, content, final))

    def data(self, content: bytes) -> None:
        self.say(BINARY, b"\0" + content)

    def hear(self) -> tuple[int, bytes]:
        """The opcode and content of the next frame. Raises EOFError when there is none."""
        first, second = self._exactly(2)
        size = second & 0x7F
        if size > 125:
            size = int.from_bytes(self._exactly(2 if size == 126 else 8), "big")
        key = self._exactly(4)
        return first & 0x0F, bytes(byte ^ key[place % 4] for place, byte in enumerate(self._exactly(size)))

    def request(self) -> bytes:
        """The bytes of the next request, without a body. Raises EOFError when the client has closed."""
        last_heard = b""
        while b"\r\n\r\n" not in last_heard:
            opcode, content = self.hear()
            if opcode == CLOSE:
                raise EOFError
            last_heard += content[1:]
        return last_heard

    def hang_up(self) -> None:
        """Say so, and read what is still on its way: to close before would reset the connection. Raises EOFError."""
        self.say(CLOSE, b"\x03\xe8")
        while True:
            self.hear()

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            piece = self.sock.recv(size - len(data))
            if not piece:
                raise EOFError
            data += piece
        return data


Pod = t.Callable[[Line], None]


def answering(text: bytes, times: int = 1000) -> Pod:
    """A pod that answers every request with the same, so many times, and then closes the connection."""

    def pod(line: Line) -> None:
        for _time in range(times):
            line.request()
            line.data(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(text), text))
        line.hang_up()

    return pod


def refusing(line: Line) -> None:
    """A pod where nobody listens."""
    line.say(BINARY, b"\1connect: connection refused")
    line.hang_up()


def breaking(line: Line) -> None:
    """A node that goes away after a request has come."""
    line.request()


class PortForwardServer:
    """`pods` by name; one that is not there, or `refusal` (status, reason, message) for all, is answered as such."""

    def __init__(self, **pods: Pod) -> None:
        self.pods = {name.replace("_", "-"): pod for name, pod in pods.items()}
        self.refusal: tuple[int, str, str] | None = None
        self.asked: list[str] = []
        self.heads: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._serve)]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> t.Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        for sock in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
        for thread in self._threads:
            thread.join(30)

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _address = self._listener.accept()
                self._open.append(sock)
                thread = threading.Thread(target=self._answer, args=(sock,))
                self._threads.append(thread)
                thread.start()

    def _answer(self, sock: socket.socket) -> None:
        with contextlib.closing(sock), contextlib.suppress(OSError, EOFError):
            head = b""
            while b"\r\n\r\n" not in head:
                head += sock.recv(1)
            text = head.decode()
            self.heads.append(text)
            pod = text.split("/pods/")[1].split("/")[0]
            self.asked.append(pod)
            self._forward(sock, text, pod)

    def _forward(self, sock: socket.socket, head: str, pod: str) -> None:
        refusal = self.refusal or (None if pod in self.pods else (404, "NotFound", f'pods "{pod}" not found'))
        if refusal:
            status, reason, message = refusal
            body = json.dumps({"kind": "Status", "reason": reason, "message": message}).encode()
            sock.sendall(b"HTTP/1.1 %d %b\r\nContent-Length: %d\r\n\r\n%b" % (status, reason.encode(), len(body), body))
            return
        key = re.search(r"Sec-WebSocket-Key: (\S+)", head)
        assert key
        accept = base64.b64encode(hashlib.sha1(key[1].encode() + MAGIC).digest()).decode()
        lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"]
        lines += [f"Sec-WebSocket-Accept: {accept}", "Sec-WebSocket-Protocol: v4.channel.k8s.io", "", ""]
        sock.sendall("\r\n".join(lines).encode())
        line = Line(sock)
        for channel in (b"\0", b"\1"):
            line.say(BINARY, channel + PORT)
        self.pods[pod](line)
