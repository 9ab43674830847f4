"""An item holds what it was given, ready to be sent."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy, deepcopy
from pickle import dumps, loads

import pytest

from mclite.store.item import ACTIVE, BINARY_KEY, FETCHED, STALE, TEMPORARY, WON, Item, head_of


@pytest.mark.parametrize("data", [b"", b"x", b"\r\n", bytes(range(256)) * 10])
@pytest.mark.parametrize("flags", [0, 7, 0xFFFF_FFFF])
def test_data_and_flags(data: bytes, flags: int) -> None:
    item = Item(data, flags, 1, 2, 3, 4, FETCHED)
    assert (item.data, item.size, item.flags) == (data, len(data), flags)
    assert (item.exptime, item.cas, item.time, item.slab_class, item.state) == (1, 2, 3, 4, FETCHED)
    assert b"VALUE key" + item.head + item.block == b"VALUE key %d %d\r\n%b\r\n" % (flags, len(data), data)


def test_items_alike_share_their_head() -> None:
    assert Item(b"abc", 5, 0, 0, 0, 0).head is Item(b"xyz", 5, 0, 0, 0, 0).head
    assert head_of(5, 3) == b" 5 3\r\n"


def test_replace_data() -> None:
    item = Item(b"10", 3, 0, 0, 0, 0)
    item.replace_data(b"9 ")
    assert (item.data, item.flags, item.size) == (b"9 ", 3, 2)


@pytest.mark.parametrize("copy_of", [copy, deepcopy, lambda item: loads(dumps(item))])
def test_copies(copy_of: Callable[[Item], Item]) -> None:
    item = Item(b"abc", 5, 1, 2, 3, 4, STALE)
    copied = copy_of(item)
    item.replace_data(b"xyz")
    assert (copied.data, copied.flags, copied.exptime, copied.cas) == (b"abc", 5, 1, 2)
    assert (copied.time, copied.slab_class, copied.state) == (3, 4, STALE)


def test_each_state_has_its_own_bit() -> None:
    bits = (FETCHED, STALE, WON, ACTIVE, BINARY_KEY, TEMPORARY)
    assert sum(bits) == FETCHED | STALE | WON | ACTIVE | BINARY_KEY | TEMPORARY
    assert len(set(bits)) == len(bits)
