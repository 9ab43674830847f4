"""Answers changed as faults have it, without a connection; whole answers are in test_faults.py."""

from __future__ import annotations

from mclite.protocol.binary import Opcode, read_header, request
from mclite.testing.answers import error_answer, values_of
from mclite.testing.requests import Request
from mclite.testing.wire import Splitter


def test_values_of_an_answer() -> None:
    """Data that looks like an answer is data."""
    first = b"VALUE k 0 21\r\nVALUE l 0 1\r\nx\r\nEND\r\n\r\n"
    second = b"VALUE m 4294967295 0 9\r\n\r\n"
    assert values_of(first + second + b"END\r\n") == [first, second]
    assert values_of(b"END\r\n") == []
    assert values_of(b"VALUE broken\r\nEND\r\n") == []


def test_an_error_has_the_form_of_the_protocol() -> None:
    assert error_answer(Request("get", "k"), b"SERVER_ERROR busy") == b"SERVER_ERROR busy\r\n"
    (piece,) = Splitter().feed(request(Opcode.SET, b"k", bytes(8), b"v", opaque=9))
    answer = error_answer(piece.request, b"CLIENT_ERROR bad")
    header = read_header(answer)
    assert (header.magic, header.opcode, header.status, header.opaque) == (0x81, Opcode.SET, 4, 9)
    assert answer[24:] == b"CLIENT_ERROR bad"
    assert header.length == len(b"CLIENT_ERROR bad")
