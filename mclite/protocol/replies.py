"""Replies as the server writes them. What the client makes of them is protocol/reader.py's affair."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

RELEASE: Final = "1.6.45"
"""The release of memcached that mclite answers as."""

CRLF: Final = b"\r\n"

ANSWER_MAX: Final = 4 << 20
"""Bytes of answers after which a connection's turn ends, so that what waits for a slow reader stays bounded."""

TURN_BYTES: Final = 4096
"""Bytes of an answer that take as much of a connection's turn (-R) as a request does."""

STORED: Final = b"STORED\r\n"
NOT_STORED: Final = b"NOT_STORED\r\n"
EXISTS: Final = b"EXISTS\r\n"
NOT_FOUND: Final = b"NOT_FOUND\r\n"
DELETED: Final = b"DELETED\r\n"
TOUCHED: Final = b"TOUCHED\r\n"
OK: Final = b"OK\r\n"
END: Final = b"END\r\n"
RESET: Final = b"RESET\r\n"
HD: Final = b"HD\r\n"
EN: Final = b"EN\r\n"
MN: Final = b"MN\r\n"
VERSION: Final = f"VERSION {RELEASE}\r\n".encode()


def value(key: bytes, flags: int, data: bytes, cas: int | None = None) -> bytes:
    """Return one item as get prints it, or as gets does if `cas` is given."""
    if cas is None:
        return b"VALUE %b %d %d\r\n%b\r\n" % (key, flags, len(data), data)
    return b"VALUE %b %d %d %d\r\n%b\r\n" % (key, flags, len(data), cas, data)


def stat(name: bytes, text: bytes) -> bytes:
    """Return one line of statistics."""
    return b"STAT %b %b\r\n" % (name, text)


def stats(rows: Iterable[tuple[str, object]]) -> bytes:
    """Return lines of statistics and the END after them."""
    lines = [f"STAT {name} {text}\r\n" for name, text in rows]
    return "".join(lines).encode("utf-8", "surrogateescape") + END
