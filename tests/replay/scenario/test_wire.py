from __future__ import annotations

import pytest

from mclite.replay.scenario.wire import brief, escape, first_difference


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"", ""),
        (b"VALUE a 0 1", "VALUE a 0 1"),
        (b"a\r\n", r"a\r\n"),
        (b"\t\0\\", r"\t\0\\"),
        (b"\x7f\xff\x1b[2J", r"\x7f\xff\x1b[2J"),
        (b"{key}", "{key}"),
    ],
)
def test_escape(data: bytes, shown: str) -> None:
    assert escape(data) == shown


def test_brief_leaves_out_the_middle() -> None:
    assert brief(b"x" * 720) == "x" * 720
    assert brief(b"a" * 600 + b"b" * 10 + b"c" * 120) == "a" * 600 + r"\{...10 bytes...\}" + "c" * 120
    assert brief(b"a" * 70, 60, 0) == "a" * 60 + r"\{...10 bytes...\}"


@pytest.mark.parametrize(
    ("want", "got", "at"),
    [
        (b"STORED\r\n", b"STORED\r\n", None),
        (b"STORED\r\n", b"STO", None),
        (b"STORED\r\n", b"", None),
        (b"STORED\r\n", b"SToRED\r\n", 2),
        (b"STORED\r\n", b"xTORED\r\n", 0),
        (b"STORED\r\n", b"STORED\rX", 7),
        (b"END", b"END!", 3),
        (b"a" * 1000 + b"b", b"a" * 1000 + b"c", 1000),
    ],
)
def test_first_difference(want: bytes, got: bytes, at: int | None) -> None:
    assert first_difference(want, got) == at
