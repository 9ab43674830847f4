"""A line as tables show it."""

from mclite.replay.report.brief import EMPTY, LONGEST, brief


def test_what_would_not_be_seen_is_written_out() -> None:
    assert brief("") == EMPTY
    assert brief("  ") == "\\x20\\x20"
    assert brief(" get  k ") == "\\x20get\\x20\\x20k\\x20"
    assert brief("get k") == "get k"


def test_a_long_line_is_cut() -> None:
    assert brief("x" * LONGEST) == "x" * LONGEST
    assert brief("x" * 1000) == "x" * (LONGEST // 2) + "… (1000 characters)"
