"""Items outlive the process, and processes share them."""

from __future__ import annotations

from typing import Any

from mclite.store import Item, Outcome
from mclite.store.disk.batch import ACCESS_SECONDS
from mclite.store.disk.engine import DiskStore
from mclite.store.item import ACTIVE, FETCHED, STALE


def put(store: DiskStore, key: bytes, data: bytes = b"x", flags: int = 0, exptime: int = 0) -> Item:
    with store.transaction():
        item = store.store("set", key, data, flags, exptime).item
    store.settle()
    assert item is not None
    return item


def look(store: DiskStore, key: bytes) -> Any:
    store.tick()
    item = store.live(key)
    store.settle()
    return item


def test_a_restart_keeps_everything(make_disk: Any, clock: Any) -> None:
    store = make_disk()
    cas = {}
    for number in range(500):
        key = b"key/%d/\xff" % number
        cas[key] = put(store, key, b"d" * number, number, clock.time + 100 if number % 2 else 0).cas
    with store.transaction():
        item = store.live(b"key/7/\xff")
        item.state |= STALE
        store.changed(b"key/7/\xff", item)
    store.settle()
    used = store.used
    store.close()

    store = make_disk()
    assert (len(store), store.used) == (500, used)
    for number, (key, unique) in enumerate(cas.items()):
        item = look(store, key)
        exptime = clock.time + 100 if number % 2 else 0
        assert (item.data, item.flags, item.exptime, item.cas) == (b"d" * number, number, exptime, unique)
        assert bool(item.state & STALE) == (number == 7)
    clock.time += 100
    assert sum(look(store, key) is not None for key in cas) == 250


def test_cas_uniques_never_repeat(make_disk: Any) -> None:
    seen: list[int] = []
    for _ in range(3):
        one, other = make_disk(), make_disk()
        for number in range(5):
            seen.append(put(one, b"k").cas)
            seen.append(put(other, b"k").cas)
            with one.transaction():
                one.delete(b"k", one.live(b"k"))
            one.settle()
            seen.append(put(other, b"other-%d" % number).cas)
        one.close()
        other.close()
    assert seen == sorted(set(seen))


def test_flushed_items_stay_flushed_after_a_restart(make_disk: Any, clock: Any) -> None:
    store = make_disk()
    put(store, b"before")
    clock.time += 2
    store.tick()
    store.flush_all(0)
    store.settle()
    put(store, b"after")
    store.close()
    store = make_disk()
    assert look(store, b"before") is None
    assert look(store, b"after") is not None
    assert store.stats.get_flushed == 1


def test_a_delayed_flush_all_survives_a_restart(make_disk: Any, clock: Any) -> None:
    store = make_disk()
    put(store, b"k")
    store.flush_all(30)
    store.settle()
    store.close()
    clock.time += 29
    store = make_disk()
    assert look(store, b"k") is not None
    clock.time += 1
    assert look(store, b"k") is None
    put(store, b"k")
    store.close()
    clock.time += 60
    assert look(make_disk(), b"k") is not None


def test_two_stores_on_one_directory_see_each_others_changes(make_disk: Any) -> None:
    one, other = make_disk(), make_disk()
    put(one, b"k", b"1")
    assert look(other, b"k").data == b"1"
    put(other, b"k", b"22")
    assert look(one, b"k").data == b"22"
    assert (len(one), one.used) == (len(other), other.used)
    one.settle()
    other.settle()
    with one.transaction():
        one.delete(b"k", one.live(b"k"))
    one.settle()
    assert look(other, b"k") is None
    put(one, b"k")
    one.flush_all(0)
    one.settle()
    assert look(other, b"k") is None


def test_a_delayed_flush_all_is_carried_out_once_whoever_notices_it(make_disk: Any, clock: Any) -> None:
    one, other = make_disk(), make_disk()
    put(one, b"before")
    one.flush_all(10)
    one.settle()
    clock.time += 10
    assert look(other, b"before") is None  # it learns of the flush with this request
    put(other, b"after")
    assert look(one, b"after") is not None
    clock.time += 10
    assert look(one, b"after") is not None


def test_cas_between_two_stores(make_disk: Any) -> None:
    one, other = make_disk(), make_disk()
    cas = put(one, b"k").cas
    assert look(other, b"k").cas == cas
    put(one, b"k", b"newer")
    with other.transaction():
        assert other.store("cas", b"k", b"lost update", 0, 0, compare=cas).outcome is Outcome.EXISTS
    other.settle()
    assert look(other, b"k").data == b"newer"


def test_accesses_are_written_some_seconds_later(make_disk: Any, clock: Any) -> None:
    one, other = make_disk(), make_disk()
    put(one, b"k")
    clock.time += 5
    item = look(one, b"k")
    one.bump(b"k", item)
    one.settle()
    assert look(one, b"k").state & FETCHED
    assert not look(other, b"k").state & FETCHED
    clock.time += ACCESS_SECONDS
    one.tick()
    seen = look(other, b"k")
    assert (seen.state & (FETCHED | ACTIVE), seen.time) == (FETCHED | ACTIVE, clock.time - ACCESS_SECONDS)


def test_a_noted_access_never_hits_a_newer_item(make_disk: Any, clock: Any) -> None:
    one, other = make_disk(), make_disk()
    put(one, b"bumped", b"old")
    put(one, b"expiring", b"old", exptime=clock.time + 1)
    one.bump(b"bumped", look(one, b"bumped"))
    one.settle()
    clock.time += 1
    one.now = clock.time
    assert one.live(b"expiring") is None  # noted: to be deleted
    one.settle()
    for key in (b"bumped", b"expiring"):
        put(other, key, b"new")
    clock.time += ACCESS_SECONDS
    one.tick()
    for store in (one, other):
        assert [look(store, key).data for key in (b"bumped", b"expiring")] == [b"new", b"new"]
        assert not look(store, b"bumped").state & FETCHED
        assert len(store) == 2
        store.settle()


def test_accesses_are_written_at_the_end(make_disk: Any) -> None:
    store = make_disk()
    put(store, b"k")
    store.bump(b"k", look(store, b"k"))
    store.close()
    assert look(make_disk(), b"k").state & FETCHED


def test_reading_takes_no_write_lock(make_disk: Any) -> None:
    one, other = make_disk(), make_disk()
    put(one, b"k")
    other.transaction()  # and holds it
    assert look(one, b"k") is not None
    assert look(one, b"missing") is None
    other.settle()


def test_eviction_goes_by_what_all_processes_accessed(make_disk: Any, clock: Any) -> None:
    one = make_disk(maxbytes=20_000)
    other = make_disk(maxbytes=20_000)
    for number in range(17):
        put(one, b"%02d" % number, b"x" * 1000)
    other.bump(b"00", look(other, b"00"))
    other.settle()
    clock.time += ACCESS_SECONDS
    other.tick()
    for number in range(17, 22):
        put(one, b"%02d" % number, b"x" * 1000)
    kept = [key for key, _ in one.items()]
    assert b"00" in kept
    assert b"01" not in kept
    assert one.used == sum(one.size_of(key, item) for key, item in one.items()) <= 20_000


def test_large_batches_are_written_in_parts(make_disk: Any) -> None:
    store = make_disk()
    data = b"x" * (1 << 19)
    with store.transaction():
        for number in range(40):
            store.store("set", b"%d" % number, data, 0, 0)
        store.store("append", b"0", b"y", 0, 0)
    store.settle()
    assert len(store) == 40
    store.close()
    store = make_disk()
    assert look(store, b"0").data == data + b"y"
    assert look(store, b"39").data == data
