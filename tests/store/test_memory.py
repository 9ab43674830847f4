"""Making room and reclaiming: the memory engine's rules, which the disk engine shares."""

from __future__ import annotations

from typing import Any

from mclite.store import Item, Outcome, Store
from mclite.store.slabs import item_size

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
