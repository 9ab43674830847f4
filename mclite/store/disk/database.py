"""The SQLite file of the disk engine: opened, checked, shared between processes, synced, and repaired.

A directory holds `items.sqlite` (with SQLite's own `-wal` and `-shm`) and `lock`. Whoever has it open holds
`lock` shared; opening is done by one process at a time, under a lock on the directory itself. The one that finds
nobody else there checks the file, and if it is damaged sets it aside, under a name that says so, and saves what can
still be read and believed into a new one. A file that is another program's is left alone, and refused.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from mclite.store.base import StoreError
from mclite.store.disk.rows import SCHEMA, STATE_COLUMNS, DamagedError, State
from mclite.store.disk.salvage import PAGE_SIZE, salvage

FILE_NAME: Final = "items.sqlite"
LOCK_NAME: Final = "lock"
APPLICATION_ID: Final = 0x6D636C74
"""The four bytes `mclt` in the header of the file, that mark it as ours."""
FORMAT: Final = 1

SYNC: Final = {"always": "FULL", "interval": "NORMAL", "off": "OFF"}
"""--sync, and SQLite's `synchronous` for it."""
SYNC_SECONDS: Final = 1.0
"""With --sync interval: how long after a commit it is made safe from a power cut."""
WAIT_SECONDS: Final = 5.0
"""How long to wait for another process that writes."""

_OPENING_SECONDS: Final = 60.0
"""How long to wait for another process that opens, and perhaps repairs."""

_THOROUGH_MAX: Final = 256 << 20
"""Largest file, in bytes, that is checked with its index, which takes a second for 600,000 items."""

_CAS_GAP: Final = 1 << 24
"""Cas uniques skipped at each start: more than a power cut can have made us forget."""
_SELECT_SCHEMA: Final = "SELECT type, name, sql FROM sqlite_schema"
_MAGIC: Final = b"SQLite format 3\0"
_OTHERS_NAMED: Final = 3

Report = Callable[[str], None]


class Database:
    """The file in `directory`, which is made if it is not there.

    `connection` is in autocommit mode. `report` is told of damage and what became of it. Raises StoreError, with a text
    for the user, if the directory cannot be used.
    """

    connection: sqlite3.Connection

    def __init__(self, directory: str | Path, sync: str, report: Report) -> None:
        self.directory = Path(directory)
        self.path = self.directory / FILE_NAME
        self._synchronous = SYNC[sync]
        self._interval = sync == "interval"
        self._report = report
        self._lock = -1
        self._wal = -1
        self._unsynced_since = 0.0
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self.directory / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            with self._opening():
                self._open(alone=self._alone())
                fcntl.flock(self._lock, fcntl.LOCK_SH)
        except OSError as error:
            self.close()
            raise StoreError(f"cannot use the directory {self.directory}: {error.strerror}") from None
        except sqlite3.Error as error:
            self.close()
            raise StoreError(f"cannot open {self.path}: {error}") from None
        except StoreError:
            self.close()
            raise

    # Opening.

    @contextmanager
    def _opening(self) -> Iterator[None]:
        """Let no other process open or repair the file meanwhile."""
        directory = os.open(self.directory, os.O_RDONLY | os.O_CLOEXEC)
        deadline = time.monotonic() + _OPENING_SECONDS
        try:
            while not _locked(directory):
                if time.monotonic() > deadline:
                    raise StoreError(f"{self.directory} is being opened by another process, for too long")
                time.sleep(0.01)
            yield
        finally:
            os.close(directory)

    def _alone(self) -> bool:
        """True if no other process has the file open; then none can open it until `_opening` ends."""
        return _locked(self._lock)

    def _open(self, alone: bool) -> None:
        if alone:
            self._report_others()
            reason = self._what_is_wrong()
            if reason:
                self._repair(reason)
                return
        self._connect()
        if alone:
            self._skip_cas()

    def _report_others(self) -> None:
        others = sorted(
            path.name
            for path in self.directory.iterdir()
            if not path.name.startswith((FILE_NAME, "damaged-", LOCK_NAME))
        )
        if others:
            more = f" and {len(others) - _OTHERS_NAMED} more" if len(others) > _OTHERS_NAMED else ""
            self._report(f"{self.directory}: not mine, and left alone: {', '.join(others[:_OTHERS_NAMED])}{more}")

    def _what_is_wrong(self) -> str:
        """Check the file; return what is wrong with it, nothing if it is sound or new. Raises StoreError."""
        if not self.path.exists():
            return ""
        with self.path.open("rb") as file:
            header = file.read(len(_MAGIC))
        if not header:
            return "it is empty"
        if header != _MAGIC:
            return "it is no database"
        try:
            with closing(sqlite3.connect(self.path, timeout=WAIT_SECONDS, isolation_level=None)) as connection:
                connection.text_factory = bytes
                (application,) = connection.execute("PRAGMA application_id").fetchone()
                (version,) = connection.execute("PRAGMA user_version").fetchone()
                tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
                if application != APPLICATION_ID and tables:
                    raise StoreError(f"{self.path} is the database of another program; name another directory")
                if version > FORMAT:
                    raise StoreError(f"{self.path} was written by a later version of mclite, in format {version}")
                if not tables:
                    return ""  # the process that began it was killed
                if connection.execute(_SELECT_SCHEMA).fetchall() != _our_schema():
                    return "its schema is damaged"
                check = "integrity_check" if self.path.stat().st_size <= _THOROUGH_MAX else "quick_check"
                (found,) = connection.execute(f"PRAGMA {check}(1)").fetchone()
                if found != b"ok":
                    return bytes(found).decode("utf-8", "replace").strip().replace("\n", " ")
                read_state(connection)
        except DamagedError:
            return "the row of its state is damaged"
        except sqlite3.OperationalError as error:
            if corrupt(error):
                return str(error)
            raise
        except sqlite3.DatabaseError as error:
            return str(error)
        return ""

    def _connect(self) -> None:
        connection = sqlite3.connect(
            self.path, timeout=WAIT_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=64
        )
        self.connection = connection
        connection.text_factory = bytes
        connection.execute(f"PRAGMA page_size = {PAGE_SIZE}")
        (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        if mode != b"wal":
            raise StoreError(f"cannot use {self.path}: its file system does not support a write-ahead log")
        connection.execute(f"PRAGMA synchronous = {self._synchronous}")
        connection.execute("PRAGMA cache_size = -16384")
        connection.execute("PRAGMA wal_autocheckpoint = 4000")
        connection.execute("PRAGMA journal_size_limit = 67108864")
        connection.execute("PRAGMA temp_store = MEMORY")
        if not connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
            self._create()
        if self._interval:
            self._wal = os.open(f"{self.path}-wal", os.O_RDONLY | os.O_CLOEXEC)

    def _create(self) -> None:
        execute = self.connection.execute
        execute("BEGIN IMMEDIATE")
        for statement in SCHEMA:
            execute(statement)
        execute(f"PRAGMA application_id = {APPLICATION_ID}")
        execute(f"PRAGMA user_version = {FORMAT}")
        execute(f"INSERT INTO state ({STATE_COLUMNS}, sum) VALUES (?{', ?' * 9})", State().to_row())
        execute("COMMIT")

    def _skip_cas(self) -> None:
        """Go on with cas uniques that cannot have been given, not even just before a power cut."""
        self.connection.execute("BEGIN IMMEDIATE")
        state = read_state(self.connection)
        if state.last_cas:
            state.last_cas += _CAS_GAP
            write_state(self.connection, state)
        self.connection.execute("COMMIT")

    # Repair.

    def repair(self, reason: str) -> bool:
        """Set the damaged file aside while in use, and go on with what can be saved; False if others have it open."""
        self._disconnect()
        try:
            with self._opening():
                alone = self._alone()
                if alone:
                    self._repair(reason)
                else:
                    self._connect()
                fcntl.flock(self._lock, fcntl.LOCK_SH)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"cannot repair {self.path}: {error}") from None
        return alone

    def _repair(self, reason: str) -> None:
        aside = self._set_aside()
        self._connect()
        saved = salvage(aside, self.connection)
        self._skip_cas()
        self._report(f"{self.path} was damaged ({reason}); kept {saved} items; the damaged file is now {aside}")

    def _set_aside(self) -> Path:
        """Rename the file, and its log with it, to a name that is free."""
        stamp = time.strftime("%Y%m%d-%H%M%S")
        aside = self.directory / f"damaged-{stamp}.sqlite"
        number = 1
        while aside.exists():
            number += 1
            aside = self.directory / f"damaged-{stamp}-{number}.sqlite"
        self.path.rename(aside)
        Path(f"{self.path}-shm").unlink(missing_ok=True)
        log = Path(f"{self.path}-wal")
        if log.exists():
            log.rename(f"{aside}-wal")
        return aside

    # While it is open.

    def written(self) -> None:
        """Something was written; with --sync interval its commit is not safe yet."""
        if self._interval and not self._unsynced_since:
            self._unsynced_since = time.monotonic()

    def sync_if_due(self) -> None:
        """With --sync interval: have the log written to the disk if that is due, by a thread: it may take long."""
        if self._unsynced_since and time.monotonic() - self._unsynced_since >= SYNC_SECONDS:
            self._unsynced_since = 0.0
            threading.Thread(target=self._sync, args=(os.dup(self._wal),), name="mclite-sync", daemon=True).start()

    def _sync(self, log: int) -> None:
        try:
            os.fsync(log)
        except OSError as error:
            self._report(f"cannot sync {self.path}-wal: {error.strerror}")
        finally:
            os.close(log)

    def _disconnect(self) -> None:
        if hasattr(self, "connection"):
            try:
                self.connection.close()
            except sqlite3.Error as error:
                self._report(f"closing {self.path}: {error}")
        if self._wal >= 0:
            os.close(self._wal)
            self._wal = -1

    def close(self) -> None:
        """Let go of the file; what was committed is then in it, and safe unless --sync is off."""
        self._disconnect()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def _our_schema() -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.text_factory = bytes
        for statement in SCHEMA:
            connection.execute(statement)
        return connection.execute(_SELECT_SCHEMA).fetchall()


def read_state(connection: sqlite3.Connection) -> State:
    """Read the row of the table `state`. Raises DamagedError."""
    row = connection.execute(f"SELECT {STATE_COLUMNS}, sum FROM state").fetchone()
    if row is None:
        raise DamagedError
    return State.from_row(row)


def write_state(connection: sqlite3.Connection, state: State) -> tuple[Any, ...]:
    """Write `state`, changed once more, as the row of the table `state`; return the row."""
    state.changes += 1
    row = state.to_row()
    connection.execute(f"UPDATE state SET ({STATE_COLUMNS}, sum) = (?{', ?' * 9})", row)
    return row


def _locked(file: int) -> bool:
    """Lock `file` exclusively, if no other process has locked it; return whether that worked."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def corrupt(error: Exception) -> bool:
    """Does `error` say that the file is damaged?"""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
