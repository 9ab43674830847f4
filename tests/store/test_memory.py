"""Making room and reclaiming: the memory engine's rules, which the disk engine shares."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from typing import Any

import pytest

from mclite.store import Item, MemoryStore, Outcome, Store
from mclite.store.base import LOOKED_MAX
from mclite.store.pages import ClassUse
from mclite.store.slabs import item_size
from mclite.store.stats import Stats

SIZE = item_size(3, 1000, 0)


def fill(store: Store, first: int, last: int, data: bytes = b"x" * 1000, exptime: int = 0) -> list[Outcome]:
    outcomes = []
    for number in range(first, last):
        with store.transaction():
            outcomes.append(store.store("set", b"%03d" % number, data, 0, exptime).outcome)
        store.settle()
    return outcomes


def held(store: Store) -> list[int]:
    store.settle()
    keys = [int(key) for key, _ in store.items()]
    store.settle()
    return keys


def access(store: Store, number: int) -> None:
    item = store.live(b"%03d" % number)
    assert item is not None
    store.bump(b"%03d" % number, item)
    store.settle()


def test_the_least_recently_used_go_first(make_store: Any) -> None:
    store: Store = make_store(maxbytes=10 * SIZE)
    evicted: list[tuple[bytes, int]] = []

    def note(key: bytes, item: Item) -> None:
        evicted.append((key, len(item.data)))

    store.on_evict = note
    fill(store, 0, 10)
    assert held(store) == list(range(10))
    access(store, 0)
    access(store, 3)
    fill(store, 10, 14)
    assert sorted(held(store)) == [0, 3, 6, 7, 8, 9, 10, 11, 12, 13]
    assert evicted == [(b"001", 1000), (b"002", 1000), (b"004", 1000), (b"005", 1000)]
    assert store.stats.total("evicted") == 4
    assert store.stats.total("evicted_unfetched") == 4
    assert store.stats.total("moves_within_lru") == 2
    assert store.used == 10 * SIZE


def test_what_was_spared_is_spared_once(make_store: Any) -> None:
    store: Store = make_store(maxbytes=4 * SIZE)
    fill(store, 0, 4)
    for number in range(4):
        access(store, number)
    fill(store, 4, 8)
    assert sorted(held(store)) == [4, 5, 6, 7]


def test_one_large_item_takes_the_room_of_many(make_store: Any) -> None:
    store: Store = make_store(maxbytes=400 * SIZE)
    fill(store, 0, 400)
    fill(store, 900, 901, b"x" * (300 * SIZE))
    kept = held(store)
    assert kept[-1] == 900
    assert kept[:-1] == list(range(400 - len(kept) + 1, 400))
    assert store.used <= 400 * SIZE
    assert store.used + SIZE > 400 * SIZE - SIZE


def test_an_item_that_replaces_a_smaller_one_in_a_full_store(make_store: Any) -> None:
    store: Store = make_store(maxbytes=4 * SIZE)
    fill(store, 0, 4)
    fill(store, 0, 1, b"x" * 1800)
    assert held(store) == [2, 3, 0]  # the first to be evicted was the one to be replaced
    assert store.used == 2 * SIZE + item_size(3, 1800, 0)


def test_expired_items_make_room_first_when_eldest(make_store: Any, clock: Any) -> None:
    store: Store = make_store(maxbytes=4 * SIZE)
    fill(store, 0, 2, exptime=store.now + 1)
    fill(store, 2, 4)
    clock.time += 1
    store.tick()
    fill(store, 4, 6)
    assert held(store) == [2, 3, 4, 5]
    assert (store.stats.total("reclaimed"), store.stats.total("evicted")) == (2, 0)
    assert store.stats.total("expired_unfetched") == 2


def test_without_eviction_a_full_store_refuses(make_store: Any, clock: Any) -> None:
    store: Store = make_store(maxbytes=4 * SIZE, evict=False)
    assert fill(store, 0, 4, exptime=store.now + 5) == [Outcome.STORED] * 4
    assert fill(store, 4, 6) == [Outcome.NO_MEMORY] * 2
    assert sorted(held(store)) == [0, 1, 2, 3]
    assert fill(store, 0, 1) == [Outcome.NO_MEMORY]
    assert sorted(held(store)) == [1, 2, 3]  # a set that fails leaves nothing
    clock.time += 5
    store.tick()
    assert fill(store, 4, 7) == [Outcome.STORED] * 3
    assert {4, 5} <= set(held(store))
    assert store.stats.total("evicted") == 0


def test_an_item_larger_than_everything_finds_no_room(make_store: Any) -> None:
    store: Store = make_store(maxbytes=2 * SIZE)
    assert fill(store, 0, 1) == [Outcome.STORED]
    assert fill(store, 1, 2, b"x" * 3000) == [Outcome.NO_MEMORY]


def test_reclaim_frees_what_has_expired(store: Store, clock: Any) -> None:
    fill(store, 0, 20, exptime=store.now + 1)
    fill(store, 20, 30)
    assert store.reclaim(1000) == 0
    clock.time += 1
    store.tick()
    assert store.reclaim(1000) == 20
    assert store.reclaim(1000) == 0
    assert held(store) == list(range(20, 30))
    assert (len(store), store.used) == (10, 10 * SIZE)
    assert store.stats.total("crawler_reclaimed") == 20


def test_reclaim_frees_what_was_flushed(store: Store, clock: Any) -> None:
    fill(store, 0, 20)
    clock.time += 2
    store.tick()
    store.flush_all(0)
    store.settle()
    fill(store, 20, 22)
    assert store.used == 2 * SIZE
    assert store.reclaim(1000) == 20
    assert (len(store), store.used) == (2, 2 * SIZE)


def test_without_a_limit_nothing_is_evicted(make_store: Any) -> None:
    store: Store = make_store(maxbytes=0)
    assert fill(store, 0, 100, b"x" * 10_000) == [Outcome.STORED] * 100
    assert len(store) == 100


def totals(use: dict[int, ClassUse]) -> dict[int, tuple[int, int, int, int]]:
    return {slab_class: (one.number, one.bytes, one.age, one.temporary) for slab_class, one in use.items()}


def looked_at(store: Store, number: int, data: bytes = b"x" * 1000) -> tuple[Outcome, int]:
    """Store an item; return what became of it, and the items that were looked at and not freed for it."""
    before = store.looked
    (outcome,) = fill(store, number, number + 1, data)
    return outcome, store.looked - before


def test_room_is_found_in_bounded_work_when_all_were_accessed(make_store: Any) -> None:
    store: Store = make_store(maxbytes=200 * SIZE)
    fill(store, 0, 200)
    for number in range(200):
        access(store, number)
    looked = [looked_at(store, 200 + number) for number in range(10)]
    assert looked == [(Outcome.STORED, LOOKED_MAX)] * 6 + [(Outcome.STORED, 2)] + [(Outcome.STORED, 0)] * 3
    assert store.stats.total("evicted") == 10


def test_one_large_item_looks_at_no_more(make_store: Any) -> None:
    store: Store = make_store(maxbytes=200 * SIZE)
    fill(store, 0, 200)
    for number in range(200):
        access(store, number)
    assert looked_at(store, 900, b"x" * (100 * SIZE)) == (Outcome.STORED, LOOKED_MAX)
    assert store.stats.total("evicted") == 101


def test_a_refusal_is_bounded_work_too(make_store: Any) -> None:
    store: Store = make_store(maxbytes=200 * SIZE, evict=False)
    fill(store, 0, 200)
    for number in range(200, 210):
        outcome, looked = looked_at(store, number)
        assert outcome is Outcome.NO_MEMORY
        assert looked <= LOOKED_MAX


def test_stale_entries_count_as_looked_at(make_store: Any) -> None:
    store: Store = make_store(maxbytes=200 * SIZE)
    fill(store, 0, 201)  # one was evicted: the next ones to go are known
    fill(store, 1, 200, b"y")  # and are gone
    fill(store, 300, 498)
    before = store.looked
    fill(store, 498, 502)
    assert store.looked - before <= 4 * LOOKED_MAX
    assert store.used <= 200 * SIZE


def test_items_that_are_not_evicted_are_in_nobodys_way(make_store: Any, clock: Any) -> None:
    store: Store = make_store(maxbytes=200 * SIZE)
    store.temporary_ttl = 100
    fill(store, 0, 100, exptime=store.now + 50)
    fill(store, 100, 200)
    assert store.use_by_class()[store.slabs.class_of(SIZE)].temporary == 100
    outcomes = [looked_at(store, number) for number in range(200, 210)]
    assert max(looked for _, looked in outcomes) <= LOOKED_MAX
    assert outcomes[-1][0] is Outcome.STORED
    assert set(range(100)) <= set(held(store))
    fill(store, 0, 5)  # no longer temporary
    assert store.use_by_class()[store.slabs.class_of(SIZE)].temporary == 95
    clock.time += 50
    store.tick()
    store.reclaim(1000)
    store.settle()
    assert set(held(store)) <= set(range(5)) | set(range(100, 210))


def test_without_temporary_items_all_may_go(clock: Any) -> None:
    store = MemoryStore(clock, Stats(), maxbytes=40 * SIZE)
    store.temporary_ttl = 100
    fill(store, 0, 40, exptime=store.now + 50)
    assert not store.entries  # they are where the fast path does not look
    assert looked_at(store, 40)[0] is Outcome.NO_MEMORY
    store.temporary_ttl = -1
    assert len(store.entries) == 40
    assert looked_at(store, 40)[0] is Outcome.STORED
    assert len(held(store)) == 40


@pytest.mark.parametrize("sizes", [False, True])
def test_what_is_held_is_counted_as_one_goes(make_store: Any, clock: Any, sizes: bool) -> None:
    store: Store = make_store(maxbytes=60 * SIZE)
    store.sizes = {} if sizes else None
    store.temporary_ttl = 5
    choose = random.Random(1)
    for turn in range(600):
        key = b"%03d" % choose.randrange(100)
        with store.transaction():
            item = store.live(key)
            what = choose.randrange(9)
            if item is None or what < 4:
                exptime = choose.choice((0, 0, store.now + 3, store.now + 30))
                store.store("set", key, b"x" * choose.choice((10, 100, 1000, 5000)), choose.randrange(2), exptime)
            elif what == 4:
                store.delete(key, item)
            elif what == 5:
                store.store("append", key, b"y" * 100, 0, 0)
            elif what == 6:
                store.bump(key, item)
            elif what == 7 and turn % 100 == 0:
                store.flush_all(0)
        store.settle()
        if turn % 50 == 0:
            clock.time += 2
            store.tick()
            store.reclaim(50)
            store.settle()
        if turn % 10:
            continue
        assert totals(store.use_by_class()) == totals(Store.use_by_class(store))
        assert store.use_by_size() == Store.use_by_size(store)
        store.settle()


def test_nobody_can_choose_keys_that_collide() -> None:
    # Keys are found by Python's hash of bytes, which each process keys anew: what collides here does not in a server.
    keys = [b"%d" % number for number in range(200_000)]
    slots = [hash(key) & 0xFFFF for key in keys]
    chosen = [key for key, slot in zip(keys, slots, strict=True) if slot == slots[0]]
    assert len(chosen) > 1
    program = f"print(len({{hash(key) & 0xFFFF for key in {chosen!r}}}))"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONHASHSEED"}
    found = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=True, text=True)
    assert int(found.stdout) > 1
