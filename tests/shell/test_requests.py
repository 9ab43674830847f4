"""What a typed line is sent as."""

from __future__ import annotations

import pytest

from mclite.protocol.commands import COMMANDS
from mclite.shell.requests import RequestError, build, find, usage
from mclite.shell.words import split


@pytest.mark.parametrize(
    ("line", "sent"),
    [
        ("set greeting hello", b"set greeting 0 0 5\r\nhello\r\n"),
        ("set greeting 7 60 hello", b"set greeting 7 60 5\r\nhello\r\n"),
        ("set greeting 7 -1 hello noreply", b"set greeting 7 -1 5 noreply\r\nhello\r\n"),
        ("set k v noreply", b"set k 0 0 1 noreply\r\nv\r\n"),
        ("set k noreply", b"set k 0 0 7\r\nnoreply\r\n"),
        (r'append k "\r\n"', b"append k 0 0 2\r\n\r\n\r\n"),
        ("cas k v 5", b"cas k 0 0 1 5\r\nv\r\n"),
        ("cas k 1 2 v 5 noreply", b"cas k 1 2 1 5 noreply\r\nv\r\n"),
        ("get a b", b"get a b\r\n"),
        ("gat 5 a b", b"gat 5 a b\r\n"),
        ("incr n 5 noreply", b"incr n 5 noreply\r\n"),
        ("delete k", b"delete k\r\n"),
        ("ms k 'a b' T5 c", b"ms k 3 T5 c\r\na b\r\n"),
        ("mg k v t", b"mg k v t\r\n"),
        ("mg k q v", b"mg k v q Oq\r\n"),
        ("mg k q v Oo", b"mg k v q Oo\r\n"),
        ("mg 'a b' v", b"mg YSBi v b\r\n"),
        ("stats settings", b"stats settings\r\n"),
        ("mn", b"mn\r\n"),
        ("flush_all 5 noreply", b"flush_all 5 noreply\r\n"),
    ],
)
def test_sent(line: str, sent: bytes) -> None:
    assert build(split(line)).to_bytes() == sent


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("gte k", "did you mean get"),
        ("zzzzzz", "help lists"),
        ("set", "too few arguments: set <key>"),
        ("set k", "too few"),
        ("set k two words", "quotes"),
        ("set k a b c", "quotes"),
        ("cas k v", "too few"),
        ("get", "too few arguments: get <key>"),
        ("incr k", "too few"),
        ("get 'a b'", "white space"),
        ("get ''", "empty"),
        ("ms k", "too few"),
    ],
)
def test_not_sent(line: str, text: str) -> None:
    with pytest.raises(RequestError, match=text):
        build(split(line))


def test_usage_never_asks_for_a_length() -> None:
    for row in COMMANDS.values():
        assert "<bytes>" not in usage(row)
        assert "<datalen>" not in usage(row)
        assert find(row.name.decode()) is row
