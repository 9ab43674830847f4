from __future__ import annotations

import pytest

from mclite.replay.play.delivery import PIECES, lines, pieces, pipelined
from mclite.replay.scenario.talk import Act, Expect, Talk, Write
from mclite.replay.scenario.versions import parse_version

NEW = parse_version("1.6.45")


def test_pieces() -> None:
    assert pieces(b"abcde", 2) == [b"ab", b"cd", b"e"]
    assert b"".join(pieces(b"x" * 1_000_000, 1)) == b"x" * 1_000_000
    assert len(pieces(b"x" * 1_000_000, 1)) <= PIECES


@pytest.mark.parametrize(
    ("data", "parts"),
    [
        (b"set a 0 0 1\r\n1\r\n", [b"set a 0 0 1\r\n", b"1\r\n"]),
        (b"get a\r\nget", [b"get a\r\n", b"get"]),
        (b"get", [b"get"]),
    ],
)
def test_lines(data: bytes, parts: list[bytes]) -> None:
    assert lines(data) == parts


def shape(source: str) -> list[str]:
    out = []
    for op in pipelined(Talk(source).script(NEW)):
        match op:
            case Write(_, conn, written):
                out.append(f"{conn}>" + "|".join(text.source for text, _ in written))
            case Expect(_, conn, text):
                out.append(f"{conn}<{text.source}")
            case Act(_, conn, verb):
                out.append(f"{conn}{verb}")
    return out


def test_requests_go_ahead_of_answers() -> None:
    assert shape("> a\n< 1\n> b\n< 2\n") == ["A>a|b", "A<1", "A<2"]


def test_a_request_waits_for_the_value_it_needs() -> None:
    assert shape("> gets\n< {cas:uint}\n< END\n> cas {cas}\n< STORED\n> x\n< X\n") == [
        "A>gets",
        "A<{cas:uint}",
        "A>cas {cas}|x",
        "A<END",
        "A<STORED",
        "A<X",
    ]


def test_other_connections_and_verbs_keep_their_place() -> None:
    assert shape("> a\n< 1\nB> b\nB< 2\n> c\n< 3\nwait 1\n> d\n< 4\n") == [
        "A>a",
        "A<1",
        "B>b",
        "B<2",
        "A>c",
        "A<3",
        "Await",
        "A>d",
        "A<4",
    ]
