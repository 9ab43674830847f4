from __future__ import annotations

import pytest

from mclite.replay.scenario.notation import parse_text
from mclite.replay.scenario.text import TextError


@pytest.mark.parametrize(
    ("written", "data"),
    [
        ("get a", b"get a"),
        ("", b""),
        (r"a\r\nb\t\0\\\{\}\x20\xFf", b"a\r\nb\t\0\\{} \xff"),
        ("{x*5}", b"xxxxx"),
        ("{ab*2}c{d*0}", b"ababc"),
        (r"{get a\r\n*2}", b"get a\r\nget a\r\n"),
        ("{{x*2}y*2}", b"xxyxxy"),
        ("grüß", "grüß".encode()),
    ],
)
def test_constant_texts(written: str, data: bytes) -> None:
    assert parse_text(written).constant == data


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("{", "never closed"),
        ("a{key", "never closed"),
        ("a}", "closes nothing"),
        (r"\q", "no escape"),
        ("a\\", "no escape"),
        (r"\xg0", "hexadecimal"),
        ("{}", "is no slot"),
        ("{1}", "is no slot"),
        ("{a:number}", "the type is none of"),
        ("{a:..}", "the type is none of"),
        ("{cas:250}", "must begin with key"),
        ("{key:13}", "14 bytes at least"),
        ("{key:9999999999}", "at most"),
        ("{time:uint}", "is the clock"),
        ("{:/(/}", "malformed"),
        ("{{a:uint}*3}", "can be repeated"),
        ("{{key:100}*3}", "can be repeated"),
        ("{x*99999999999}", "more than"),
    ],
)
def test_malformed_texts(written: str, problem: str) -> None:
    with pytest.raises(TextError, match=problem):
        parse_text(written)


def test_names_that_are_needed_and_bound() -> None:
    text = parse_text("{key} {cas:uint} {n+1} {:!cas} {:low+1..high} {key|base64} {{a}*2} {:time-1..time+1}")
    assert list(text.needs) == ["key", "n", "cas", "low", "high", "key", "a"]
    assert list(text.binds) == ["cas"]
