from __future__ import annotations

import pytest

from mclite.compare.answers import Answer, Key, Time, Unique, Uniques, block_length, take_apart


def answer(data: bytes) -> Answer:
    return Answer(take_apart(data, Uniques()), "ready")


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (b"STORED\r\n", b"STORED\r\n"),
        (b"VALUE k 0 1 7\r\nx\r\nEND\r\n", b"VALUE k 0 1 99\r\nx\r\nEND\r\n"),
        (b"HD c5 t100\r\nHD c6\r\n", b"HD c50 t98\r\nHD c60\r\n"),
        (b"HD t-1\r\n", b"HD t-1\r\n"),
        (b"HD ka\x01\xff c5\r\n", b"HD ka\x01\xff c50\r\n"),
        (b"ME k exp=100 la=3 cas=4 fetch=no cls=1 size=60\r\n", b"ME k exp=99 la=2 cas=9 fetch=no cls=1 size=60\r\n"),
        (b"VA 4 c5\r\nEND\r\r\n", b"VA 4 c6\r\nEND\r\r\n"),
    ],
)
def test_the_same(a: bytes, b: bytes) -> None:
    assert answer(a).same(answer(b))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (b"STORED\r\n", b"STORED\r\n\r\n"),
        (b"STORED\r\n", b"STORED\n"),
        (b"VALUE k 0 1 7\r\nx\r\nEND\r\n", b"VALUE k 0 1\r\nx\r\nEND\r\n"),
        # The same cas unique twice is not two.
        (b"HD c5\r\nHD c5\r\n", b"HD c5\r\nHD c6\r\n"),
        (b"HD t-1\r\n", b"HD t1\r\n"),
        (b"HD t100\r\n", b"HD t97\r\n"),
        (b"HD c0\r\n", b"HD c7\r\n"),
        (b"HD k1 c5\r\n", b"HD c5 k1\r\n"),
        (b"VA 1 c5\r\nx\r\n", b"VA 1 c5\r\ny\r\n"),
        (b"ME k exp=-1 cas=4 size=60\r\n", b"ME k exp=-1 cas=4 size=61\r\n"),
    ],
)
def test_not_the_same(a: bytes, b: bytes) -> None:
    assert not answer(a).same(answer(b))


def test_what_the_connection_does_then_counts() -> None:
    lines = take_apart(b"ERROR\r\n", Uniques())
    assert not Answer(lines, "ready").same(Answer(lines, "closed"))


def test_a_data_block_is_taken_by_its_length() -> None:
    lines = take_apart(b"VALUE k 0 7\r\nEND\r\n\r\n\r\nEND\r\n", Uniques())
    assert [(line.text, line.block) for line in lines] == [
        (b"VALUE k 0 7", False),
        (b"END\r\n\r\n", True),
        (b"END", False),
    ]


def test_parts() -> None:
    uniques = Uniques()
    (line,) = take_apart(b"HD kfoo c12 t30 Oc12\r\n", uniques)
    assert line.parts == (b"HD k", Key(b"foo"), b" c", Unique(1, b"12"), b" t", Time(30), b" Oc12")
    assert uniques.last == b"12"
    assert line.said == b"HD kfoo c12 t30 Oc12"


@pytest.mark.parametrize(
    ("line", "length"),
    [
        (b"VALUE k 0 12", 12),
        (b"VALUE k 0 12 4", 12),
        (b"VA 3 f0", 3),
        (b"HD", None),
        (b"VALUES", None),
        (b"VA x", None),
    ],
)
def test_block_length(line: bytes, length: int | None) -> None:
    assert block_length(line) == length
