"""Frames of the binary protocol: printed and read, requests and responses."""

from __future__ import annotations

import pytest

from mclite.protocol.binary import (
    FORMS,
    HEADER,
    MAGIC_REQUEST,
    MAGIC_RESPONSE,
    TEXTS,
    Header,
    Opcode,
    Status,
    read_frame,
    read_header,
    request,
    response,
)

CASES = [
    (Opcode.NOOP, b"", b"", b""),
    (Opcode.GET, b"a", b"", b""),
    (Opcode.SET, b"k" * 250, bytes(8), b"value"),
    (Opcode.SET, b"\xff \r\n", bytes(range(8)), b""),
    (Opcode.INCREMENT, b"n", bytes(20), b""),
    (Opcode.FLUSH, b"", b"\0\0\0\5", b""),
    (Opcode.STAT, b"settings", b"", b""),
]


@pytest.mark.parametrize(("opcode", "key", "extras", "value"), CASES)
def test_a_request_both_ways(opcode: int, key: bytes, extras: bytes, value: bytes) -> None:
    wire = request(opcode, key, extras, value, opaque=0xDEADBEEF, cas=2**64 - 1)
    header = read_header(b"12345" + wire, 5)
    assert header == Header(MAGIC_REQUEST, opcode, len(key), len(extras), 0, 0, len(wire) - 24, 0xDEADBEEF, 2**64 - 1)
    assert header.value_length == len(value)
    frame = read_frame(header, wire[HEADER.size :])
    assert (frame.extras, frame.key, frame.value) == (extras, key, value)


def test_a_response() -> None:
    header = read_header(request(Opcode.GETK, b"a", opaque=7))
    assert response(header, Status.OK, b"hello", b"a", b"\0\0\0\1", 5) == (
        b"\x81\x0c\0\1\4\0\0\0\0\0\0\x0a\0\0\0\7\0\0\0\0\0\0\0\5" + b"\0\0\0\1ahello"
    )
    assert response(header) == b"\x81\x0c" + bytes(12 - 2) + b"\0\0\0\7" + bytes(8)


@pytest.mark.parametrize("status", [one for one in Status if one is not Status.OK])
def test_a_failure_says_why(status: Status) -> None:
    wire = response(read_header(request(Opcode.GET, b"a")), status)
    header = read_header(wire)
    assert (header.magic, header.status) == (MAGIC_RESPONSE, status)
    assert wire[HEADER.size :] == TEXTS[status]


def test_every_opcode_has_a_form() -> None:
    assert set(Opcode) - FORMS.keys() == {Opcode.STAT}
