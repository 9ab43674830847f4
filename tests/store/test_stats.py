"""The counters: totals over the slab classes, evictions, expiry, reset."""

from __future__ import annotations

from mclite.store.item import FETCHED, Item
from mclite.store.stats import CLASS_COUNTERS, COUNTERS, Stats


def item(exptime: int = 0, state: int = 0) -> Item:
    return Item(b"x", 0, exptime, 1, 100, 3, state)


def test_all_begin_at_zero_and_go_back_there() -> None:
    stats = Stats()
    for name in COUNTERS:
        assert getattr(stats, name) == 0
        setattr(stats, name, 5)
    for name in CLASS_COUNTERS:
        setattr(stats.classes[3], name, 5)
    stats.reset()
    assert [getattr(stats, name) for name in COUNTERS] == [0] * len(COUNTERS)
    assert [stats.total(name) for name in CLASS_COUNTERS] == [0] * len(CLASS_COUNTERS)


def test_a_total_is_the_sum_over_the_classes() -> None:
    stats = Stats()
    stats.classes[1].get_hits += 2
    stats.classes[63].get_hits += 3
    assert stats.total("get_hits") == 5


def test_an_eviction() -> None:
    stats = Stats()
    stats.note_eviction(item(), 107)
    stats.note_eviction(item(exptime=500, state=FETCHED), 110)
    counters = stats.classes[3]
    assert (counters.evicted, counters.evicted_nonzero, counters.evicted_unfetched) == (2, 1, 1)
    assert counters.evicted_time == 10


def test_an_expired_item() -> None:
    stats = Stats()
    stats.note_expired(item(), crawler=True)
    stats.note_expired(item(state=FETCHED), crawler=False)
    counters = stats.classes[3]
    assert (counters.crawler_reclaimed, counters.reclaimed, counters.expired_unfetched) == (1, 1, 1)
