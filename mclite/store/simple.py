"""The easy way to a new engine: a base that does all but find, save and drop an item, and go through all of them.

It keeps in memory what the few methods below need: the keys that a flush took, the last cas unique, the bytes in use.
So an engine on it must be empty when it is opened; one whose items outlive the process derives from Store.
"""

from __future__ import annotations

from abc import abstractmethod
from collections import deque
from collections.abc import Iterator

from mclite.store.base import Store
from mclite.store.item import ACTIVE, TEMPORARY, Item
from mclite.store.registry import StoreOptions

__all__ = ["Item", "SimpleStore", "StoreOptions"]


class SimpleStore(Store):
    """An engine for a third party: `find`, `save`, `drop` and `items` are left to do."""

    used = 0

    def __init__(self, options: StoreOptions) -> None:
        super().__init__(options.clock, options.stats, options.slabs, options.maxbytes, options.evict)
        self._gone: set[bytes] = set()
        self._to_check: deque[bytes] = deque()
        self._last_cas = 0
        self._number = 0

    @abstractmethod
    def find(self, key: bytes) -> Item | None:
        """Return the item held under `key`."""

    @abstractmethod
    def save(self, key: bytes, item: Item) -> None:
        """Hold `item` under `key`: in the place of what is held there, or as the one stored last."""

    @abstractmethod
    def drop(self, key: bytes) -> None:
        """Hold what is held under `key` no longer."""

    @abstractmethod
    def items(self) -> Iterator[tuple[bytes, Item]]:
        """Go through all items, those stored first first."""

    def _find(self, key: bytes) -> Item | None:
        return self.find(key)

    def _save(self, key: bytes, item: Item, old: Item | None) -> None:
        if item is not old:
            if old is not None:
                self._drop(key, old)
            self.used += self.size_of(key, item)
            self._number += 1
        self.save(key, item)

    def _drop(self, key: bytes, item: Item) -> None:
        self.used -= self.size_of(key, item)
        self._number -= 1
        self.drop(key)

    def _touched(self, key: bytes, item: Item) -> None:
        self.save(key, item)

    def _flush(self) -> None:
        for key, item in list(self.items()):
            self._drop(key, item)
            if item.time < self.now - 1:  # like memcached, which frees younger ones at once
                self._gone.add(key)

    def _take_flushed(self, key: bytes) -> bool:
        taken = key in self._gone
        self._gone.discard(key)
        return taken

    def next_cas(self) -> int:
        """Return a cas unique that no item has had."""
        self._last_cas += 1
        return self._last_cas

    def make_room(self, size: int) -> bool:
        """Evict what was stored longest ago, and not accessed since, until `size` bytes fit."""
        self._gone.clear()
        for spare in (True, False):
            for key, item in list(self.items()):
                if self.used + size <= self.maxbytes:
                    return True
                if self.expired(item):
                    self._drop(key, item)
                    self.stats.note_expired(item, crawler=False)
                elif not self.evict or item.state & TEMPORARY:
                    continue
                elif spare and item.state & ACTIVE:
                    item.state &= ~ACTIVE
                    self.drop(key)
                    self.save(key, item)
                    self.stats.classes[item.slab_class].moves_within_lru += 1
                else:
                    self._drop(key, item)
                    self.stats.note_eviction(item, self.now)
                    if self.on_evict is not None:
                        self.on_evict(key, item)
        return self.used + size <= self.maxbytes

    def reclaim(self, most: int, crawler: bool = True) -> int:
        """Free what has expired or was flushed; return how much that was."""
        freed = len(self._gone)
        self._gone.clear()
        if not self._to_check:
            self._to_check.extend(key for key, _ in self.items())
        for _ in range(min(most, len(self._to_check))):
            key = self._to_check.popleft()
            item = self.find(key)
            if item is None:
                continue
            if crawler:
                self.stats.classes[item.slab_class].crawler_items_checked += 1
            if self.expired(item):
                self._drop(key, item)
                self.stats.note_expired(item, crawler)
                freed += 1
        return freed

    def __len__(self) -> int:
        return self._number + len(self._gone)
