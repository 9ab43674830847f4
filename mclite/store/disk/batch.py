"""The batches of the disk engine: each is one transaction, and what it changes is written at its end.

A batch begins with the first request that looks at the store, reading only; the first that may change something takes
SQLite's write lock, and holds it until `settle`, which the session calls before any answer of the batch goes out. So
what was acknowledged is committed, and nothing is written between a read and the write resting on it. That an item was
accessed, or found expired, is no change: it is noted, and written some seconds later. Such a note names the row and
its checksum, so it can never hit an item stored later. What was read is kept in memory until another process commits.
The rule that keeps it true: what fails is remembered, and told by `settle`, which then keeps nothing of the batch.
"""

from __future__ import annotations

import sqlite3
import sys
import time
from abc import abstractmethod
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mclite.store.base import Store, StoreError
from mclite.store.clock import Clock
from mclite.store.disk.database import WAIT_SECONDS, Database, Report, corrupt, write_state
from mclite.store.disk.rows import (
    ITEM_COLUMNS,
    STATE_COLUMNS,
    VALUE_COLUMNS,
    DamagedError,
    DiskItem,
    State,
    item_sum,
    write_item,
)
from mclite.store.item import Item
from mclite.store.slabs import SlabClasses

if TYPE_CHECKING:
    from mclite.store.stats import Stats

_UNWRITTEN_MAX: Final = 8 << 20
"""Bytes of data that may wait to be written, changes and accesses each; then they are."""
_READ_MAX: Final = 32 << 20
"""Bytes of items that are kept in memory after they were read."""
_ITEM_COST: Final = 500
"""Bytes that an item in memory takes, besides its data."""
ACCESS_SECONDS: Final = 10
"""How long a note of an access may wait to be written."""
_REPEAT_SECONDS: Final = 10.0
"""Seconds before the same report is made again."""

_SELECT_STATE: Final = f"SELECT {STATE_COLUMNS}, sum FROM state"
_INSERT: Final = f"INSERT OR REPLACE INTO items ({ITEM_COLUMNS}, key) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_UPDATE: Final = f"UPDATE items SET ({VALUE_COLUMNS}) = (?, ?, ?, ?, ?, ?, ?) WHERE id = ?"
_DELETE: Final = "DELETE FROM items WHERE key = ?"
_DELETE_ROW: Final = "DELETE FROM items WHERE id = ? AND sum IS ?"
_UPDATE_ACCESS: Final = "UPDATE items SET time = ?, state = ?, sum = ? WHERE id = ? AND sum = ?"

_ERRORS: Final = (sqlite3.Error, OverflowError, DamagedError)
_HELD: Final = nullcontext()


def to_stderr(text: str) -> None:
    """Report `text` on standard error."""
    print(f"mclite: {text}", file=sys.stderr, flush=True)


class BatchStore(Store):
    """The half of DiskStore that knows when something is read and written; what, it leaves to the other half."""

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
        super().__init__(clock, stats, slabs, maxbytes, evict)
        self._report_to = report
        self._reported: dict[str, float] = {}
        self._database = Database(directory, sync, self._report)
        self._execute = self._database.connection.execute
        self._writing = False
        self._failure = ""  # why this batch cannot be kept
        self._corrupt = False
        self._state = State()
        self._state_row: tuple[Any, ...] = ()
        self._state_changed = False
        self._changes: dict[bytes, Item | None] = {}
        self._changed_bytes = 0
        self._accesses: dict[bytes, DiskItem] = {}
        self._accessed_bytes = 0
        self._accessed_since = 0
        self._read: dict[bytes, DiskItem] = {}  # the rows of these keys, until another process writes
        self._read_bytes = 0

    @abstractmethod
    def _forget(self) -> None:
        """Forget what was read in a batch that failed: it need not be true."""

    # Begin.

    def _begin_read(self) -> None:
        self.busy = True
        try:
            self._execute("BEGIN")
            self._load_state()
        except _ERRORS as error:
            self._fail(error)
        else:
            if self._flush_is_due():
                self._begin_write()

    def _begin_write(self) -> None:
        if self._writing:
            return
        try:
            if self.busy and not self._failure:
                self._execute("COMMIT")
            self.busy = self._writing = True
            if not self._failure:
                self._execute("BEGIN IMMEDIATE")
                self._written_to()
        except _ERRORS as error:
            self._fail(error)

    def _written_to(self) -> None:
        """The write lock was taken."""
        self._load_state()
        if self._flush_is_due():
            self.flush_at = 0
            self._flush()

    def _flush_is_due(self) -> bool:
        return 0 < self.flush_at <= self.now

    def _load_state(self) -> None:
        """Learn what other processes did. Raises DamagedError."""
        row = self._execute(_SELECT_STATE).fetchone()
        if row != self._state_row:
            if row is None:
                raise DamagedError
            self._state = State.from_row(row)
            self._state_row = row
            self._forget_read()
            self.flush_at = self._state.flush_at
            self.oldest_live = self._state.oldest_live

    def transaction(self) -> AbstractContextManager[object]:
        """Take the write lock, until `settle`; what is read from now on stays true until then."""
        self._begin_write()
        return _HELD

    # End.

    def settle(self) -> None:
        """Commit the batch. Raises StoreError if that cannot be done: nothing of it holds."""
        if not self.busy:
            return
        if self._accessed_bytes > _UNWRITTEN_MAX:
            self._write_accesses()
        try:
            if not self._failure:
                if self._changes:
                    self._write_changes()
                if self._state_changed:
                    self._write_state()
                self._execute("COMMIT")
                self.busy = self._writing = False
                return
        except _ERRORS as error:
            self._fail(error)
        self._give_up()

    def _write_state(self) -> None:
        self._state.flush_at = self.flush_at
        self._state.oldest_live = self.oldest_live
        self._state_row = write_state(self._database.connection, self._state)
        self._state_changed = False
        self._database.written()

    def _fail(self, error: Exception) -> None:
        """Remember that `error` spoils the batch; reads find nothing more in it."""
        self._failure = str(error) or "the row of its state is damaged"
        self._corrupt = self._corrupt or corrupt(error) or isinstance(error, DamagedError)

    def _give_up(self) -> None:
        """End a batch that failed: nothing of it holds. Raises StoreError if it was to change something."""
        reason, writing, damaged = self._failure, self._writing, self._corrupt
        self.busy = self._writing = self._corrupt = self._state_changed = False
        self._failure = ""
        self._state_row = ()
        self._changes.clear()
        self._changed_bytes = 0
        self._forget_accesses()
        self._forget_read()
        self._forget()
        try:
            if self._database.connection.in_transaction:
                self._execute("ROLLBACK")
        except sqlite3.Error as error:
            reason = f"{reason}; {error}"
        self._report(f"{self._database.path}: {reason}")
        if damaged:
            try:
                self._database.repair(reason)
                self._execute = self._database.connection.execute
            except StoreError as error:
                self._report(str(error))
        if writing:
            raise StoreError(reason)

    def _report(self, text: str) -> None:
        now = time.monotonic()
        if now - self._reported.get(text, -_REPEAT_SECONDS) >= _REPEAT_SECONDS:
            self._reported = {old: then for old, then in self._reported.items() if now - then < _REPEAT_SECONDS}
            self._reported[text] = now
            self._report_to(text)

    def close(self) -> None:
        """Write what is left and let go of the files."""
        self._write_all()
        try:
            self.settle()
        except StoreError:
            pass  # was reported
        self._database.close()

    # Now and then.

    def tick(self) -> None:
        """Read the clock; now and then write what was accessed, and see to what --sync asks for."""
        self.now = self.clock.now()
        if self.busy:
            self.settle()
        if self._flush_is_due() or (self._accesses and abs(self.now - self._accessed_since) >= ACCESS_SECONDS):
            self._keep_up()
        self._database.sync_if_due()

    def _keep_up(self) -> None:
        """Carry out a flush that is due, and write what was accessed; later, if another process is writing."""
        try:
            self._execute("PRAGMA busy_timeout = 0")
            try:
                self._execute("BEGIN IMMEDIATE")
            finally:
                self._execute(f"PRAGMA busy_timeout = {WAIT_SECONDS * 1000:.0f}")
        except sqlite3.Error:
            self._accessed_since = self.now
            return
        self.busy = self._writing = True
        try:
            self._written_to()
        except _ERRORS as error:
            self._fail(error)
        self._write_accesses()
        try:
            self.settle()
        except StoreError:
            pass  # was reported

    # Write.

    def _change(self, key: bytes, item: Item | None) -> None:
        """Note what `key` is to hold from this batch on."""
        self._state_changed = True
        self._changes.pop(key, None)  # so that they stay in the order in which they were stored
        self._changes[key] = item
        if item is not None:
            self._changed_bytes += item.size
            if self._changed_bytes > _UNWRITTEN_MAX and not self._failure:
                try:
                    self._write_changes()
                except _ERRORS as error:
                    self._fail(error)

    def _write_changes(self) -> None:
        state = self._state
        dropped, updated, stored = [], [], []
        for key, item in self._changes.items():
            self._accesses.pop(key, None)
            if not isinstance(item, DiskItem):
                self._read.pop(key, None)
            if item is None:
                dropped.append((key,))
            elif isinstance(item, DiskItem):
                row = write_item(item.row, key, item)
                item.sum = row[6]
                updated.append((*row[1:], item.row))
            else:
                state.last_id += 1
                stored.append((*write_item(state.last_id, key, item), key))
        self._changes.clear()
        self._changed_bytes = 0
        self._state_changed = True
        many = self._database.connection.executemany
        for statement, rows in ((_DELETE, dropped), (_UPDATE, updated), (_INSERT, stored)):
            if rows:
                many(statement, rows)

    def _touched(self, key: bytes, item: Item) -> None:
        if not isinstance(item, DiskItem) or key in self._changes:
            return  # it will be written anyway
        if not self._accesses:
            self._accessed_since = self.now
        if self._accesses.get(key) is not item:
            self._accesses[key] = item
            self._accessed_bytes += item.size + _ITEM_COST

    def _write_accesses(self) -> None:
        """Write which items were accessed, and delete those found expired or flushed."""
        self._begin_write()
        try:
            for key, item in self._accesses.items():
                if self._failure:
                    return
                if item.dropped:
                    self._delete_row(key, item)
                elif key not in self._changes:
                    new = item_sum(item.row, key, item)
                    self._execute(_UPDATE_ACCESS, (item.time, item.state, new, item.row, item.sum))
                    item.sum = new
        except _ERRORS as error:
            self._fail(error)
        self._state_changed = True  # for those who have read the rows
        self._forget_accesses()

    def _forget_accesses(self) -> None:
        self._accesses.clear()
        self._accessed_bytes = 0

    def _remember(self, key: bytes, item: DiskItem) -> None:
        """Keep what was read under `key`, so that it need not be read again."""
        self._read_bytes += item.size + _ITEM_COST
        if self._read_bytes > _READ_MAX:
            self._forget_read()
        self._read[key] = item

    def _forget_read(self) -> None:
        self._read.clear()
        self._read_bytes = 0

    def _write_all(self) -> None:
        """Write everything, so that the tables say what is there."""
        if self._accesses:
            self._write_accesses()
        if self._changes and not self._failure:
            try:
                self._write_changes()
            except _ERRORS as error:
                self._fail(error)

    def _discard(self, key: bytes, item: DiskItem) -> None:
        """Delete the row of `item`: now if the write lock is held, else with the next accesses."""
        if self._writing:
            self._delete_row(key, item)
        else:
            item.dropped = True
            self._touched(key, item)

    def _delete_row(self, key: bytes, item: DiskItem) -> None:
        try:
            if not self._failure and self._execute(_DELETE_ROW, (item.row, item.sum)).rowcount:
                self._uncount(key, item)
        except sqlite3.Error as error:
            self._fail(error)

    def _uncount(self, key: bytes, item: DiskItem) -> None:
        state = self._state
        self._state_changed = True
        if item.row <= state.flushed_id:
            state.flushed = max(state.flushed - 1, 0)
        else:
            state.items = max(state.items - 1, 0)
            state.used = max(state.used - self.size_of(key, item), 0)
