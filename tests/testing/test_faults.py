"""Which command a fault takes, and where a request ends."""

from __future__ import annotations

import pytest

from mclite.testing.faults import Faults, first_request


def test_faults_are_used_up_in_order_each_by_its_verb() -> None:
    faults = Faults()
    faults.close(on="get")
    faults.delay(1.5)
    faults.partial(7, on="get")
    first = faults.take(b"set")
    assert first is not None
    assert (first.kind, first.seconds) == ("delay", 1.5)
    assert faults.take(b"set") is None
    second, third = faults.take(b"get"), faults.take(b"get")
    assert second is not None
    assert third is not None
    assert (second.kind, third.kind, third.length) == ("close", "partial", 7)
    assert len(faults) == 0


@pytest.mark.parametrize(
    ("buffer", "expected"),
    [
        (b"", None),
        (b"get k", None),
        (b"get k\r\nget l\r\n", (b"get", 7)),
        (b"set k 0 0 2\r\n\r\n", None),
        (b"set k 0 0 2\r\n\r\n\r\nget k\r\n", (b"set", 17)),
        (b"ms k 1 T5\r\nx\r\n", (b"ms", 14)),
        (b"nonsense here\r\nget k\r\n", (b"nonsense", 15)),
        (b"\r\n", (b"", 2)),
    ],
)
def test_first_request(buffer: bytes, expected: tuple[bytes, int] | None) -> None:
    assert first_request(buffer) == expected
