"""The 8-byte frame of the UDP protocol (protocol.txt 1887-1926), both ways."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

HEADER: Final = struct.Struct("!HHHH")
PAYLOAD_MAX: Final = 1400 - HEADER.size
"""Bytes of an answer in one datagram at most, as memcached splits it."""


class Frame(NamedTuple):
    """A datagram: whose request it belongs to, which part of how many it is, and its share of the bytes."""

    request_id: int
    sequence: int
    total: int
    payload: bytes


def unframe(datagram: bytes) -> Frame | None:
    """Read a datagram; None if it is shorter than its header."""
    if len(datagram) < HEADER.size:
        return None
    request_id, sequence, total, _reserved = HEADER.unpack_from(datagram)
    return Frame(request_id, sequence, total, datagram[HEADER.size :])


def frames(request_id: int, message: bytes) -> Iterator[bytes]:
    """Split `message` into the datagrams that answer request `request_id`, made one at a time."""
    total = -(-len(message) // PAYLOAD_MAX) & 0xFFFF
    for number, start in enumerate(range(0, len(message), PAYLOAD_MAX)):
        yield HEADER.pack(request_id, number & 0xFFFF, total, 0) + message[start : start + PAYLOAD_MAX]
