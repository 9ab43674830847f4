"""The counters of stats detail."""

from __future__ import annotations

from mclite.core.prefixes import PREFIXES_MAX, PrefixStats


def test_what_is_counted() -> None:
    stats = PrefixStats()
    stats.count_get(b"user:1", True)
    stats.count_get(b"user:2", False)
    stats.count_set(b"user:1:name")
    stats.count_delete(b"other:1")
    assert stats.dump() == b"PREFIX user get 2 hit 1 set 1 del 0\r\nPREFIX other get 0 hit 0 set 0 del 1\r\n"
    stats.clear()
    assert stats.dump() == b""


def test_a_key_without_the_delimiter_has_no_prefix() -> None:
    stats = PrefixStats()
    stats.count_set(b"plain")
    stats.count_get(b"plain", True)
    assert stats.dump() == b""


def test_the_delimiter_may_be_longer() -> None:
    stats = PrefixStats("::")
    stats.count_set(b"a:b::c")
    assert stats.dump().startswith(b"PREFIX a:b ")


def test_their_number_is_bounded() -> None:
    stats = PrefixStats()
    for number in range(PREFIXES_MAX + 10):
        stats.count_set(b"%d:" % number)
    stats.count_set(b"0:")
    assert stats.dump().count(b"PREFIX ") == PREFIXES_MAX
    assert b"PREFIX 0 get 0 hit 0 set 2 del 0\r\n" in stats.dump()
