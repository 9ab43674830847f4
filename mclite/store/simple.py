"""The easy way to a new engine: a base that does all but find, save and drop an item, and go through all of them.

It keeps in memory what the few methods below need: the keys that a flush took, the last cas unique, the bytes in use,
and the keys in the order in which they were stored, so that room is made without going through all items.
So an engine on it must be empty when it is opened; one whose items outlive the process derives from Store.
"""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter, deque
from collections.abc import Iterator
from itertools import islice
from typing import Final

from mclite.store.base import AGES_FROM, LOOKED_MAX, Store
from mclite.store.item import ACTIVE, TEMPORARY, Item
from mclite.store.pages import ClassUse
from mclite.store.registry import StoreOptions

_BATCH: Final = 512

__all__ = ["Item", "SimpleStore", "StoreOptions"]


class SimpleStore(Store):
    """An engine for a third party: `find`, `save`, `drop` and `items` are left to do."""

    used = 0

    def __init__(self, options: StoreOptions) -> None:
        super().__init__(options.clock, options.stats, options.slabs, options.maxbytes, options.evict)
        self._gone: set[bytes] = set()
        self._to_check: deque[bytes] = deque()
        self._last_cas = 0
        self._stored = 0
        self._order: dict[bytes, int] = {}  # the keys of items that may be evicted, each with a number of its own
        self._eldest: deque[tuple[bytes, int]] = deque()
        self._temporary: dict[bytes, int] = {}  # those of items that may not, with the slab class
        self._temporary_by_class: Counter[int] = Counter()

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
            size = self.size_of(key, item)
            self.used += size
            self._count_held(item.slab_class, size, 1)
            self._place(key, item)
        self.save(key, item)

    def _place(self, key: bytes, item: Item) -> None:
        """Put `key` to the young end of those that may be evicted, or among those that may not."""
        if item.state & TEMPORARY:
            self._temporary[key] = item.slab_class
            self._temporary_by_class[item.slab_class] += 1
        else:
            self._stored += 1
            self._order[key] = self._stored

    def _drop(self, key: bytes, item: Item) -> None:
        size = self.size_of(key, item)
        self.used -= size
        self._count_held(item.slab_class, size, -1)
        if self._order.pop(key, None) is None and self._temporary.pop(key, None) is not None:
            self._temporary_by_class[item.slab_class] -= 1
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
        """Evict what was stored longest ago, and not accessed since, until `size` bytes fit.

        After LOOKED_MAX items that were spared the next ones go, accessed or not.
        """
        for _ in range(min(len(self._gone), _BATCH)):
            self._gone.pop()
        limit = self.maxbytes - size
        if limit < 0:
            return False
        self._free_expired_temporary(limit)
        looked = 0
        while self.used > limit:
            if not self._eldest:
                self._eldest.extend(islice(self._order.items(), _BATCH))
                if not self._eldest:
                    break
            key, number = self._eldest.popleft()
            item = self.find(key) if self._order.get(key) == number else None
            if item is None:
                looked += 1
                if looked == LOOKED_MAX:
                    self._eldest.clear()
                if looked > 2 * LOOKED_MAX:
                    break  # the engine has lost items
            elif self.expired(item):
                self._drop(key, item)
                self.stats.note_expired(item, crawler=False)
            elif item.state & TEMPORARY:
                looked += 1
                del self._order[key]
                self._place(key, item)
            elif self.evict and (looked >= LOOKED_MAX or not item.state & ACTIVE):
                self._evict(key, item)
            elif looked >= LOOKED_MAX:
                break
            else:
                looked += 1
                self._spare(key, item)
        self.looked += looked
        return self.used <= limit

    def _spare(self, key: bytes, item: Item) -> None:
        """Make `item`, found under `key`, the one stored last."""
        del self._order[key]
        self._place(key, item)
        if self.evict:
            item.state &= ~ACTIVE
            self.drop(key)
            self.save(key, item)
            self.stats.classes[item.slab_class].moves_within_lru += 1

    def _free_expired_temporary(self, limit: int) -> None:
        """Free those of the items that are not evicted that have expired, the eldest, until `limit` bytes are used."""
        for key in list(islice(self._temporary, _BATCH)):
            item = self.find(key)
            if self.used <= limit or item is None or not self.expired(item):
                return
            self._drop(key, item)
            self.stats.note_expired(item, crawler=False)

    def use_by_class(self) -> dict[int, ClassUse]:
        """Return the totals of the items of each slab class, by class id in order; the ages from some of the items."""
        found = self._counted_by_class(item for _, item in islice(self.items(), AGES_FROM))
        for slab_class, use in found.items():
            use.temporary = self._temporary_by_class[slab_class]
        return found

    def use_by_size(self) -> dict[int, int]:
        """Return how many items take up to so many bytes, by multiples of SIZE_STEP in order."""
        return super().use_by_size() if self.sizes is None else dict(sorted(self.sizes.items()))

    def reclaim(self, most: int, crawler: bool = True) -> int:
        """Free what has expired or was flushed; return how much that was."""
        freed = min(most, len(self._gone))
        for _ in range(freed):
            self._gone.pop()
        if not self._to_check:
            self._to_check.extend(self._order)
            self._to_check.extend(self._temporary)
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
        return len(self._order) + len(self._temporary) + len(self._gone)
