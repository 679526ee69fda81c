# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands between a tool and an API server and makes the way longer: every byte arrives later by half a round trip.

relay.py HOST PORT MILLISECONDS prints the port of 127.0.0.1 on which it listens, and works until it is ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys

CHUNK = 65536
END = b""


async def main(host: str, port: str, milliseconds: str) -> None:
    delay = float(milliseconds) / 2000

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(host, int(port))
        await asyncio.gather(carry(reader, far_writer, delay), carry(far_reader, writer, delay))

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
    """Hand on what is read in its order, each piece so many seconds after it came."""
    clock = asyncio.get_running_loop().time
    under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def arrive() -> None:
        while True:
            due, piece = await under_way.get()
            await asyncio.sleep(due - clock())
            if piece == END:
                return
            writer.write(piece)
            await writer.drain()

    async def leave() -> None:
        with contextlib.suppress(ConnectionError):
            while piece := await reader.read(CHUNK):
                under_way.put_nowait((clock() + delay, piece))
        under_way.put_nowait((clock() + delay, END))

    with contextlib.suppress(ConnectionError):
        await asyncio.gather(arrive(), leave())
    writer.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
