"""The disk engine: items in an SQLite database that outlive the process, shared by all processes on one directory.

What is read and written when is batch.py's; the files are database.py's; rows and their checksums rows.py's. This half
says what the tables mean. A row's id is the order in which items were stored: what a flush took is known by one
number, and the eldest rows are the first. As in memory, one that was accessed since it was last looked at is spared
once: it is stored again.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mclite.store.base import LOOKED_MAX, StoreError
from mclite.store.clock import Clock
from mclite.store.disk.batch import BatchStore, to_stderr
from mclite.store.disk.database import Report
from mclite.store.disk.rows import ITEM_COLUMNS, DamagedError, DiskItem, read_item
from mclite.store.item import ACTIVE, TEMPORARY, Item
from mclite.store.slabs import SlabClasses, item_size

if TYPE_CHECKING:
    from mclite.store.stats import Stats

_BATCH: Final = 128
"""Rows looked at at once."""

_SELECT_ITEM: Final = f"SELECT {ITEM_COLUMNS} FROM items WHERE key = ?"
_SELECT_ITEMS: Final = f"SELECT key, {ITEM_COLUMNS} FROM items WHERE id > ? ORDER BY id LIMIT {_BATCH}"
_SELECT_ELDEST: Final = f"SELECT id, key FROM items WHERE id > ? ORDER BY id LIMIT {_BATCH}"
_SELECT_EXPIRED: Final = "SELECT id, key FROM items WHERE exptime > 0 AND exptime <= ? AND id > ? LIMIT ?"
_DELETE_ID: Final = "DELETE FROM items WHERE id = ?"
_DELETE_YOUNG: Final = "DELETE FROM items WHERE id > ? AND time >= ?"
_DELETE_FLUSHED: Final = "DELETE FROM items WHERE id IN (SELECT id FROM items WHERE id <= ? ORDER BY id LIMIT ?)"


class DiskStore(BatchStore):
    """Items in `DIRECTORY/items.sqlite`. `report` is told of damage and of failures, a line each.

    `sync` says when what was committed is safe from a power cut: `always` before it is acknowledged, `interval` about a
    second later, `off` whenever the operating system likes, and then a power cut may damage the database. Raises
    StoreError if the directory cannot be used.
    """

    def __init__(
        self,
        directory: str | Path,
        clock: Clock,
        stats: Stats,
        slabs: SlabClasses | None = None,
        maxbytes: int = 64 << 20,
        evict: bool = True,
        sync: str = "interval",
        report: Report = to_stderr,
    ) -> None:
        super().__init__(directory, clock, stats, slabs, maxbytes, evict, sync, report)
        self._flushed: tuple[bytes, DiskItem] | None = None  # the one that `_find` met last
        self._eldest: deque[tuple[int, bytes]] = deque()

    def _forget(self) -> None:
        self._flushed = None
        self._eldest.clear()

    def _select(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Return the rows of a SELECT, none if it fails."""
        if not self.busy:
            self._begin_read()
        if self._failure:
            return []
        try:
            return self._execute(statement, values).fetchall()
        except sqlite3.Error as error:
            self._fail(error)
            return []

    # Find.

    def _find(self, key: bytes) -> Item | None:
        if key in self._changes:
            return self._changes[key]
        if not self.busy:
            self._begin_read()
        if self._failure:
            return None
        read = self._read.get(key)
        if read is not None and not read.dropped and read.row > self._state.flushed_id:
            return read
        try:
            row = self._execute(_SELECT_ITEM, (key,)).fetchone()
        except sqlite3.Error as error:
            self._fail(error)
            return None
        if row is None:
            return None
        accessed = self._accesses.get(key)
        if accessed is not None and accessed.row == row[0] and accessed.sum == row[6]:
            if not accessed.dropped:
                self._remember(key, accessed)
                return accessed
            if self._writing:
                del self._accesses[key]
                self._delete_row(key, accessed)
            return None
        item = self._item(key, row)
        if item is not None:
            self._remember(key, item)
        return item

    def _item(self, key: bytes, row: tuple[Any, ...]) -> DiskItem | None:
        """Make the item of a row, None if it is damaged or was flushed."""
        try:
            item = read_item(key, row)
        except DamagedError:
            self._skip(key, row)
            return None
        if item.row <= self._state.flushed_id:
            self._flushed = (key, item)
            return None
        item.slab_class = self.slabs.class_of(item_size(len(key), len(row[-1]), row[1]))
        return item

    def _skip(self, key: bytes, row: tuple[Any, ...]) -> None:
        """Report a damaged row, and see that it goes."""
        self._report(f"{self._database.path}: what is stored under the key {key!r} is damaged, and is skipped")
        data = row[-1] if isinstance(row[-1], bytes) else b""
        self._discard(key, DiskItem(data, 0, 0, 0, 0, 0, 0, row[0], row[6]))

    def _take_flushed(self, key: bytes) -> bool:
        met, self._flushed = self._flushed, None
        if met is None or met[0] != key:
            return False
        self._discard(*met)
        return True

    # Change.

    def _save(self, key: bytes, item: Item, old: Item | None) -> None:
        if not self._writing:
            self._begin_write()
            old = self._find(key)
        if item is not old:
            state = self._state
            state.used += self.size_of(key, item)
            if old is None:
                state.items += 1
            else:
                state.used -= self.size_of(key, old)
        self._change(key, item)

    def _drop(self, key: bytes, item: Item) -> None:
        if self._writing:
            self._state.items -= 1
            self._state.used -= self.size_of(key, item)
            self._change(key, None)
        elif isinstance(item, DiskItem):
            self._discard(key, item)

    def delete(self, key: bytes, item: Item) -> None:
        """Delete `item`, found under `key`."""
        self._begin_write()
        super().delete(key, item)

    def changed(self, key: bytes, item: Item) -> None:
        """`item`, found in this transaction, was changed in place."""
        self._begin_write()
        self._change(key, item)

    def next_cas(self) -> int:
        """Return a cas unique that no item has had, in this process or another, before or after a restart."""
        self._begin_write()
        self._state_changed = True
        self._state.last_cas += 1
        return self._state.last_cas

    def flush_all(self, delay: int) -> None:
        """Invalidate all items: now, or in `delay` seconds, also if the server is restarted until then."""
        self._begin_write()
        super().flush_all(delay)
        self._state_changed = True

    def _flush(self) -> None:
        # Like memcached, free what was stored within the last second at once, and the rest when it is asked for.
        self._write_all()
        state = self._state
        state.flushed += state.items - self._free(_DELETE_YOUNG, state.flushed_id, self.now - 1)
        state.flushed_id = state.last_id
        state.items = state.used = 0
        self._state_changed = True
        self._eldest.clear()

    # Make room.

    def make_room(self, size: int) -> bool:
        """Evict the least recently used items until `size` bytes fit; False if that is not allowed or not enough."""
        self._begin_write()
        limit = self.maxbytes - size
        if limit < 0:
            return False
        looked = 0
        while self._state.used > limit and not self._failure:
            if not self._eldest:
                self._find_eldest()
                if not self._eldest:
                    break
            row, key = self._eldest.popleft()
            item = None if key in self._changes else self._find(key)
            if not isinstance(item, DiskItem) or item.row != row:
                if key not in self._changes:
                    self._free(_DELETE_ID, row)  # is gone already, unless the index is damaged
                looked += 1
                if looked == LOOKED_MAX:
                    self._eldest.clear()
                elif looked > 2 * LOOKED_MAX:
                    break
            elif self.expired(item):
                self._drop(key, item)
                self.stats.note_expired(item, crawler=False)
            elif item.state & TEMPORARY:
                if looked >= LOOKED_MAX:
                    break
                looked += 1
                self._store_anew(key, item, item.state)
            elif item.state & ACTIVE and looked < LOOKED_MAX:
                looked += 1
                self._store_anew(key, item, item.state & ~ACTIVE)
                self.stats.classes[item.slab_class].moves_within_lru += 1
            else:
                self._evict(key, item)
        self.looked += looked
        return self._state.used <= limit

    def _find_eldest(self) -> None:
        """Look for the eldest items, or, when nothing may be evicted, for expired ones."""
        self._write_all()
        flushed = self._state.flushed_id
        if self.evict:
            self._eldest.extend(self._select(_SELECT_ELDEST, flushed))
        else:
            self._eldest.extend(self._select(_SELECT_EXPIRED, self.now, flushed, _BATCH))

    def _store_anew(self, key: bytes, item: Item, state: int) -> None:
        """Spare `item`: it becomes the youngest."""
        self._change(key, Item(item.data, item.flags, item.exptime, item.cas, item.time, item.slab_class, state))

    def reclaim(self, most: int, crawler: bool = True) -> int:
        """Free up to `most` items that have expired or were flushed; return how many were freed.

        The LRU crawler looks at `most` items, as it is counted; without it the index tells which have expired.
        """
        was_busy = self.busy
        if crawler:
            expired = self._crawl(most)
        else:
            expired = self._select(_SELECT_EXPIRED, self.now, self._state.flushed_id, most)
        freed = 0
        if self._state.flushed or expired:
            self._begin_write()
            self._write_all()
            freed = self._reclaim_flushed(most)
            for row, key in expired:
                item = self._find(key)
                if isinstance(item, DiskItem) and item.row == row and self.expired(item):
                    self._drop(key, item)
                    self.stats.note_expired(item, crawler)
                    freed += 1
        if not was_busy:
            try:
                self.settle()
            except StoreError:
                return 0  # was reported
        return freed

    def _crawl(self, most: int) -> list[tuple[Any, ...]]:
        expired = []
        for key, item in islice(self.items(), most):
            self.stats.classes[item.slab_class].crawler_items_checked += 1
            if isinstance(item, DiskItem) and self.expired(item):
                expired.append((item.row, key))
        return expired

    def _reclaim_flushed(self, most: int) -> int:
        state = self._state
        if not state.flushed or self._failure:
            return 0
        freed = self._free(_DELETE_FLUSHED, state.flushed_id, most)
        state.flushed = max(state.flushed - freed, 0) if freed else 0
        self._state_changed = True
        return freed

    def _free(self, statement: str, *values: int) -> int:
        """Carry out a DELETE; return how many rows went."""
        try:
            return 0 if self._failure else self._execute(statement, values).rowcount
        except sqlite3.Error as error:
            self._fail(error)
            return 0

    # All of them.

    def items(self) -> Iterator[tuple[bytes, Item]]:
        """Go through all items, least recently stored first."""
        self._write_all()
        if not self.busy:
            self._begin_read()
        last = self._state.flushed_id
        while rows := self._select(_SELECT_ITEMS, last):
            for key, *row in rows:
                item = self._item(key, tuple(row))
                if item is not None:
                    yield key, item
            last = rows[-1][1]

    def __len__(self) -> int:
        was_busy = self.busy
        self._write_all()
        self._look(was_busy)
        return self._state.items + self._state.flushed

    @property
    def used(self) -> int:
        """The bytes that the items take, as memcached counts them."""
        if not self.busy:
            self._look(was_busy=False)
        return self._state.used

    def _look(self, was_busy: bool) -> None:
        """Learn the state as it is now; between batches begin none."""
        if not self.busy:
            self._begin_read()
        if not was_busy:
            try:
                self.settle()
            except StoreError:
                pass  # was reported
