"""A batch holds as a whole or not at all, and its answers say which."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from waiting import SECONDS_MAX, until

from mclite.core.instance import Instance
from mclite.core.session import Session
from mclite.core.settings import Settings
from mclite.protocol import errors
from mclite.store import StoreError
from mclite.store.disk import batch
from mclite.store.disk.engine import DiskStore


def session(store: DiskStore) -> Session:
    return Session(Instance(Settings(), store))


def fill_the_disk(store: DiskStore) -> None:
    """Let the file grow no more: SQLite then fails as on a full disk."""
    (pages,) = store._database.connection.execute("PRAGMA page_count").fetchone()
    store._database.connection.execute(f"PRAGMA max_page_count = {pages}")


def test_before_its_end_a_batch_is_not_seen_by_others(make_disk: Any) -> None:
    one, other = make_disk(), make_disk()
    with one.transaction():
        one.store("set", b"k", b"x", 0, 0)
    assert one.busy
    assert other.live(b"k") is None
    other.settle()
    one.settle()
    assert not one.busy
    assert other.live(b"k") is not None


def test_a_session_ends_its_batch_with_each_answer(make_disk: Any) -> None:
    store, other = make_disk(), make_disk()
    one = session(store)
    assert one.receive(b"set k 0 0 1\r\nx\r\nget k\r\nset l 0 0 1 noreply\r\ny\r\n") == (
        b"STORED\r\nVALUE k 0 1\r\nx\r\nEND\r\n"
    )
    assert not store.busy
    assert session(other).receive(b"get k l\r\n") == b"VALUE k 0 1\r\nx\r\nVALUE l 0 1\r\ny\r\nEND\r\n"
    assert one.receive(b"set m 0 0 3\r\nx") == b""
    assert not store.busy  # half a request holds no lock


def test_a_full_disk_keeps_nothing_of_the_batch(make_disk: Any, reports: list[str]) -> None:
    store = make_disk()
    with store.transaction():
        store.store("set", b"old", b"old", 0, 0)
    store.settle()
    fill_the_disk(store)
    with store.transaction():
        store.store("set", b"old", b"new", 0, 0)
        store.store("set", b"k", b"x" * 100_000, 0, 0)
    with pytest.raises(StoreError, match="full"):
        store.settle()
    item = store.live(b"old")
    assert item is not None
    assert item.data == b"old"
    assert store.live(b"k") is None
    assert len(store) == 1
    assert len(reports) == 1
    assert "full" in reports[0]


def test_on_a_full_disk_each_request_has_its_error_and_the_rest_works(make_disk: Any) -> None:
    store = make_disk()
    one = session(store)
    assert one.receive(b"set k 0 0 1\r\nx\r\n") == b"STORED\r\n"
    fill_the_disk(store)
    large = b"set l 0 0 100000\r\n" + b"x" * 100_000 + b"\r\n"
    for _ in range(3):
        assert one.receive(large) == errors.STORE_FAILED
        assert one.receive(b"get k l\r\n") == b"VALUE k 0 1\r\nx\r\nEND\r\n"
    assert one.receive(large.replace(b"100000\r", b"100000 noreply\r")) == b""
    assert not one.closed
    (pages,) = store._database.connection.execute("PRAGMA max_page_count = 100000").fetchone()
    assert pages == 100_000
    assert one.receive(large) == b"STORED\r\n"


def test_pipelined_requests_that_failed_end_the_connection(make_disk: Any) -> None:
    store = make_disk()
    one = session(store)
    fill_the_disk(store)
    large = b"set l 0 0 100000\r\n" + b"x" * 100_000 + b"\r\n"
    assert one.receive(b"set k 0 0 1\r\nx\r\n" + large) == errors.STORE_FAILED
    assert one.closed
    assert session(store).receive(b"get k\r\n") == b"END\r\n"


def test_a_writer_that_does_not_end_is_waited_for_and_then_told(
    make_disk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = make_disk(), make_disk()
    with one.transaction():
        one.store("set", b"k", b"one", 0, 0)
    other._database.connection.execute("PRAGMA busy_timeout = 50")
    with other.transaction():
        other.store("set", b"k", b"other", 0, 0)
    with pytest.raises(StoreError, match="locked"):
        other.settle()
    one.settle()
    with other.transaction():
        assert other.store("append", b"k", b"!", 0, 0).item.data == b"one!"
    other.settle()


def test_notes_of_accesses_wait_for_another_writer(make_disk: Any, clock: Any) -> None:
    one, other = make_disk(), make_disk()
    with one.transaction():
        one.store("set", b"k", b"x", 0, 0)
    one.settle()
    one.bump(b"k", one.live(b"k"))
    one.settle()
    other.transaction()
    clock.time += batch.ACCESS_SECONDS
    asked: list[str] = []
    one._database.connection.set_trace_callback(asked.append)
    one.tick()
    one._database.connection.set_trace_callback(None)
    assert asked.index("PRAGMA busy_timeout = 0") < asked.index("BEGIN IMMEDIATE")  # it does not wait
    assert one.live(b"k").state  # still noted
    one.settle()
    other.settle()
    clock.time += batch.ACCESS_SECONDS
    one.tick()
    item = other.live(b"k")
    assert item is not None
    assert item.state


def test_the_same_report_is_not_repeated(make_disk: Any, reports: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    store = make_disk()
    for _ in range(5):
        store._report("twice told")
    assert reports == ["twice told"]
    monkeypatch.setattr(batch, "_REPEAT_SECONDS", 0.0)
    store._report("twice told")
    assert reports == ["twice told", "twice told"]


def test_a_limit_of_file_size_is_survived(tmp_path: Path) -> None:
    """A real process that the system lets write no further: errors, no end, and what was stored is still there."""
    program = (
        "import resource, sys\n"
        "from mclite.store.stats import Stats\n"
        "from mclite.store import StoreError, SystemClock\n"
        "from mclite.store.disk.engine import DiskStore\n"
        "store = DiskStore(sys.argv[1], SystemClock(), Stats(), report=lambda text: None)\n"
        "with store.transaction(): store.store('set', b'first', b'1', 0, 0)\n"
        "store.settle()\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))\n"
        "kept, failed = [], 0\n"
        "for number in range(100):\n"
        "    key = b'%d' % number\n"
        "    with store.transaction(): store.store('set', key, b'x' * 10_000, 0, 0)\n"
        "    try: store.settle()\n"
        "    except StoreError: failed += 1\n"
        "    else: kept.append(key)\n"
        "found = [key for key, item in store.items()]\n"
        "assert found == [b'first', *kept], (found, kept)\n"
        "print(len(kept), failed)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "store")],
        capture_output=True,
        text=True,
        timeout=2 * SECONDS_MAX,
    )
    assert done.returncode == 0, done.stderr
    kept, failed = map(int, done.stdout.split())
    assert kept > 0
    assert failed > 0
    assert kept + failed == 100


def test_the_durability_asked_for_is_sqlites(make_disk: Any) -> None:
    for sync, number in (("always", 2), ("interval", 1), ("off", 0)):
        store = make_disk(sync=sync)
        assert store._database.connection.execute("PRAGMA synchronous").fetchone() == (number,)
        store.close()


def test_interval_syncs_the_log_after_a_second(make_disk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr("mclite.store.disk.database.os.fsync", synced.append)
    monkeypatch.setattr("mclite.store.disk.database.SYNC_SECONDS", 0.05)
    store = make_disk(sync="interval")
    store.tick()
    assert synced == []
    with store.transaction():
        store.store("set", b"k", b"x", 0, 0)
    store.settle()
    store.tick()

    def ticked() -> bool:
        store.tick()
        return bool(synced)

    until(ticked)
    assert len(synced) == 1
    store.tick()
    assert len(synced) == 1  # nothing was written since


def test_a_sqlite_error_names_itself(make_disk: Any, reports: list[str]) -> None:
    store = make_disk()
    store._database.connection.close()
    assert store.live(b"k") is None
    store.settle()  # a batch that only read has nothing to tell
    assert "closed" in reports[0]
    with store.transaction():
        store.store("set", b"k", b"x", 0, 0)
    with pytest.raises(StoreError):
        store.settle()
    with pytest.raises(sqlite3.Error):
        store._execute("SELECT 1")


def test_asking_for_the_size_begins_no_batch(make_disk: Any) -> None:
    one, other = make_disk(), make_disk()
    assert (bool(one), len(one), one.used) == (False, 0, 0)
    assert not one.busy
    with other.transaction():
        other.store("set", b"k", b"x", 0, 0)
    other.settle()
    assert one.live(b"k") is not None  # no old view of the file was kept
    assert len(one) == 1
    assert one.busy
    one.settle()


def test_what_was_read_is_forgotten_when_it_is_much(make_disk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "_READ_MAX", 20_000)
    store = make_disk()
    with store.transaction():
        for number in range(100):
            store.store("set", b"%d" % number, b"x" * 1000, 0, 0)
    store.settle()
    for number in range(100):
        assert store.live(b"%d" % number).data == b"x" * 1000
        assert sum(item.size for item in store._read.values()) <= 20_000
    store.settle()


def test_what_was_read_is_read_again_when_others_wrote(make_disk: Any) -> None:
    one, other = make_disk(), make_disk()
    for data in (b"1", b"2", b"3"):
        with other.transaction():
            other.store("set", b"k", data, 0, 0)
        other.settle()
        for _ in range(2):
            assert one.live(b"k").data == data
            one.settle()
    with one.transaction():
        one.store("append", b"k", b"4", 0, 0)
    one.settle()
    assert one.live(b"k").data == other.live(b"k").data == b"34"


def test_what_failed_is_not_remembered(make_disk: Any) -> None:
    store = make_disk()
    with store.transaction():
        store.store("set", b"n", b"1", 0, 0)
    store.settle()
    assert store.live(b"n").data == b"1"
    store.settle()
    fill_the_disk(store)
    with store.transaction():
        assert store.arithmetic(b"n", 1, False).value == 2
        store.store("set", b"k", b"x" * 100_000, 0, 0)
    with pytest.raises(StoreError):
        store.settle()
    assert store.live(b"n").data == b"1"
