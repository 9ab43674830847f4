"""The frame of a UDP datagram, both ways."""

from __future__ import annotations

import pytest

from mclite.protocol.datagram import PAYLOAD_MAX, Frame, frames, unframe


@pytest.mark.parametrize(
    ("datagram", "frame"),
    [
        (b"\x12\x34\0\0\0\1\0\0version\r\n", Frame(0x1234, 0, 1, b"version\r\n")),
        (b"\xff\xff\0\2\0\3\0\0", Frame(0xFFFF, 2, 3, b"")),
        (b"\0\0\0\0\0\1\x99\x99mn\r\n", Frame(0, 0, 1, b"mn\r\n")),
        (b"", None),
        (b"\0\0\0\0\0\1\0", None),
    ],
)
def test_read(datagram: bytes, frame: Frame | None) -> None:
    assert unframe(datagram) == frame


@pytest.mark.parametrize("length", [1, PAYLOAD_MAX - 1, PAYLOAD_MAX, PAYLOAD_MAX + 1, 3 * PAYLOAD_MAX, 100_000])
def test_both_ways(length: int) -> None:
    message = bytes(range(256)) * (length // 256) + bytes(length % 256)
    parts = [unframe(datagram) for datagram in frames(0xABCD, message)]
    assert b"".join(part.payload for part in parts if part) == message
    assert [part and part[:3] for part in parts] == [(0xABCD, number, len(parts)) for number in range(len(parts))]
    assert all(part and len(part.payload) == PAYLOAD_MAX for part in parts[:-1])


def test_nothing_is_no_datagram() -> None:
    assert list(frames(1, b"")) == []


def test_longest_datagram() -> None:
    assert max(len(datagram) for datagram in frames(1, b"x" * 5000)) == 1400
