"""Every verb of the table is served, once, and nothing else is."""

from __future__ import annotations

import pytest

from mclite.handlers.table import CHECKS, HANDLERS
from mclite.protocol.commands import COMMANDS, Command


@pytest.mark.parametrize("row", COMMANDS.values(), ids=[name.decode() for name in COMMANDS])
def test_a_row_is_served_once(row: Command) -> None:
    assert (row.name in HANDLERS) + (row.name in CHECKS) == 1
    assert (row.name in CHECKS) == (row.length is not None)


def test_nothing_else_is_served() -> None:
    assert HANDLERS.keys() | CHECKS.keys() == COMMANDS.keys()
