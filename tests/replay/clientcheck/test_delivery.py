import pytest

from mclite.replay.clientcheck.answers import Part
from mclite.replay.clientcheck.delivery import PLAIN, Delivery, place_of

VALUE = [Part("line", b"VALUE a 0 4\r\n"), Part("data", b"abcd"), Part("crlf", b"\r\n"), Part("end", b"END\r\n")]
STORED = [Part("line", b"STORED\r\n")]


@pytest.mark.parametrize(
    ("place", "of_value", "of_stored"),
    [("start", 0, 0), ("header", 6, 4), ("line", 13, 8), ("data", 15, 7), ("block", 17, 7), ("cr", 18, 7),
     ("last", 23, 7), ("3", 3, 3), ("99", 24, 8)],
)  # fmt: skip
def test_places(place: str, of_value: int, of_stored: int) -> None:
    assert place_of(VALUE, place) == of_value
    assert place_of(STORED, place) == of_stored


def test_a_place_behind_a_text() -> None:
    assert place_of(VALUE, "at", b"ab") == 15
    assert place_of(VALUE, "at", b"nothing of it") == 17


def test_an_answer_without_bytes_has_only_its_start() -> None:
    assert place_of([], "header") == 0


def test_what_disturbs() -> None:
    assert not PLAIN.disturbs
    assert not Delivery(place="data", pieces=1).disturbs
    assert Delivery(when="late").disturbs
    assert Delivery(then="close").disturbs
