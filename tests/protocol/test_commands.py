"""The command table: what every row must have, and that the server keeps to it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from mclite.protocol.commands import COMMANDS, Command
from mclite.store.stats import CLASS_COUNTERS, COUNTERS

if TYPE_CHECKING:
    from tests.conftest import Server

rows = pytest.mark.parametrize("row", COMMANDS.values(), ids=[name.decode() for name in COMMANDS])


@rows
def test_a_row_has_all_parts(row: Command) -> None:
    assert re.fullmatch(r"[0-9]+-[0-9]+", row.lines)
    first, last = map(int, row.lines.split("-"))
    assert 0 < first < last <= 1926
    assert row.summary[0].islower()
    assert not row.summary.endswith(".")
    assert row.counter is None or row.counter in (*COUNTERS, *CLASS_COUNTERS)
    assert row.noreply or "noreply" not in row.arguments
    assert row.length is None or row.length < row.required


@rows
def test_too_few_arguments(row: Command, server: Server) -> None:
    """What is required is required: one argument less is refused, and the next request is answered."""
    if row.required == 0 or row.name == b"debugtime":
        return
    line = b" ".join([row.name, *[b"1"] * (row.required - 1)])
    answer = server.ask(line + b"\r\nversion\r\n")
    assert answer in (b"ERROR\r\nVERSION 1.6.45\r\n", b"CLIENT_ERROR bad command line format\r\nVERSION 1.6.45\r\n")


@pytest.mark.parametrize("row", [row for row in COMMANDS.values() if row.counter], ids=lambda row: row.name.decode())
def test_its_counter_moves(row: Command, server: Server) -> None:
    data = b"x\r\n" if row.length is not None else b""
    args = {"storage": b" a 0 0 1 5", "retrieval": b" 0 a", "touching": b" a 0"}.get(row.kind, b"")
    assert server.moved(row.name + args + b"\r\n" + data, frozenset({str(row.counter)})) != {}
