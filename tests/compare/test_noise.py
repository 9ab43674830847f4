from __future__ import annotations

import pytest

from mclite.compare.answers import After, Answer, Uniques, take_apart
from mclite.compare.dialogue import Request, Wait, Write
from mclite.compare.noise import NOISE, calm, cut_short, looks_at_space, value_before

GET, INCR, SET = Request("mg {key} v"), Request("incr {key} 1"), Request("set {key} 0 0 1", "1")


def test_arithmetic_behind_a_fetch_gets_a_write_of_its_own() -> None:
    session = (Write("A", (SET, GET, INCR, INCR), 7), Wait(1))
    assert calm(session) == (Write("A", (SET, GET), 7), Write("A", (INCR, INCR), 7), Wait(1))


@pytest.mark.parametrize("fetch", ["get{ {key}*30}", " get {key}", "gats 0 {key}"])
def test_a_fetch_in_any_notation_is_one(fetch: str) -> None:
    assert calm((Write("A", (Request(fetch), INCR)),)) == (Write("A", (Request(fetch),)), Write("A", (INCR,)))


@pytest.mark.parametrize("long", [Request("{x*9000}"), Request("set {key} 0 0 x", "{x*9000}")])
def test_what_may_be_a_long_line_gets_a_write_of_its_own(long: Request) -> None:
    session = (Write("A", (SET, long, SET, SET)),)
    assert calm(session) == (Write("A", (SET,)), Write("A", (long,)), Write("A", (SET, SET)))
    assert calm(calm(session)) == calm(session)


def test_what_is_calm_stays_as_it_is() -> None:
    session = (Write("A", (INCR, SET, GET)), Write("A", (INCR,)))
    assert calm(session) == session


@pytest.mark.parametrize(("value", "space"), [(b"", True), (b" \t", True), (b"7 ", False), (None, False)])
def test_white_space(value: bytes | None, space: bool) -> None:
    assert looks_at_space(value) is space


@pytest.mark.parametrize(
    ("a", "b", "after", "name"),
    [
        (b"ERROR\r\n", b"", "closed", "hang-up"),
        (b"END\r\n", b"END\r\nERROR\r\n", "waits", "held back"),
        (b"END\r\n", b"ERROR\r\n", "closed", None),
        (b"END\r\n", b"END\r\n", "closed", None),
        (b"END\r\n", b"", "ready", None),
    ],
)
def test_answers_that_are_cut_short(a: bytes, b: bytes, after: After, name: str | None) -> None:
    ours, theirs = (Answer(take_apart(data, Uniques()), after) for data in (a, b))
    assert cut_short(ours, theirs) == name
    if name is not None:
        assert name in NOISE


def test_what_shows_the_value_that_is_counted() -> None:
    assert value_before(INCR) == "get {key}"
    assert value_before(Request("ma {key|base64} b")) == "mg {key|base64} b v"
    assert value_before(Request("ma {key} D2")) == "get {key}"
    assert value_before(Request("ma")) is None
    assert value_before(GET) is None
