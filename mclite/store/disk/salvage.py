"""Save what can be believed from a damaged SQLite file of the disk engine.

A copy of the file is made fit to be opened: a first page that is damaged is replaced by that of a new file, which says
where the tables begin, and what was cut off at the end by zeros. Then rows are read in the order of their ids. Where
SQLite gives up, the next id from which it can read again is looked for in growing steps, then narrowed down, so a
damaged page costs its own rows and a few tries. A row is kept if its checksum is right, the index, as far as it can be
read, has it under its key, and no flush had taken it: an item that was replaced, deleted or flushed must not reappear.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from mclite.store.disk.rows import ITEM_COLUMNS, STATE_COLUMNS, DamagedError, State, read_item
from mclite.store.slabs import item_size

PAGE_SIZE: Final = 4096
"""Of our files, bytes."""
_PAGE_COUNT: Final = slice(28, 32)
"""Where in the first page SQLite keeps the number of pages."""
_SELECT_SCHEMA: Final = "SELECT type, name, rootpage, sql FROM sqlite_schema"
_GAPS_MAX: Final = 10_000
"""DamagedError places after which the rest of the file is given up."""


def salvage(damaged: Path, connection: sqlite3.Connection) -> int:
    """Copy the items that can be believed from the file `damaged` into the new `connection`; return how many."""
    copy = damaged.with_suffix(".copy")
    try:
        _copy(damaged, copy, connection)
        return _copy_items(copy, connection)
    finally:
        for ending in ("", "-wal", "-shm"):
            Path(f"{copy}{ending}").unlink(missing_ok=True)


def _copy(damaged: Path, copy: Path, connection: sqlite3.Connection) -> None:
    """Make a `copy` of the file `damaged` that SQLite opens."""
    shutil.copyfile(damaged, copy)
    log = Path(f"{damaged}-wal")
    if log.exists():
        shutil.copyfile(log, f"{copy}-wal")
    with copy.open("r+b") as file:
        size = os.fstat(file.fileno()).st_size
        claimed = int.from_bytes(file.read(PAGE_SIZE)[_PAGE_COUNT], "big") * PAGE_SIZE
        if size < claimed < size * 1000:
            file.truncate(claimed)
    if _schema(copy) != connection.execute(_SELECT_SCHEMA).fetchall():
        first = bytearray(connection.serialize()[:PAGE_SIZE])
        first[_PAGE_COUNT] = (copy.stat().st_size // PAGE_SIZE).to_bytes(4, "big")
        with copy.open("r+b") as file:
            file.write(first)


def _schema(path: Path) -> list[tuple[Any, ...]]:
    """Return where the tables begin in the file at `path`, nothing if it cannot be opened."""
    with closing(sqlite3.connect(path, timeout=1.0, isolation_level=None)) as source:
        source.text_factory = bytes
        try:
            return source.execute(_SELECT_SCHEMA).fetchall()
        except sqlite3.DatabaseError:
            return []


def _copy_items(copy: Path, connection: sqlite3.Connection) -> int:
    with closing(sqlite3.connect(copy, timeout=1.0, isolation_level=None)) as source:
        source.text_factory = bytes
        # Without its state it is unknown which rows a flush had taken, and which cas uniques were given: new ones begin
        # above any count of stored items.
        state = _state(source) or State(last_cas=int(time.time()) << 20)
        connection.execute("BEGIN IMMEDIATE")
        kept = used = 0
        for key, row in _rows(source, state.flushed_id + 1, state.last_id):
            connection.execute(f"INSERT OR REPLACE INTO items (key, {ITEM_COLUMNS}) VALUES (?{', ?' * 8})", (key, *row))
            kept += 1
            used += item_size(len(key), len(row[-1]), row[1])
        state.items, state.flushed, state.used = kept, 0, used
        connection.execute(f"UPDATE state SET ({STATE_COLUMNS}, sum) = (?{', ?' * 9})", state.to_row())
        connection.execute("COMMIT")
    return kept


def _state(source: sqlite3.Connection) -> State | None:
    try:
        row = source.execute(f"SELECT {STATE_COLUMNS}, sum FROM state").fetchone()
        return None if row is None else State.from_row(row)
    except (sqlite3.DatabaseError, DamagedError):
        return None


def _rows(source: sqlite3.Connection, first: int, last: int) -> Iterator[tuple[bytes, tuple[Any, ...]]]:
    """Go through the keys and rows with ids from `first`, to `last` if they are right, that can be believed."""
    if first > last:
        return
    index = _Index(source)
    for _ in range(_GAPS_MAX):
        strange = 0
        try:
            for key, *row in source.execute(
                f"SELECT key, {ITEM_COLUMNS} FROM items WHERE id >= ? ORDER BY id", (first,)
            ):
                if row[0] < first or strange > _GAPS_MAX:
                    break  # the tree leads in a circle here
                if row[0] <= last and _believable(index, key, tuple(row)):
                    first = row[0] + 1
                    yield key, tuple(row)
                else:
                    strange += 1
            else:
                return
        except sqlite3.DatabaseError:
            pass
        first = _next_readable(source, first, last)
        if first > last:
            return


class _Index:
    """What the index of the keys says, read from both ends as far as that goes; its order need not be right."""

    def __init__(self, source: sqlite3.Connection) -> None:
        self._keys: dict[int, int] = {}  # hash of the key, by id
        self._whole = self._read(source, "ASC") or self._read(source, "DESC")

    def _read(self, source: sqlite3.Connection, direction: str) -> bool:
        try:
            for key, row in source.execute(f"SELECT key, id FROM items ORDER BY key {direction}"):
                self._keys[row] = hash(key)
        except (sqlite3.DatabaseError, TypeError):
            return False
        return True

    def allows(self, row: int, key: bytes) -> bool:
        """Can the row with the id `row` be what is held under `key`?"""
        found = self._keys.get(row)
        return not self._whole if found is None else found == hash(key)


def _believable(index: _Index, key: Any, row: tuple[Any, ...]) -> bool:
    try:
        if not isinstance(key, bytes) or not isinstance(row[-1], bytes):
            return False
        read_item(key, row)
    except DamagedError:
        return False
    return index.allows(row[0], key)  # of two rows of one key the later one stays


def _next_readable(source: sqlite3.Connection, first: int, last: int) -> int:
    """Return an id above `first`, up to `last` + 1, from which rows can be read again."""
    step = 1
    while first + step <= last and not _readable(source, first + step, last):
        step *= 2
    low, high = first + step // 2, min(first + step, last + 1)  # LOW is not readable, HIGH is
    while high - low > 1:
        middle = (low + high) // 2
        if _readable(source, middle, last):
            high = middle
        else:
            low = middle
    return high


def _readable(source: sqlite3.Connection, first: int, last: int) -> bool:
    """Can the first row at or above the id `first` be read?"""
    try:
        row = source.execute(f"SELECT {ITEM_COLUMNS} FROM items WHERE id >= ? ORDER BY id LIMIT 1", (first,)).fetchone()
    except sqlite3.DatabaseError:
        return False
    return row is None or bool(first <= row[0] <= last)
