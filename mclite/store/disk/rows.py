"""How the disk engine writes an item and the store's state as rows, with a checksum over each.

A row is believed only if its checksum is right, whatever the file system, another program or an editor did to it. The
checksum covers the row's id and key too, so a row that a damaged index names for another key is not believed either.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, Final
from zlib import crc32

from mclite.store.item import Item

_HEAD: Final = struct.Struct("<qIqQqBH")
_STATE: Final = struct.Struct("<qqQqqqqqq")
_SIGN: Final = 1 << 63

VALUE_COLUMNS: Final = "flags, exptime, cas, time, state, sum, data"
ITEM_COLUMNS: Final = f"id, {VALUE_COLUMNS}"
STATE_COLUMNS: Final = "changes, last_id, last_cas, flushed_id, items, flushed, used, flush_at, oldest_live"

SCHEMA: Final = (
    """CREATE TABLE items (
        id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, flags INTEGER NOT NULL, exptime INTEGER NOT NULL,
        cas INTEGER NOT NULL, time INTEGER NOT NULL, state INTEGER NOT NULL, sum INTEGER NOT NULL,
        data BLOB NOT NULL)""",
    "CREATE INDEX items_that_expire ON items (exptime) WHERE exptime > 0",
    """CREATE TABLE state (
        changes INTEGER NOT NULL, last_id INTEGER NOT NULL, last_cas INTEGER NOT NULL, flushed_id INTEGER NOT NULL,
        items INTEGER NOT NULL, flushed INTEGER NOT NULL, used INTEGER NOT NULL, flush_at INTEGER NOT NULL,
        oldest_live INTEGER NOT NULL, sum INTEGER NOT NULL)""",
)


class DamagedError(ValueError):
    """A row's checksum is wrong."""


class DiskItem(Item):
    """An item as it was read: `row` is the id of its row, `sum` the checksum found there.

    `dropped` is true when it is to be deleted with the next accesses that are written.
    """

    __slots__ = ("dropped", "row", "sum")

    def __init__(
        self,
        data: bytes,
        flags: int,
        exptime: int,
        cas: int,
        time: int,
        slab_class: int,
        state: int,
        row: int,
        sum_: int,
    ) -> None:
        super().__init__(data, flags, exptime, cas, time, slab_class, state)
        self.row = row
        self.sum = sum_
        self.dropped = False


def item_sum(row: int, key: bytes, item: Item) -> int:
    """Return the checksum of `item` under `key` in the row with id `row`."""
    return _sum(row, item.flags, item.exptime, item.cas, item.time, item.state, key, item.data)


def _sum(row: int, flags: int, exptime: int, cas: int, time: int, state: int, key: bytes, data: bytes) -> int:
    return crc32(data, crc32(key, crc32(_HEAD.pack(row, flags, exptime, cas, time, state, len(key)))))


def read_item(key: bytes, row: tuple[Any, ...]) -> DiskItem:
    """Make the item of a `row` of ITEM_COLUMNS, found under `key`; its slab class is left at 0. Raises DamagedError."""
    number, flags, exptime, cas, time, state, found, data = row
    try:
        cas = unsigned(cas)
        right = _sum(number, flags, exptime, cas, time, state, key, data) == found
    except (struct.error, TypeError):
        right = False  # a column is out of its range, or of another type
    if not right:
        raise DamagedError
    return DiskItem(data, flags, exptime, cas, time, 0, state, number, found)


def write_item(row: int, key: bytes, item: Item) -> tuple[Any, ...]:
    """Return the values of ITEM_COLUMNS for `item` under `key`."""
    flags, data = item.flags, item.data
    found = _sum(row, flags, item.exptime, item.cas, item.time, item.state, key, data)
    return (row, flags, item.exptime, signed(item.cas), item.time, item.state, found, data)


def signed(number: int) -> int:
    """Return the 64-bit `number` as SQLite can hold it."""
    return number - (_SIGN << 1) if number >= _SIGN else number


def unsigned(number: int) -> int:
    """Return the 64-bit number that `signed` turned into `number`."""
    return number + (_SIGN << 1) if number < 0 else number


@dataclass(slots=True)
class State:
    """What the processes that share a directory must agree on, as the one row of the table `state`."""

    changes: int = 0
    """how often something was committed: while it is the same, what was read is still true"""
    last_id: int = 0
    """highest id that a row ever had; a row with a higher id was stored later"""
    last_cas: int = 0
    """highest cas unique that was given"""
    flushed_id: int = 0
    """rows up to this id were taken by a flush: so flush_all is one number"""
    items: int = 0
    """how many items there are"""
    flushed: int = 0
    """how many rows that a flush has taken are still there"""
    used: int = 0
    """bytes that the items take, as memcached counts them"""
    flush_at: int = 0
    """Unix time at which a delayed flush_all falls due, 0 for none"""
    oldest_live: int = 0
    """Unix time of the last flush"""

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> State:
        """Read a row of STATE_COLUMNS and its checksum. Raises DamagedError."""
        changes, last_id, cas, *others, found = row
        try:
            state = cls(changes, last_id, unsigned(cas), *others)
            right = state.sum() == found
        except (struct.error, TypeError):
            right = False
        if not right:
            raise DamagedError
        return state

    def to_row(self) -> tuple[Any, ...]:
        """Return the values of STATE_COLUMNS and the checksum."""
        changes, last_id, cas, *others = self._values()
        return (changes, last_id, signed(cas), *others, self.sum())

    def sum(self) -> int:
        """Return the checksum."""
        return crc32(_STATE.pack(*self._values()))

    def _values(self) -> tuple[int, ...]:
        return (
            self.changes, self.last_id, self.last_cas, self.flushed_id, self.items, self.flushed, self.used,
            self.flush_at, self.oldest_live,
        )  # fmt: skip
