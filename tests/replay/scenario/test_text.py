from __future__ import annotations

import time

import pytest

from mclite.replay.play.outcome import Keys
from mclite.replay.scenario.notation import parse_text
from mclite.replay.scenario.text import TextError, Values


def new_key(length: int | None = None) -> bytes:
    return b"k" * (length or 5)


def match(written: str, data: bytes, **values: bytes) -> Values | int:
    return parse_text(written).match(data, values)


@pytest.mark.parametrize(
    ("written", "data", "found"),
    [
        ("END", b"END", {}),
        ("VALUE {key} 0 1 {cas:uint}", b"VALUE k1 0 1 77", {"cas": b"77"}),
        ("{n:uint}", b"0", {"n": b"0"}),
        ("{w:word}", b"a-b!", {"w": b"a-b!"}),
        ("{w:word}=5", b"a=b=5", {"w": b"a=b"}),
        ("CLIENT_ERROR {:rest}", b"CLIENT_ERROR ", {}),
        ("{r:rest}", b"a b c", {"r": b"a b c"}),
        ("t{ttl:98..100}", b"t99", {"ttl": b"99"}),
        ("t{:..0}", b"t-1", {}),
        ("{:1..}", b"18446744073709551615", {}),
        ("{:cas+1..}", b"8", {}),
        ("{:!cas}", b"6", {}),
        (r"{d:/[0-9]+\.[0-9]{6}/}", b"0.000123", {"d": b"0.000123"}),
        ("{a:uint} {a}", b"12 12", {"a": b"12"}),
        ("{cas+1}", b"8", {}),
        ("{key|base64}", b"azE=", {}),
        ("{:word}{:rest}", b"a b", {}),
        ("{{key},*2}", b"k1,k1,", {}),
    ],
)
def test_what_matches(written: str, data: bytes, found: Values) -> None:
    assert match(written, data, key=b"k1", cas=b"7") == found


@pytest.mark.parametrize(
    ("written", "data", "at"),
    [
        ("END", b"ENDE", 3),
        ("END", b"EN", 2),
        ("VALUE {key} 0", b"VALUE k2 0", 7),
        ("{n:uint}", b"007", 1),
        ("{n:uint}", b"", 0),
        ("{n:uint} b", b"12  b", 3),
        ("{w:word}", b"a b", 1),
        ("t{:98..100}", b"t97", 1),
        ("t{:98..100}", b"t101", 1),
        ("{:cas+1..}", b"7", 0),
        ("{:!cas}", b"7", 0),
        ("{a:uint} {a}", b"12 13", 4),
        ("{cas+1}", b"7", 0),
        ("{:word}!", b"abc", 3),
    ],
)
def test_where_it_differs(written: str, data: bytes, at: int) -> None:
    assert match(written, data, key=b"k1", cas=b"7") == at


def test_a_value_that_is_no_number_cannot_be_calculated_with() -> None:
    with pytest.raises(TextError, match="not a number"):
        match("{key+1}", b"1", key=b"k1")


def test_the_clock_is_now_or_what_the_server_was_moved_to() -> None:
    before = int(time.time())
    assert before + 100 <= int(parse_text("{time+100}").render({}, new_key)) <= time.time() + 100
    assert parse_text("{time-1}").render({"time": b"1000"}, new_key) == b"999"
    assert match("{:time-1..time+1}", b"1001", time=b"1000") == {}
    assert match("{:time-1..time+1}", b"1002", time=b"1000") == 0


def test_rendering_makes_keys_once() -> None:
    keys = Keys("m1")
    values: Values = {}
    first = parse_text("{key} {key2} {key}").render(values, keys.new)
    assert first == b"m1_0001 m1_0002 m1_0001"
    assert parse_text("{key}").render(values, keys.new) == b"m1_0001"
    assert parse_text("{key2|base64}").render(values, keys.new) == b"bTFfMDAwMg=="


def test_what_is_shown_of_a_text() -> None:
    text = parse_text("VALUE {key} {{x*3}{key}*2} {cas:uint} {other}")
    assert text.show({"key": b"k1"}) == "VALUE k1 xxxk1xxxk1 {cas:uint} {other}"
