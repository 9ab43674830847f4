"""The rows of the options: what they read, what they set, and what they refuse."""

from __future__ import annotations

import math

import pytest

from mclite.core.options import EXTENDED, OPTIONS, Option, OptionError, assign, parse_value
from mclite.core.settings import Settings

ROWS = {row.name: row for row in (*OPTIONS, *EXTENDED)}


def test_names_and_letters_are_there_once() -> None:
    assert len(ROWS) == len(OPTIONS) + len(EXTENDED)
    letters = [row.letter for row in OPTIONS if row.letter]
    assert len(set(letters)) == len(letters)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("port", "11211", 11211),
        ("port", " -1 ", -1),
        ("max-item-size", "2m", 2 << 20),
        ("max-item-size", "512K", 512 << 10),
        ("unix-mask", "755", 0o755),
        ("slab-growth-factor", "1.5", 1.5),
        ("auth-file", "2m", "2m"),
    ],
)
def test_a_value_is_read_as_its_kind(name: str, text: str, value: object) -> None:
    assert parse_value(ROWS[name], text, "-x") == value


@pytest.mark.parametrize(("name", "text"), [("port", "x"), ("port", "1k"), ("unix-mask", "9"), ("max-item-size", "m")])
def test_a_value_that_is_no_number(name: str, text: str) -> None:
    with pytest.raises(OptionError, match="-x takes a number, not"):
        parse_value(ROWS[name], text, "-x")


@pytest.mark.parametrize(
    ("name", "value", "setting", "set_to"),
    [
        ("memory-limit", 2.5, "max_bytes", 2_621_440),
        ("disable-evictions", True, "evict", False),
        ("temporary_ttl", 5, "temp_lru", True),
        ("stat-key-prefix", "/", "detail_enabled", True),
        ("stat-key-prefix", "/", "detail_prefix", "/"),
        ("sync", "always", "sync", "always"),
    ],
)
def test_what_is_set(name: str, value: str | float, setting: str, set_to: object) -> None:
    settings = Settings()
    assign(settings, ROWS[name], value, name)
    assert getattr(settings, setting) == set_to


@pytest.mark.parametrize(
    ("row", "value", "says"),
    [
        (ROWS["port"], 65536, "port 65536 is out of range"),
        (ROWS["slab-growth-factor"], math.nan, "slab-growth-factor nan is out of range"),
        (ROWS["loop"], "none", "loop takes one of auto, asyncio, uvloop, not 'none'"),
    ],
)
def test_what_is_refused(row: Option, value: str | float, says: str) -> None:
    with pytest.raises(OptionError, match=says):
        assign(Settings(), row, value, row.name)
