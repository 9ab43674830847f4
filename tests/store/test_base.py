"""What an item means, with every engine."""

from __future__ import annotations

from typing import Any

import pytest

from mclite.store import ArithmeticResult, Item, Outcome, Store
from mclite.store.base import RELATIVE_MAX, Mode
from mclite.store.item import ACTIVE, BINARY_KEY, FETCHED, STALE, WON
from mclite.store.slabs import item_size

UINT64 = 2**64


def put(store: Store, key: bytes, data: bytes = b"x", flags: int = 0, exptime: int = 0, mode: Mode = "set") -> Item:
    """Store and settle, as a session does for each batch."""
    with store.transaction():
        item = store.store(mode, key, data, flags, exptime).item
    store.settle()
    assert item is not None
    return item


def found(store: Store, key: bytes) -> tuple[bytes, int, int, int] | None:
    """Look `key` up in a batch of its own; return data, flags, exptime, cas."""
    store.tick()
    item = store.live(key)
    store.settle()
    return None if item is None else (item.data, item.flags, item.exptime, item.cas)


def outcome(store: Store, mode: Mode, key: bytes, data: bytes = b"new", compare: int = 0) -> Outcome:
    with store.transaction():
        result = store.store(mode, key, data, 0, 0, compare)
    store.settle()
    return result.outcome


@pytest.mark.parametrize(
    "key",
    [b"a", b"a/b/../c", "schlüssel€".encode(), b"k" * 250, bytes(range(128, 256)), b"%00", b"'; DROP TABLE items"],
)
def test_any_key_holds_any_data(store: Store, key: bytes) -> None:
    data = bytes(range(256)) * 3
    item = put(store, key, data, 0xFFFF_FFFF, store.now + 1000)
    assert found(store, key) == (data, 0xFFFF_FFFF, store.now + 1000, item.cas)


def test_keys_are_told_apart_by_every_byte(store: Store) -> None:
    for key in (b"Key", b"key", b"key\xff", b"ke"):
        put(store, key, key)
    assert [found(store, key) is not None for key in (b"Key", b"key", b"key\xff", b"ke", b"k", b"KEY")] == [
        True, True, True, True, False, False,
    ]  # fmt: skip
    assert found(store, b"key\xff")[0] == b"key\xff"


@pytest.mark.parametrize(
    ("mode", "held", "expected", "data"),
    [
        ("set", True, Outcome.STORED, b"new"),
        ("set", False, Outcome.STORED, b"new"),
        ("add", True, Outcome.NOT_STORED, b"old"),
        ("add", False, Outcome.STORED, b"new"),
        ("replace", True, Outcome.STORED, b"new"),
        ("replace", False, Outcome.NOT_STORED, None),
        ("append", True, Outcome.STORED, b"oldnew"),
        ("append", False, Outcome.NOT_STORED, None),
        ("prepend", True, Outcome.STORED, b"newold"),
        ("prepend", False, Outcome.NOT_STORED, None),
        ("cas", False, Outcome.NOT_FOUND, None),
    ],
)
def test_modes(store: Store, mode: Mode, held: bool, expected: Outcome, data: bytes | None) -> None:
    if held:
        put(store, b"k", b"old", 5)
    assert outcome(store, mode, b"k") is expected
    now = found(store, b"k")
    assert (now and now[0]) == data


def test_append_keeps_flags_and_exptime(store: Store) -> None:
    put(store, b"k", b"a", 7, store.now + 50)
    with store.transaction():
        store.store("append", b"k", b"b", 9, store.now + 99)
    store.settle()
    assert found(store, b"k")[:3] == (b"ab", 7, store.now + 50)


def test_append_vivifies_with_its_own_exptime(store: Store) -> None:
    with store.transaction():
        store.store("append", b"k", b"b", 9, 0, vivify=store.now + 30)
    store.settle()
    assert found(store, b"k")[:3] == (b"b", 9, store.now + 30)


def test_cas_stores_only_over_the_item_that_was_seen(store: Store) -> None:
    cas = put(store, b"k").cas
    newer = put(store, b"k", b"y").cas
    assert newer > cas
    assert outcome(store, "cas", b"k", compare=cas) is Outcome.EXISTS
    assert outcome(store, "cas", b"k", compare=0) is Outcome.EXISTS
    assert outcome(store, "cas", b"k", compare=newer) is Outcome.STORED
    assert outcome(store, "cas", b"k", compare=newer) is Outcome.EXISTS


def test_every_change_gives_a_new_cas(store: Store) -> None:
    seen = [put(store, b"k", b"1").cas]
    for mode in ("set", "replace", "append", "prepend"):
        seen.append(put(store, b"k", b"1", mode=mode).cas)
    with store.transaction():
        seen.append(store.arithmetic(b"k", 1, False).item.cas)
    store.settle()
    assert seen == sorted(set(seen))


@pytest.mark.parametrize("cas", [1, 2**32, 2**63 - 1, 2**63, UINT64 - 1])
def test_a_cas_unique_of_64_bits_can_be_given(store: Store, cas: int) -> None:
    with store.transaction():
        store.store("set", b"k", b"x", 0, 0, cas=cas)
    store.settle()
    assert found(store, b"k")[3] == cas
    assert outcome(store, "cas", b"k", compare=cas) is Outcome.STORED


def test_a_lower_cas_with_stale_ok_stores_and_marks_as_stale(store: Store) -> None:
    put(store, b"k", b"old", exptime=store.now + 40)
    put(store, b"k", b"old", exptime=store.now + 40)
    with store.transaction():
        result = store.store("cas", b"k", b"new", 0, 0, compare=1, stale_ok=True)
    store.settle()
    assert result.outcome is Outcome.STORED
    item = store.live(b"k")
    assert item is not None
    assert (item.data, item.exptime, item.state & STALE) == (b"new", store.now + 40, STALE)


@pytest.mark.parametrize(
    ("data", "delta", "decrement", "value", "now"),
    [
        (b"5", 3, False, 8, b"8"),
        (b"9", 1, False, 10, b"10"),
        (b"10", 1, True, 9, b"9 "),
        (b"5", 7, True, 0, b"0"),
        (b"18446744073709551615", 1, False, 0, b"0".ljust(20)),
        (b"0", UINT64 - 1, False, UINT64 - 1, b"18446744073709551615"),
    ],
)
def test_arithmetic(store: Store, data: bytes, delta: int, decrement: bool, value: int, now: bytes) -> None:
    put(store, b"n", data, 3, store.now + 9)
    with store.transaction():
        result = store.arithmetic(b"n", delta, decrement)
    store.settle()
    assert (result.outcome, result.value) == (Outcome.STORED, value)
    assert found(store, b"n")[:3] == (now, 3, store.now + 9)


@pytest.mark.parametrize("data", [b"", b"x", b"1x", b"-1", b"18446744073709551616", b"1" * 30])
def test_arithmetic_on_what_is_no_number(store: Store, data: bytes) -> None:
    put(store, b"n", data)
    with store.transaction():
        assert store.arithmetic(b"n", 1, False) == ArithmeticResult(Outcome.NON_NUMERIC)
        assert store.arithmetic(b"missing", 1, False) == ArithmeticResult(Outcome.NOT_FOUND)
    store.settle()
    assert found(store, b"n")[0] == data


def test_arithmetic_compares_cas(store: Store) -> None:
    cas = put(store, b"n", b"1").cas
    with store.transaction():
        assert store.arithmetic(b"n", 1, False, compare=cas + 1).outcome is Outcome.EXISTS
        assert store.arithmetic(b"n", 1, False, compare=cas, cas=77).outcome is Outcome.STORED
    store.settle()
    assert found(store, b"n") == (b"2", 0, 0, 77)


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (0, 0),
        (-1, 1),
        (1, "now+1"),
        (RELATIVE_MAX, f"now+{RELATIVE_MAX}"),
        (RELATIVE_MAX + 1, RELATIVE_MAX + 1),
        (2_000_000_000, 2_000_000_000),
    ],
)
def test_exptime_as_sent(store: Store, sent: int, expected: int | str) -> None:
    if isinstance(expected, str):
        expected = store.now + int(expected.removeprefix("now+"))
    assert store.expires(sent) == expected


def test_an_item_is_gone_when_its_time_comes(store: Store, clock: Any) -> None:
    put(store, b"k", exptime=store.now + 10)
    clock.time += 9
    assert found(store, b"k") is not None
    clock.time += 1
    assert found(store, b"k") is None
    assert store.stats.get_expired == 1
    assert found(store, b"k") is None
    assert store.stats.get_expired == 1  # it was dropped when it was found expired
    assert (len(store), store.used) == (0, 0)
    store.settle()
    assert outcome(store, "add", b"k") is Outcome.STORED
    assert len(store) == 1


def test_storing_over_an_item_found_expired_counts_it_once(store: Store, clock: Any) -> None:
    put(store, b"k", b"longer than the next", exptime=store.now + 1)
    clock.time += 1
    assert found(store, b"k") is None
    put(store, b"k", b"y")
    assert (len(store), store.used) == (1, item_size(1, 1, 0))


def test_touch_changes_the_exptime_only(store: Store, clock: Any) -> None:
    cas = put(store, b"k", b"data", 3, store.now + 5).cas
    with store.transaction():
        item = store.live(b"k")
        assert item is not None
        store.touch(b"k", item, store.now + 100)
    store.settle()
    clock.time += 50
    assert found(store, b"k") == (b"data", 3, clock.time + 50, cas)


def test_delete(store: Store) -> None:
    put(store, b"k")
    put(store, b"other")
    with store.transaction():
        item = store.live(b"k")
        assert item is not None
        store.delete(b"k", item)
        assert store.live(b"k") is None
    store.settle()
    assert found(store, b"k") is None
    assert found(store, b"other") is not None
    assert len(store) == 1


def test_a_batch_sees_its_own_changes(store: Store) -> None:
    with store.transaction():
        store.store("set", b"k", b"1", 0, 0)
        store.store("append", b"k", b"2", 0, 0)
        assert store.arithmetic(b"k", 1, False).value == 13
        item = store.live(b"k")
        assert item is not None
        store.delete(b"k", item)
        assert store.store("add", b"k", b"7", 0, 0).outcome is Outcome.STORED
    store.settle()
    assert found(store, b"k")[0] == b"7"
    assert (len(store), store.used) == (1, item_size(1, 1, 0))


def test_bump_notes_hit_and_time(store: Store, clock: Any) -> None:
    put(store, b"k")
    clock.time += 7
    store.tick()
    item = store.live(b"k")
    assert item is not None
    assert (item.state & FETCHED, store.now - item.time) == (0, 7)
    store.bump(b"k", item)
    store.settle()
    item = store.live(b"k")
    assert item is not None
    assert (item.state & (FETCHED | ACTIVE), item.time) == (FETCHED | ACTIVE, store.now)


def test_state_bits_are_kept(store: Store) -> None:
    with store.transaction():
        item = store.store("set", b"k", b"x", 0, 0, binary=True).item
        assert item is not None
        item.state |= STALE | WON
        store.changed(b"k", item)
    store.settle()
    item = store.live(b"k")
    assert item is not None
    assert item.state & (STALE | WON | BINARY_KEY) == STALE | WON | BINARY_KEY


def test_a_new_item_knows_how_its_key_was_given(store: Store) -> None:
    for change, state in (
        (lambda: store.store("append", b"k", b"1", 0, 0, binary=True), BINARY_KEY),
        (lambda: store.store("prepend", b"k", b"1", 0, 0), 0),
        (lambda: store.arithmetic(b"k", 1, False, binary=True), BINARY_KEY),
        (lambda: store.arithmetic(b"k", 1, False), 0),
    ):
        with store.transaction():
            store.store("set", b"k", b"9", 0, 0, binary=True)
            change()
        store.settle()
        item = store.live(b"k")
        assert item is not None
        assert (len(item.data), item.state & BINARY_KEY) == (2, state)


def test_flush_all_takes_what_there_is_and_nothing_later(store: Store, clock: Any) -> None:
    put(store, b"before")
    clock.time += 2
    store.tick()
    store.flush_all(0)
    store.settle()
    put(store, b"after")
    assert found(store, b"before") is None
    assert store.stats.get_flushed == 1
    assert found(store, b"before") is None
    assert store.stats.get_flushed == 1
    assert found(store, b"after") is not None
    assert store.used == item_size(5, 1, 0)


def test_flush_all_frees_at_once_what_was_stored_just_now(store: Store, clock: Any) -> None:
    put(store, b"old")
    clock.time += 2
    store.tick()
    put(store, b"young")
    store.flush_all(0)
    store.settle()
    assert len(store) == 1  # the old one, until it is asked for or reclaimed
    assert found(store, b"young") is None
    assert store.stats.get_flushed == 0
    assert found(store, b"old") is None
    assert store.stats.get_flushed == 1
    assert (len(store), store.used) == (0, 0)


def test_flush_all_inside_a_batch(store: Store) -> None:
    with store.transaction():
        store.store("set", b"before", b"1", 0, 0)
        store.flush_all(0)
        store.store("set", b"after", b"2", 0, 0)
    store.settle()
    assert found(store, b"before") is None
    assert found(store, b"after") is not None


def test_a_flushed_key_can_be_stored_again(store: Store) -> None:
    put(store, b"k", b"old")
    store.flush_all(0)
    store.settle()
    assert outcome(store, "replace", b"k") is Outcome.NOT_STORED
    assert outcome(store, "add", b"k") is Outcome.STORED
    assert found(store, b"k")[0] == b"new"
    assert (len(store), store.used) == (1, item_size(1, 3, 0))


def test_delayed_flush_all_takes_what_is_there_when_it_falls_due(store: Store, clock: Any) -> None:
    put(store, b"before")
    store.flush_all(10)
    store.settle()
    put(store, b"between")
    clock.time += 9
    assert found(store, b"before") is not None
    clock.time += 1
    assert found(store, b"before") is None
    assert found(store, b"between") is None
    put(store, b"after")
    clock.time += 100
    assert found(store, b"after") is not None


def test_a_later_flush_all_takes_the_place_of_a_delayed_one(store: Store, clock: Any) -> None:
    store.flush_all(10)
    store.settle()
    store.flush_all(0)
    store.settle()
    put(store, b"k")
    clock.time += 20
    assert found(store, b"k") is not None


def test_an_item_above_the_limit_is_too_large(make_store: Any) -> None:
    store: Store = make_store(item_size_max=1024)
    room = 1024 - item_size(1, 0, 0)
    assert outcome(store, "set", b"k", b"x" * room) is Outcome.STORED
    assert outcome(store, "set", b"k", b"x" * (room + 1)) is Outcome.TOO_LARGE
    assert outcome(store, "append", b"k", b"x") is Outcome.NOT_STORED
    assert found(store, b"k")[0] == b"x" * room


def test_items_and_keys_of(store: Store) -> None:
    keys = [b"key-%d" % number for number in range(300)]
    for key in keys:
        with store.transaction():
            store.store("set", key, key * 3, 1, 0)
    store.settle()
    put(store, b"large", b"x" * 5000)
    put(store, b"expired", exptime=1)
    put(store, keys[0], b"anew")
    assert [key for key, _ in store.items()] == [*keys[1:], b"large", b"expired", keys[0]]
    assert sum(store.size_of(key, item) for key, item in store.items()) == store.used
    large = store.slabs.class_of(item_size(5, 5000, 0))
    assert [key for key, _ in store.keys_of({large})] == [b"large"]
    assert b"expired" not in dict(store.keys_of(None))
    assert len(store) == 302
