"""A server that knows get, set, delete, version and quit, and does these as memcached does.

Usage: subset_server.py PORT [WORD]... with these words: `incr` knows that, too, `no-delete` does not know delete,
`error` answers ERROR to everything, `garbage` answers `garbage` to everything, `close` hangs up at
what it does not know.
"""

from __future__ import annotations

import asyncio
import re
import sys
import time

WORDS = frozenset(sys.argv[2:])
#: key: flags, Unix time of its end or infinity, data
ITEMS: dict[bytes, tuple[bytes, float, bytes]] = {}
LONGEST_KEY, LONGEST_LINE, LARGEST = 250, 2048, 1 << 20
#: An expiration time above it, in seconds, is a Unix time (protocol.txt 143-151).
MONTH = 60 * 60 * 24 * 30
BAD_FORMAT = b"CLIENT_ERROR bad command line format\r\n"
BAD_CHUNK = b"CLIENT_ERROR bad data chunk\r\n"


def held(key: bytes) -> tuple[bytes, bytes] | None:
    """Return flags and data of an item that has not expired."""
    found = ITEMS.get(key)
    if found is None or found[1] <= time.time():
        ITEMS.pop(key, None)
        return None
    return found[0], found[2]


def end_of(exptime: int) -> float:
    """Return when an item ends that is stored now."""
    if exptime == 0:
        return float("inf")
    if exptime < 0:
        return 0.0
    return float(exptime) if exptime > MONTH else time.time() + exptime


def get(keys: list[bytes]) -> bytes:
    """Answer a get."""
    if not keys:
        return BAD_FORMAT
    out = []
    for key in keys:
        if len(key) > LONGEST_KEY:
            return BAD_FORMAT
        if (found := held(key)) is not None:
            out.append(b"VALUE %s %s %d\r\n%s\r\n" % (key, found[0], len(found[1]), found[1]))
    return b"".join(out) + b"END\r\n"


def number(word: bytes, low: int, high: int) -> int | None:
    """Return a number in a range, None if the word is none."""
    if not re.fullmatch(rb"[-+]?[0-9]+", word):
        return None
    return value if low <= (value := int(word)) <= high else None


class Client:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def set(self, words: list[bytes]) -> bytes:
        """Answer a set; the data block of one that is refused is read over."""
        if len(words) < 3:
            return b"ERROR\r\n"
        if len(words) < 4 or not re.fullmatch(rb"[0-9]{1,18}", words[3]) or int(words[3]) > 2**31 - 3:
            return BAD_FORMAT
        size = int(words[3])
        key, flags, exptime = words[0], number(words[1], 0, 2**64 - 1), number(words[2], -(2**63), 2**63 - 1)
        data = await self.reader.readexactly(size + 2)
        if len(key) > LONGEST_KEY or flags is None or exptime is None:
            return BAD_FORMAT
        if size > LARGEST:
            ITEMS.pop(key, None)
            return b"SERVER_ERROR object too large for cache\r\n"
        if data[-2:] != b"\r\n":
            return BAD_CHUNK
        ITEMS[key] = (b"%d" % (flags & 0xFFFFFFFF), end_of(exptime), data[:-2])
        return b"STORED\r\n"

    def delete(self, words: list[bytes]) -> bytes:
        """Answer a delete; the number 0 may follow, as clients of long ago send it."""
        if not words:
            return b"ERROR\r\n"
        if words[1:] not in ([], [b"0"]) and words[-1] != b"noreply":
            return BAD_FORMAT
        if len(words[0]) > LONGEST_KEY:
            return BAD_FORMAT
        found = held(words[0])
        ITEMS.pop(words[0], None)
        return b"NOT_FOUND\r\n" if found is None else b"DELETED\r\n"

    async def answer(self, words: list[bytes]) -> bytes | None:
        """Return the answer to a request, None to hang up."""
        if "error" in WORDS:
            return b"ERROR\r\n"
        if "garbage" in WORDS:
            return b"garbage\r\n"
        match words:
            case [b"version", *_]:
                return b"VERSION 0.1\r\n"
            case [b"get", *keys]:
                return get(keys)
            case [b"set", *rest]:
                said = await self.set(rest)
                hidden = rest[4:] and rest[-1] == b"noreply" and re.fullmatch(rb"[0-9]{1,18}", rest[3])
                return b"" if hidden else said
            case [b"delete", *rest] if "no-delete" not in WORDS:
                said = self.delete(rest)
                return b"" if rest and rest[-1] == b"noreply" else said  # 1.6.40 takes even the key for it
            case [b"incr", key, amount] if "incr" in WORDS:
                found = held(key)
                if found is None:
                    return b"NOT_FOUND\r\n"
                total = b"%d" % (int(found[1]) + int(amount))
                ITEMS[key] = (found[0], ITEMS[key][1], total)
                return total + b"\r\n"
            case [b"quit", *_]:
                return None
            case _:
                return None if "close" in WORDS else b"ERROR\r\n"

    async def serve(self) -> None:
        """Answer until the client hangs up."""
        while True:
            line = await self.reader.readuntil(b"\n")
            text = line.removesuffix(b"\n").removesuffix(b"\r")
            # A line that begins with a space has no command (1.6.40 and later).
            said = await self.answer([] if text.startswith(b" ") else [word for word in text.split(b" ") if word])
            if said is None:
                return
            self.writer.write(said)
            await self.writer.drain()


async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one client."""
    try:
        await Client(reader, writer).serve()
    except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        pass
    finally:
        writer.close()


async def main(port: int) -> None:
    """Listen on 127.0.0.1."""
    server = await asyncio.start_server(connected, "127.0.0.1", port, limit=1 << 21, backlog=512)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
