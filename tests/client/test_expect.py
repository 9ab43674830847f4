"""What can be the answer to a request is taken; what cannot be puts client and server out of step."""

from __future__ import annotations

import pytest

from mclite.client.expect import Closing, Dump, MetaAnswer, OneLine, SenselessError, Statistics, Values, expect
from mclite.protocol.commands import COMMANDS
from mclite.protocol.reader import Line, Meta, Number, Reply, Stat, Status, Value


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (b"mg k v", MetaAnswer),
        (b"gats 0 a b", Values),
        (b"stats items", Statistics),
        (b"quit", Closing),
        (b"lru_crawler metadump all", Dump),
        (b"lru_crawler crawl all", OneLine),
        (b"set k 0 0 1", OneLine),
        (b"incr k 1", OneLine),
    ],
)
def test_the_kind_of_answer(line: bytes, kind: type) -> None:
    name, *args = line.split()
    assert type(expect(COMMANDS[name], args)) is kind


def taken(line: bytes, *replies: Reply) -> bool:
    """Return whether the last of the replies makes the answer whole; the others must not."""
    name, *args = line.split()
    answer = expect(COMMANDS[name], args)
    assert not any(answer.take(reply) for reply in replies[:-1])
    return answer.take(replies[-1])


@pytest.mark.parametrize(
    ("line", "replies"),
    [
        (b"cas k 0 0 1 5", [Status(b"EXISTS", b"")]),
        (b"incr k 1", [Number(5)]),
        (b"get a b a", [Value(b"a", 0, b""), Value(b"a", 0, b""), Status(b"END", b"")]),
        (b"gats 0 a", [Value(b"a", 0, b"", 7), Status(b"END", b"")]),
        (b"stats", [Stat(b"pid", b"1"), Status(b"END", b"")]),
        (b"stats reset", [Status(b"RESET", b"")]),
        (b"mg k t c", [Meta(b"HD", (b"t-1", b"c5"))]),
        (b"mg k v s", [Meta(b"VA", (b"s1",), b"x")]),
        (b"mg k v C5", [Meta(b"HD", ())]),
        (b"ma k", [Meta(b"NF", ())]),
        (b"lru_crawler metadump all", [Status(b"OK", b""), Line(b"key=a"), Status(b"END", b"")]),
        (b"lru_crawler mgdump all", [Status(b"mg", b"a"), Meta(b"EN", ())]),
        (b"lru_crawler mgdump all", [Status(b"BUSY", b"")]),
    ],
)
def test_an_answer_that_is_whole(line: bytes, replies: list[Reply]) -> None:
    assert taken(line, *replies)


@pytest.mark.parametrize(
    ("line", "replies"),
    [
        (b"set k 0 0 1", [Status(b"DELETED", b"")]),
        (b"set k 0 0 1", [Number(5)]),
        (b"get a", [Value(b"b", 0, b"")]),
        (b"get a b", [Value(b"b", 0, b""), Value(b"b", 0, b"")]),
        (b"get a", [Value(b"a", 0, b"", 7)]),
        (b"gets a", [Value(b"a", 0, b"")]),
        (b"get a", [Status(b"STORED", b"")]),
        (b"stats", [Stat(b"pid", b"1"), Status(b"RESET", b"")]),
        (b"quit", [Status(b"OK", b"")]),
        (b"mg k", [Meta(b"NF", ())]),
        (b"mg k", [Meta(b"HD", (b"t5",))]),
        (b"mg k t", [Meta(b"HD", (b"t5", b"t5"))]),
        (b"mg k v", [Meta(b"HD", ())]),
        (b"mg k", [Meta(b"VA", (), b"x")]),
        (b"mg k v s", [Meta(b"VA", (b"s2",), b"x")]),
        (b"mg k O1", [Meta(b"HD", (b"O2",))]),
        (b"mg k k", [Meta(b"HD", (b"kother",))]),
        (b"md k", [Meta(b"HD", (b"W",))]),
        (b"lru_crawler metadump all", [Line(b"something")]),
    ],
)
def test_an_answer_to_something_else(line: bytes, replies: list[Reply]) -> None:
    with pytest.raises(SenselessError):
        taken(line, *replies)


def test_what_ends_or_takes_over_the_connection() -> None:
    assert expect(COMMANDS[b"shutdown"], []).closes
    assert expect(COMMANDS[b"watch"], []).endless
    assert not expect(COMMANDS[b"version"], []).closes


def test_items_come_in_any_order_and_each_as_often_as_asked() -> None:
    end = Status(b"END", b"")
    assert taken(b"get a b a", *(Value(key, 0, b"") for key in (b"b", b"a", b"a")), end)
    with pytest.raises(SenselessError, match="twice"):
        taken(b"get a b a", *(Value(key, 0, b"") for key in (b"b", b"a", b"b")), end)
