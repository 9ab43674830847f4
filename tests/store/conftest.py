"""Stores of every engine, on a clock that the test moves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from pathlib import Path

import pytest

from mclite.store import Clock, Item, MemoryStore, SlabClasses, Store
from mclite.store.disk.engine import DiskStore
from mclite.store.registry import StoreOptions
from mclite.store.simple import SimpleStore
from mclite.store.stats import Stats

MakeStore = Callable[..., Store]


class HandClock(Clock):
    """Stands still until `time` is set."""

    def __init__(self) -> None:
        self.started = self.time = 1_700_000_000

    def now(self) -> int:
        return self.time


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def reports() -> list[str]:
    """What disk stores have reported."""
    return []


@pytest.fixture
def make_disk(tmp_path: Path, clock: HandClock, reports: list[str]) -> Iterator[Callable[..., DiskStore]]:
    """Return a function that opens the disk store of the test; several at once share its directory."""
    stores: list[DiskStore] = []

    def make(
        maxbytes: int = 64 << 20, evict: bool = True, sync: str = "off", item_size_max: int = 1 << 20
    ) -> DiskStore:
        slabs = SlabClasses(item_size_max)
        store = DiskStore(tmp_path / "store", clock, Stats(), slabs, maxbytes, evict, sync, reports.append)
        stores.append(store)
        return store

    yield make
    for store in stores:
        store.close()


class DictStore(SimpleStore):
    """The least that SimpleStore asks for; hands out copies, as an engine does that keeps items elsewhere."""

    def __init__(self, options: StoreOptions) -> None:
        super().__init__(options)
        self.held: dict[bytes, Item] = {}

    def find(self, key: bytes) -> Item | None:
        return copy(self.held[key]) if key in self.held else None

    def save(self, key: bytes, item: Item) -> None:
        self.held[key] = copy(item)

    def drop(self, key: bytes) -> None:
        del self.held[key]

    def items(self) -> Iterator[tuple[bytes, Item]]:
        return iter([(key, copy(item)) for key, item in self.held.items()])


@pytest.fixture(params=["memory", "disk", "simple"])
def make_store(request: pytest.FixtureRequest, clock: HandClock) -> MakeStore:
    """Return a function that makes an empty store of one engine after the other."""
    if request.param == "disk":
        make: MakeStore = request.getfixturevalue("make_disk")
        return make

    def make_memory(maxbytes: int = 64 << 20, evict: bool = True, item_size_max: int = 1 << 20) -> Store:
        return MemoryStore(clock, Stats(), SlabClasses(item_size_max), maxbytes, evict)

    def make_simple(maxbytes: int = 64 << 20, evict: bool = True, item_size_max: int = 1 << 20) -> Store:
        return DictStore(StoreOptions(clock, Stats(), SlabClasses(item_size_max), maxbytes, evict))

    return make_memory if request.param == "memory" else make_simple


@pytest.fixture
def store(make_store: MakeStore) -> Store:
    """An empty store of one engine after the other."""
    return make_store()
