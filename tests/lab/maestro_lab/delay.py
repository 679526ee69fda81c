# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""A slow cable: takes a host's link off the bridge and passes its frames on by hand, each after a fixed delay.

Run as a process of its own: `python -m maestro_lab.delay LINK TAP BRIDGE MILLISECONDS`. It needs no traffic-control
module of the kernel. When it ends, the host is cut off until its link is put back on the bridge (network.restore).
"""

from __future__ import annotations

import collections
import contextlib
import fcntl
import os
import selectors
import socket
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path

from .command import run

ALL_PROTOCOLS = 0x0003
SOL_PACKET = 263
PACKET_VNET_HDR = 15
PACKET_IGNORE_OUTGOING = 23
TUNSETIFF = 0x400454CA
IFF_TAP, IFF_NO_PI, IFF_VNET_HDR = 0x0002, 0x1000, 0x4000
FRAME = 65_536 + 64
MOST_WAITING = 20_000
ANSWER_NO_ARP = "8"


class Queue:
    """Frames on their way in one direction, with the time at which each is due."""

    def __init__(self, delay: float, send: Callable[[bytes], object]) -> None:
        self.delay = delay
        self.send = send
        self.waiting: collections.deque[tuple[float, bytes]] = collections.deque(maxlen=MOST_WAITING)

    def put(self, frame: bytes, now: float) -> None:
        self.waiting.append((now + self.delay, frame))

    def pass_on(self, now: float) -> None:
        """Send what is due; a frame that the link refuses is lost, as frames may be."""
        while self.waiting and self.waiting[0][0] <= now:
            with contextlib.suppress(OSError):
                self.send(self.waiting.popleft()[1])

    def next_due(self) -> float:
        return self.waiting[0][0] if self.waiting else float("inf")


def relay(link: socket.socket, tap: int, delay: float) -> None:
    """Pass frames between both until one is gone. Frames carry their offload header, so that any size passes."""
    to_bridge = Queue(delay, lambda frame: os.write(tap, frame))
    to_host = Queue(delay, link.send)
    selector = selectors.DefaultSelector()
    selector.register(link, selectors.EVENT_READ, (lambda: link.recv(FRAME), to_bridge))
    selector.register(tap, selectors.EVENT_READ, (lambda: os.read(tap, FRAME), to_host))
    while True:
        due = min(to_bridge.next_due(), to_host.next_due())
        timeout = None if due == float("inf") else max(0.0, due - time.monotonic())
        for key, _ in selector.select(timeout):
            receive, queue = key.data
            with contextlib.suppress(BlockingIOError):
                queue.put(receive(), time.monotonic())
        now = time.monotonic()
        to_bridge.pass_on(now)
        to_host.pass_on(now)


def main(link_name: str, tap_name: str, bridge: str, milliseconds: str) -> None:
    tap = _open_tap(tap_name)
    run("ip", "link", "set", tap_name, "master", bridge, "up")
    with _open_link(link_name) as link:
        Path(f"/proc/sys/net/ipv4/conf/{link_name}/arp_ignore").write_text(ANSWER_NO_ARP)
        run("ip", "link", "set", link_name, "nomaster")
        relay(link, tap, int(milliseconds) / 1000)


def _open_tap(name: str) -> int:
    tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI | IFF_VNET_HDR))
    return tap


def _open_link(name: str) -> socket.socket:
    link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    link.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    link.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    link.bind((name, ALL_PROTOCOLS))
    link.setblocking(False)
    return link


if __name__ == "__main__":
    main(*sys.argv[1:])
