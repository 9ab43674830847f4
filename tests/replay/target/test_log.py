from __future__ import annotations

import io

import pytest

from mclite.replay.target import log


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", ""),
        (b"\n \n", ""),
        (b"one\ntwo", "one / two"),
        (b"".join(b"%d\n" % number for number in range(9)), "0 / 1 / 2 / 3 / 4 / 5 / 6 / 7 / 8"),
        (b"".join(b"%d\n" % number for number in range(10)), "0 / 1 / 2 / ... / 5 / 6 / 7 / 8 / 9"),
        (b"the reason\n" + b"x" * 100_000 + b"\nthe end\n", f"the reason / {'x' * 300} / {'x' * 300} / the end"),
        (b"\xff\n", "\N{REPLACEMENT CHARACTER}"),
    ],
)
def test_the_head_and_the_tail(data: bytes, text: str) -> None:
    assert log.excerpt(io.BytesIO(data)) == text
