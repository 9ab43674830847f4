"""What is found in the directory: ours, damaged, foreign, or nothing that can be used."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from waiting import SECONDS_MAX

from mclite.store import StoreError


def put(store: Any, key: bytes, data: bytes = b"x") -> None:
    with store.transaction():
        store.store("set", key, data, 0, 0)
    store.settle()


def look(store: Any, key: bytes) -> bytes | None:
    item = store.live(key)
    store.settle()
    return None if item is None else item.data


@pytest.fixture
def file(tmp_path: Path, make_disk: Any) -> Path:
    """The file of a store with 50 items, closed."""
    store = make_disk()
    for number in range(50):
        put(store, b"key-%d" % number, b"data %d " % number * 50)
    store.close()
    return tmp_path / "store" / "items.sqlite"


def test_a_new_directory_is_made(tmp_path: Path, make_disk: Any, reports: list[str]) -> None:
    put(make_disk(), b"k")
    names = {path.name for path in (tmp_path / "store").iterdir()}
    assert {"items.sqlite", "lock"} <= names
    assert reports == []


@pytest.mark.parametrize("content", [b"", b"not a database at all\n" * 100, b"SQLite format 3\0", os.urandom(9000)])
def test_a_file_that_is_no_database_is_set_aside(
    file: Path, content: bytes, make_disk: Any, reports: list[str]
) -> None:
    file.write_bytes(content)
    store = make_disk()
    assert look(store, b"key-1") is None
    put(store, b"k")
    assert len(reports) == 1
    assert "damaged" in reports[0]
    (aside,) = file.parent.glob("damaged-*")
    assert aside.read_bytes() == content
    assert str(aside) in reports[0]


def test_two_damaged_files_do_not_take_each_others_name(file: Path, make_disk: Any) -> None:
    for content in (b"first", b"second"):
        file.write_bytes(content)
        make_disk().close()
    assert sorted(path.read_bytes() for path in file.parent.glob("damaged-*")) == [b"first", b"second"]


@pytest.mark.parametrize("share", [0.5, 0.75, 0.95])
def test_of_a_truncated_file_what_is_left_is_kept(file: Path, share: float, make_disk: Any, reports: list[str]) -> None:
    os.truncate(file, int(file.stat().st_size * share))
    store = make_disk()
    found = [number for number in range(50) if look(store, b"key-%d" % number) is not None]
    assert 0 < len(found) < 50
    assert all(look(store, b"key-%d" % number) == b"data %d " % number * 50 for number in found)
    assert f"kept {len(found)} items" in reports[0]


def test_an_edited_item_is_reported_and_not_served(file: Path, make_disk: Any, reports: list[str]) -> None:
    content = file.read_bytes()
    assert content.count(b"data 7 data 7 ") > 0
    file.write_bytes(content.replace(b"data 7 data 7 ", b"data 7 data 8 ", 1))
    store = make_disk()
    assert reports == []
    assert look(store, b"key-7") is None
    assert len(reports) == 1
    assert "b'key-7'" in reports[0]
    assert all(look(store, b"key-%d" % number) is not None for number in range(50) if number != 7)
    put(store, b"key-7", b"new")
    assert look(store, b"key-7") == b"new"
    assert len(store) == 50
    assert store.used == sum(store.size_of(key, item) for key, item in store.items())


def test_an_edited_key_leads_to_nobody_elses_data(file: Path, make_disk: Any, reports: list[str]) -> None:
    file.write_bytes(file.read_bytes().replace(b"key-23", b"key-99"))
    store = make_disk()
    assert look(store, b"key-99") is None
    assert look(store, b"key-23") is None
    assert all(look(store, b"key-%d" % number) is not None for number in range(50) if number != 23)
    assert "kept 49 items" in reports[0]


def test_a_damaged_page_is_found_at_the_start(file: Path, make_disk: Any, reports: list[str]) -> None:
    with file.open("r+b") as stream:
        stream.seek(file.stat().st_size // 4096 // 2 * 4096)
        stream.write(b"\xff" * 4096)
    store = make_disk()
    assert "was damaged" in reports[0]
    found = sum(look(store, b"key-%d" % number) is not None for number in range(50))
    assert found >= 35
    assert f"kept {found} items" in reports[0]


def test_damage_while_it_is_open_costs_only_what_was_damaged(file: Path, make_disk: Any, reports: list[str]) -> None:
    store = make_disk()
    with file.open("r+b") as stream:
        for page in range(6, file.stat().st_size // 4096):
            stream.seek(page * 4096)
            stream.write(b"\xff" * 4096)
    store._database.connection.execute("PRAGMA shrink_memory")
    for number in range(50):
        look(store, b"key-%d" % number)
    assert any("was damaged" in report for report in reports)
    put(store, b"k", b"new")
    assert look(store, b"k") == b"new"
    assert look(store, b"key-0") in (None, b"data 0 " * 50)


def test_a_damaged_state_gives_nothing_away_and_no_cas_twice(file: Path, make_disk: Any) -> None:
    connection = sqlite3.connect(file)
    connection.execute("UPDATE state SET flushed_id = 0, last_cas = 0")
    connection.commit()
    connection.close()
    store = make_disk()
    assert look(store, b"key-1") is None  # it may have been flushed
    with store.transaction():
        assert store.store("set", b"k", b"x", 0, 0).item.cas > 1 << 40
    store.settle()


def test_a_lost_log_is_no_damage(file: Path, make_disk: Any, reports: list[str], tmp_path: Path) -> None:
    store = make_disk()
    put(store, b"late", b"only in the log")
    copy = tmp_path / "copy"
    shutil.copytree(file.parent, copy)
    store.close()
    log = copy / "items.sqlite-wal"
    assert log.stat().st_size > 0
    with log.open("r+b") as stream:
        stream.truncate(log.stat().st_size - 100)
    shutil.rmtree(file.parent)
    copy.rename(file.parent)
    store = make_disk()
    assert look(store, b"late") is None
    assert look(store, b"key-1") is not None
    assert reports == []


def test_another_programs_database_is_refused_and_left_alone(tmp_path: Path, make_disk: Any) -> None:
    directory = tmp_path / "store"
    directory.mkdir()
    connection = sqlite3.connect(directory / "items.sqlite")
    connection.execute("CREATE TABLE items (name TEXT)")
    connection.commit()
    connection.close()
    before = (directory / "items.sqlite").read_bytes()
    with pytest.raises(StoreError, match="another program"):
        make_disk()
    assert (directory / "items.sqlite").read_bytes() == before


def test_a_later_format_is_refused(file: Path, make_disk: Any) -> None:
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreError, match="later version of mclite"):
        make_disk()


def test_other_files_in_the_directory_are_named_and_left_alone(file: Path, make_disk: Any, reports: list[str]) -> None:
    for name in ("notes.txt", "a", "b", "c", "d"):
        (file.parent / name).write_text("mine")
    store = make_disk()
    assert reports == [f"{file.parent}: not mine, and left alone: a, b, c and 2 more"]
    assert look(store, b"key-1") is not None
    assert (file.parent / "notes.txt").read_text() == "mine"


def test_a_file_in_the_place_of_the_directory(tmp_path: Path, make_disk: Any) -> None:
    (tmp_path / "store").write_text("a file")
    with pytest.raises(StoreError, match="cannot use the directory"):
        make_disk()


def test_a_directory_in_the_place_of_the_file(tmp_path: Path, make_disk: Any) -> None:
    (tmp_path / "store" / "items.sqlite").mkdir(parents=True)
    with pytest.raises(StoreError):
        make_disk()


def test_damage_is_not_repaired_under_the_feet_of_another(file: Path, make_disk: Any, reports: list[str]) -> None:
    one, other = make_disk(), make_disk()
    assert not one._database.repair("a test says so")
    one._execute = one._database.connection.execute
    put(one, b"k", b"1")
    assert look(other, b"k") == b"1"
    other.close()
    assert one._database.repair("a test says so")
    one._execute = one._database.connection.execute
    assert look(one, b"k") == b"1"
    assert "kept 51 items" in reports[-1]


@pytest.mark.parametrize("what", ["no permission", "read-only file", "a file", "another program"])
def test_serve_ends_with_one_line(what: str, tmp_path: Path) -> None:
    directory = tmp_path / "d"
    program = "import sys; from mclite.cli import main; sys.exit(main(sys.argv[1:]))"
    if what == "a file":
        directory.write_text("x")
    elif what == "another program":
        directory.mkdir()
        with sqlite3.connect(directory / "items.sqlite") as connection:
            connection.execute("CREATE TABLE t (x)")
        connection.close()
    else:
        directory.mkdir()
        if what == "read-only file":
            for name in ("items.sqlite", "lock"):
                (directory / name).touch()
                (directory / name).chmod(0o444)
        directory.chmod(0o555)
        if os.getuid() == 0:  # root may write everywhere
            for path in (*tmp_path.parents, tmp_path):
                if path.name.startswith("pytest") or path == tmp_path:
                    path.chmod(path.stat().st_mode | 0o055)
            become_nobody = "os.setgroups([]); os.setgid(65534); os.setuid(65534); "
            program = f"import os, mclite.cli.serve, mclite.store.disk.engine; {become_nobody}{program}"
    done = subprocess.run(
        [sys.executable, "-c", program, "serve", "-p", "-1", "--store", f"disk:{directory}"],
        capture_output=True, text=True, timeout=SECONDS_MAX,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith(f"mclite serve: --store disk:{directory}: ")
    assert done.stderr.count("\n") == 1
