"""What SimpleStore does for an engine that only finds, saves and drops; test_base.py runs on it as on the others."""

from __future__ import annotations

from typing import Any

import pytest

from mclite.store import SlabClasses
from mclite.store.base import Outcome
from mclite.store.item import ACTIVE, TEMPORARY
from mclite.store.registry import StoreOptions
from mclite.store.simple import SimpleStore
from mclite.store.stats import Stats

Make = Any


@pytest.fixture(params=["simple"])
def make_store(make_store: Make) -> Make:
    """Only the engine on SimpleStore, of all that conftest.py has."""
    return make_store


def fill(store: SimpleStore, count: int, size: int = 100, exptime: int = 0) -> None:
    store.tick()
    with store.transaction():
        for number in range(count):
            assert store.store("set", b"k%d" % number, b"x" * size, 0, store.expires(exptime)).outcome is Outcome.STORED


def held(store: SimpleStore) -> list[bytes]:
    return [key for key, _ in store.items()]


def test_an_engine_leaves_out_nothing(clock: Any) -> None:
    with pytest.raises(TypeError, match=r"drop.*find.*items.*save"):
        SimpleStore(StoreOptions(clock, Stats(), SlabClasses(1 << 20), 1 << 20, True))  # type: ignore[abstract]


def test_bytes_and_items_are_counted(make_store: Make) -> None:
    store = make_store()
    assert (len(store), store.used) == (0, 0)
    fill(store, 3)
    used = store.used
    assert len(store) == 3
    assert used == sum(store.size_of(key, item) for key, item in store.items())
    fill(store, 3, size=200)  # in the place of those
    assert len(store) == 3
    assert store.used == used + 300
    with store.transaction():
        item = store.live(b"k0")
        store.delete(b"k0", item)
    assert (len(store), store.used) == (2, sum(store.size_of(key, item) for key, item in store.items()))


def test_each_cas_unique_is_new(make_store: Make) -> None:
    store = make_store()
    fill(store, 5)
    uniques = [item.cas for _, item in store.items()]
    assert uniques == sorted(set(uniques))
    assert store.next_cas() > uniques[-1]


def test_what_was_stored_longest_ago_makes_room(make_store: Make) -> None:
    store = make_store(maxbytes=2000)
    evicted: list[bytes] = []
    store.on_evict = lambda key, item: evicted.append(key)
    fill(store, 40)
    assert store.used <= 2000
    assert evicted == [b"k%d" % number for number in range(40 - len(store))]
    assert store.stats.total("evicted") == len(evicted)


def test_what_was_asked_for_since_is_spared_once(make_store: Make) -> None:
    store = make_store(maxbytes=100_000)
    fill(store, 10)
    item = store.live(b"k0")
    item.state |= ACTIVE
    store.save(b"k0", item)
    store.maxbytes = store.used
    assert store.make_room(1)
    assert b"k0" in held(store)
    assert b"k1" not in held(store)
    assert not store.find(b"k0").state & ACTIVE
    assert store.stats.total("moves_within_lru") == 1
    assert store.make_room(store.maxbytes)
    assert held(store) == []


def test_what_may_not_be_evicted_stays(make_store: Make, clock: Any) -> None:
    store = make_store(maxbytes=100_000, evict=False)
    fill(store, 3, exptime=10)
    store.maxbytes = store.used
    assert not store.make_room(1)
    assert len(store) == 3
    clock.time += 11
    store.tick()
    assert store.make_room(1)
    assert len(store) == 2  # an item that has expired is nobody's
    evicting = make_store(maxbytes=100_000)
    fill(evicting, 1)
    item = evicting.find(b"k0")
    item.state |= TEMPORARY
    evicting.save(b"k0", item)
    assert not evicting.make_room(evicting.maxbytes)
    assert held(evicting) == [b"k0"]


def test_reclaiming_goes_through_all_items_a_few_at_a_time(make_store: Make, clock: Any) -> None:
    store = make_store()
    fill(store, 10, exptime=5)
    with store.transaction():
        store.store("set", b"stays", b"x", 0, 0)
    clock.time += 6
    store.tick()
    assert [store.reclaim(4) for _ in range(3)] == [4, 4, 2]
    assert held(store) == [b"stays"]
    assert store.stats.total("crawler_items_checked") == 11
    assert store.stats.total("crawler_reclaimed") == 10
    assert store.reclaim(100, crawler=False) == 0
    assert store.stats.total("crawler_items_checked") == 11


def test_flushed_items_count_until_they_are_reclaimed(make_store: Make, clock: Any) -> None:
    """As in memcached: those younger than two seconds are freed at once."""
    store = make_store()
    fill(store, 2)
    clock.time += 5
    store.tick()
    with store.transaction():
        store.store("set", b"young", b"x", 0, 0)
        store.flush_all(0)
    assert (held(store), len(store)) == ([], 2)
    assert store.reclaim(10) == 2
    assert len(store) == 0
