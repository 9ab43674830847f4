from __future__ import annotations

import pytest

from mclite.record.requests import Namer, Splitter, block_length

STREAM = b"set a 0 0 3\r\nx\r\n\r\nget a\nms a 1 T0\r\ny\r\nincr a 1\r\n"
PARTS = [
    (b"set a 0 0 3", False, b"\r\n"),
    (b"x\r\n", True, b"\r\n"),
    (b"get a", False, b"\n"),
    (b"ms a 1 T0", False, b"\r\n"),
    (b"y", True, b"\r\n"),
    (b"incr a 1", False, b"\r\n"),
]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_a_stream_is_taken_apart_however_it_comes(size: int) -> None:
    splitter = Splitter()
    parts = [part for at in range(0, len(STREAM), size) for part in splitter.feed(STREAM[at : at + size])]
    assert parts == PARTS
    assert not splitter.unfinished


def test_a_data_block_of_another_length_keeps_its_bytes() -> None:
    splitter = Splitter()
    parts = list(splitter.feed(b"set a 0 0 1\r\nabc\r\n"))
    assert b"".join(data + end for data, _, end in parts) == b"set a 0 0 1\r\nabc\r\n"


@pytest.mark.parametrize(
    ("line", "length"),
    [
        (b"set a 0 0 12", 12),
        (b"cas a 0 0 3 5 noreply", 3),
        (b"ms a 4 T1", 4),
        (b"set a 0 0 x", None),
        (b"set a", None),
        (b"get a", None),
        (b"", None),
    ],
)
def test_block_length(line: bytes, length: int | None) -> None:
    assert block_length(line) == length


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b"get a b a", "get {key} {key2} {key}"),
        (b"gat 100 a b", "gat 100 {key} {key2}"),
        (b"delete a noreply", "delete {key} noreply"),
        (b"incr  a 5", "incr  {key} 5"),
        (b"mg not-base64 b", "mg not-base64 b"),
        (b"stats items", "stats items"),
        (b"cas a 0 0 1 999", "cas {key} 0 0 1 999"),  # the server never said 999
        (b"get " + b"k" * 251, "get {k*251}"),
        (b"", ""),
    ],
)
def test_a_line_as_text(line: bytes, text: str) -> None:
    assert Namer().request(line, 1_800_000_000.0) == text
