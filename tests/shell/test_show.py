"""Replies as text."""

from __future__ import annotations

import pytest

from mclite.protocol.reader import Line, Meta, Number, Stat, Status, Value
from mclite.shell.show import explain, failure, render, show


def test_every_kind_of_reply() -> None:
    replies = [
        Value(b"k\x1b", 1, b"\x00", 5),
        Number(7),
        Stat(b"long_name", b"1"),
        Stat(b"n", b"\x07"),
        Line(b"key=a%20b exp=1"),
        Meta(b"VA", (b"t5", b"W"), b"v"),
        Meta(b"ME", (b"k", b"exp=-1")),
        Status(b"END"),
        Status(b"VERSION", b"1.6"),
    ]
    assert render(show(replies, None, terminal=False), colours=False).splitlines() == [
        "VALUE k\\x1b 1 1 5",
        "\\0",
        "7",
        "STAT long_name 1",
        "STAT n \\x07",
        "key=a%20b exp=1",
        "VA 1 t5 W",
        "v",
        "ME k exp=-1",
        "END",
        "VERSION 1.6",
    ]


def test_for_a_person_columns_and_meanings() -> None:
    lines = render(show([Stat(b"long", b"1"), Stat(b"n", b"2")], None, terminal=True), False).splitlines()
    assert lines == ["STAT long 1", "STAT n    2"]
    text = render(show([Meta(b"HD", (b"t5", b"W", b"kx"))], None, terminal=True), False)
    assert text == "HD t5 W kx   5 s left · won the recache\n"


@pytest.mark.parametrize(
    ("flag", "meaning"),
    [
        (b"t-1", "never expires"),
        (b"t9", "9 s left"),
        (b"c5", "cas unique 5"),
        (b"f1", "client flags 1"),
        (b"s3", "3 bytes"),
        (b"l4", "accessed 4 s ago"),
        (b"h0", "not hit before"),
        (b"h1", "hit before"),
        (b"X", "stale"),
        (b"Z", "another client has won"),
        (b"Oabc", ""),
        (b"k5", ""),
    ],
)
def test_explain(flag: bytes, meaning: str) -> None:
    assert explain(flag) == meaning


def test_no_control_character_reaches_the_terminal() -> None:
    everything = bytes(range(256))
    replies = [
        Value(everything, 0, everything),
        Stat(everything, everything),
        Line(everything),
        Meta(b"HD", (everything[33:],)),
        Status(everything, everything),
    ]
    text = render(show(replies, None, terminal=True), colours=False) + render(failure("\x1b[2J\x9b"), colours=False)
    assert not [char for char in text if ord(char) < 32 and char != "\n"]
    assert "\x7f" not in text
    assert "\x9b" not in text
