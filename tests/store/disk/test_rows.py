"""Rows carry their items unharmed, and a changed row is noticed."""

from __future__ import annotations

import pytest

from mclite.store.disk.rows import DamagedError, State, item_sum, read_item, write_item
from mclite.store.item import BINARY_KEY, Item

ITEM = Item(b"data \x00\r\n", 0xFFFF_FFFF, 1_800_000_000, 2**64 - 1, 1_700_000_000, 5, BINARY_KEY)


@pytest.mark.parametrize("cas", [0, 1, 2**63 - 1, 2**63, 2**64 - 1])
@pytest.mark.parametrize("exptime", [0, 1, 2**31 - 1, 2**32])
def test_there_and_back(cas: int, exptime: int) -> None:
    item = Item(b"x" * 3, 7, exptime, cas, 9, 0, 3)
    row = write_item(12, b"key", item)
    assert -(2**63) <= row[3] < 2**63
    back = read_item(b"key", row)
    assert (back.data, back.flags, back.exptime, back.cas, back.time, back.state, back.row) == (
        b"xxx", 7, exptime, cas, 9, 3, 12,
    )  # fmt: skip
    assert back.sum == item_sum(12, b"key", item)


@pytest.mark.parametrize("column", range(8))
@pytest.mark.parametrize("change", ["other", "null", "text", "large"])
def test_a_changed_column_is_noticed(column: int, change: str) -> None:
    row = list(write_item(12, b"key", ITEM))
    if change == "other":
        row[column] = row[column] + (b"!" if column == 7 else 1)
    else:
        row[column] = {"null": None, "text": "abc", "large": 2**63 - 1}[change]
    with pytest.raises(DamagedError):
        read_item(b"key", tuple(row))


def test_a_row_under_another_key_is_noticed() -> None:
    row = write_item(12, b"key", ITEM)
    with pytest.raises(DamagedError):
        read_item(b"kez", row)


def test_bytes_cannot_move_between_key_and_data() -> None:
    assert item_sum(1, b"ab", Item(b"c", 0, 0, 0, 0, 0)) != item_sum(1, b"a", Item(b"bc", 0, 0, 0, 0, 0))


def test_state_there_and_back() -> None:
    state = State(6, 5, 2**64 - 1, 3, 2, 1, 999, 1_700_000_000, 1_600_000_000)
    assert State.from_row(state.to_row()) == state


@pytest.mark.parametrize("column", range(10))
@pytest.mark.parametrize("value", [None, "x", 77])
def test_a_changed_state_is_noticed(column: int, value: object) -> None:
    row = list(State(6, 5, 4, 3, 2, 1, 999, 17, 16).to_row())
    row[column] = value
    with pytest.raises(DamagedError):
        State.from_row(tuple(row))
