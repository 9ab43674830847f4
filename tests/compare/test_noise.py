from __future__ import annotations

import pytest

from mclite.compare.dialogue import Request, Wait, Write
from mclite.compare.noise import arithmetic_key, calm, looks_at_space

GET, INCR, SET = Request("mg {key} v"), Request("incr {key} 1"), Request("set {key} 0 0 1", "1")


def test_arithmetic_behind_a_fetch_gets_a_write_of_its_own() -> None:
    session = (Write("A", (SET, GET, INCR, INCR), 7), Wait(1))
    assert calm(session) == (Write("A", (SET, GET), 7), Write("A", (INCR, INCR), 7), Wait(1))


def test_what_is_calm_stays_as_it_is() -> None:
    session = (Write("A", (INCR, SET, GET)), Write("A", (INCR,)))
    assert calm(session) == session


@pytest.mark.parametrize(("value", "space"), [(b"", True), (b" \t", True), (b"7 ", False), (None, False)])
def test_white_space(value: bytes | None, space: bool) -> None:
    assert looks_at_space(value) is space


def test_which_key_is_changed() -> None:
    assert arithmetic_key(INCR) == "{key}"
    assert arithmetic_key(Request("ma")) is None
    assert arithmetic_key(GET) is None
