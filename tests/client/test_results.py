"""What a meta result says of itself."""

from __future__ import annotations

import pytest

from mclite.client import MetaResult


@pytest.mark.parametrize(("code", "hit"), [("HD", True), ("VA", True), ("EN", False), ("NF", False), ("NS", False)])
def test_hit(code: str, hit: bool) -> None:
    assert MetaResult(code).hit is hit  # type: ignore[arg-type]


def test_number() -> None:
    assert MetaResult("VA", b"18446744073709551615").number == 2**64 - 1
    assert MetaResult("VA", "7 ").number == 7
    with pytest.raises(ValueError, match="no value"):
        _ = MetaResult("HD").number
    with pytest.raises(ValueError, match="invalid literal"):
        _ = MetaResult("VA", b"x").number
