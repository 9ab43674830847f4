"""Commands in one write, and whose result is whose."""

from __future__ import annotations

from typing import Any

import pytest

from mclite.client import ClientError, ServerError


def test_pipeline_keeps_results_apart(client: Any) -> None:
    client.set("letters", b"abc")
    pipeline = client.pipeline()
    assert pipeline.set("k", b"1") == 0
    assert pipeline.incr("letters") == 1
    pipeline.get("k")
    pipeline.mg("k", cas=True)
    pipeline.get("none")
    pipeline.stats()
    results = pipeline.execute(raise_errors=False)
    assert results[0] is True
    assert isinstance(results[1], ClientError)
    assert (results[2], results[3].value, results[4]) == (b"1", b"1", None)
    assert "pid" in results[5]
    assert len(pipeline) == 0
    assert pipeline.execute() == []
    pipeline.incr("letters")
    pipeline.set("k", b"2")
    with pytest.raises(ClientError):
        pipeline.execute()
    assert client.get("k") == b"2"  # the error was raised after everything was read


def test_quiet_pipeline(client: Any) -> None:
    client.set("here", b"1")
    pipeline = client.pipeline(quiet=True)
    for number in range(50):
        pipeline.ms(f"k{number}", b"x")
    pipeline.mg("none")
    pipeline.mg("here")
    pipeline.set("classic", b"1")
    pipeline.delete("none")
    pipeline.md("none")
    pipeline.get("classic")
    pipeline.ms("large", b"x" * 2_000_000)
    pipeline.mg("k7")
    results = pipeline.execute(raise_errors=False)
    assert results[:51] == [None] * 51
    assert results[51].value == b"1"
    assert results[52:54] == [True, True]
    assert results[54].code == "NF"
    assert results[55] == b"1"
    assert isinstance(results[56], ServerError)
    assert results[57].value == b"x"
    assert client.get("here") == b"1"
