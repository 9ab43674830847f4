"""A server that knows only get, set, delete and version, as somebody writes one in an afternoon.

Usage: small_server.py PORT. It prints nothing and ends with SIGTERM.
"""

from __future__ import annotations

import asyncio
import sys

ITEMS: dict[bytes, tuple[bytes, bytes]] = {}


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one client."""
    try:
        while line := await reader.readline():
            match line.split():
                case [b"version"]:
                    writer.write(b"VERSION 0.1\r\n")
                case [b"get", *keys] if keys:
                    for key in keys:
                        if key in ITEMS:
                            flags, data = ITEMS[key]
                            writer.write(b"VALUE %s %s %d\r\n%s\r\n" % (key, flags, len(data), data))
                    writer.write(b"END\r\n")
                case [b"set", key, flags, _, size, *rest] if size.isdigit():
                    data = await reader.readexactly(int(size) + 2)
                    ITEMS[key] = flags, data[:-2]
                    if rest != [b"noreply"]:
                        writer.write(b"STORED\r\n")
                case [b"delete", key, *rest]:
                    found = ITEMS.pop(key, None)
                    if rest != [b"noreply"]:
                        writer.write(b"NOT_FOUND\r\n" if found is None else b"DELETED\r\n")
                case [b"quit"]:
                    break
                case _:
                    writer.write(b"ERROR\r\n")
            await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError, ValueError):
        pass
    finally:
        writer.close()


async def main(port: int) -> None:
    """Listen on 127.0.0.1."""
    server = await asyncio.start_server(serve, "127.0.0.1", port, limit=1 << 21)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
