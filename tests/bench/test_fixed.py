"""The fixed server answers once for every so many bytes, however they are cut."""

from __future__ import annotations

import pytest

from mclite.bench.fixed import Fixed


def told() -> Fixed:
    fixed = Fixed()
    assert fixed.receive(b"fixed 5 4\r\nYES!") == b"OK\r\n"
    return fixed


@pytest.mark.parametrize(
    ("pieces", "answers"),
    [
        ([b"12345"], [b"YES!"]),
        ([b"12345" * 3], [b"YES!" * 3]),
        ([b"123", b"45"], [b"", b"YES!"]),
        ([b"1234512", b"345"], [b"YES!", b"YES!"]),
        ([b"1"] * 5, [b"", b"", b"", b"", b"YES!"]),
    ],
)
def test_answers(pieces: list[bytes], answers: list[bytes]) -> None:
    fixed = told()
    assert [fixed.receive(piece) for piece in pieces] == answers


def test_the_order_may_come_byte_by_byte() -> None:
    fixed = Fixed()
    answers = [fixed.receive(bytes([byte])) for byte in b"fixed 5 4\r\nYES!"]
    assert answers == [b""] * 14 + [b"OK\r\n"]


def test_version_comes_before_the_order() -> None:
    fixed = Fixed()
    assert fixed.receive(b"version\r\n") == b"VERSION fixed\r\n"
    assert fixed.receive(b"fixed 5 4\r\nYES!") == b"OK\r\n"
