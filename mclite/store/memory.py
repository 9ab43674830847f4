"""The default engine: a dict, and the least recently used items go first when it is full.

Fetching an item costs the LRU one bit. Items are in the dict in the order in which they were stored; when room is
needed the eldest are looked at, and one that was accessed since it was last looked at is put to the young end and
spared (second chance). Looking at them a batch at a time keeps that cheap: a dict is slow to find its first entry.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Final

from mclite.store.base import Store
from mclite.store.clock import Clock
from mclite.store.item import ACTIVE, ODD_KEY, TEMPORARY, Item
from mclite.store.slabs import SlabClasses, item_size

if TYPE_CHECKING:
    from mclite.store.stats import Stats

_BATCH: Final = 512


class MemoryStore(Store):
    """Items in a dict, gone when the process ends."""

    used: int = 0

    def __init__(
        self,
        clock: Clock,
        stats: Stats,
        slabs: SlabClasses | None = None,
        maxbytes: int = 64 << 20,
        evict: bool = True,
    ) -> None:
        super().__init__(clock, stats, slabs, maxbytes, evict)
        # `entries`, `flushed`, `last_cas` and `used` are public for mclite/fast/.
        self.entries: dict[bytes, Item] = {}
        self.flushed: dict[bytes, Item] = {}
        self.last_cas = 0
        self._eldest: deque[tuple[bytes, Item]] = deque()
        self._to_check: deque[bytes] = deque()

    def _find(self, key: bytes) -> Item | None:
        return self.entries.get(key)

    def _save(self, key: bytes, item: Item, old: Item | None) -> None:
        if item is old:
            return
        if old is not None:
            del self.entries[key]
            self.used -= item_size(len(key), old.size, old.flags)
        if b" " in key or b"\n" in key or key == b"noreply":
            item.state |= ODD_KEY
        self.entries[key] = item
        self.used += item_size(len(key), item.size, item.flags)

    def _drop(self, key: bytes, item: Item) -> None:
        del self.entries[key]
        self.used -= item_size(len(key), item.size, item.flags)

    def _flush(self) -> None:
        # Like memcached, free what was stored within the last second at once, and the rest when it is asked for.
        young = [(key, item) for key, item in self.entries.items() if item.time >= self.now - 1]
        for key, item in young:
            self._drop(key, item)
        if self.flushed:
            self.flushed.update(self.entries)
        else:
            self.flushed = self.entries
        self.entries = {}
        self.used = 0
        self._eldest.clear()
        self._to_check.clear()

    def _take_flushed(self, key: bytes) -> bool:
        return self.flushed.pop(key, None) is not None

    def next_cas(self) -> int:
        """Return a cas unique that no item has had."""
        self.last_cas += 1
        return self.last_cas

    def make_room(self, size: int) -> bool:
        """Evict the least recently used items until `size` bytes fit; False if that is not allowed or not enough."""
        self.flushed.clear()
        limit = self.maxbytes - size
        if limit < 0:
            return False
        items = self.entries
        stats = self.stats
        spared = 0
        while self.used > limit:
            if not self._eldest:
                self._eldest.extend(islice(items.items(), _BATCH))
                if not self._eldest:
                    return False
            key, item = self._eldest.popleft()
            if items.get(key) is not item:
                continue  # stored again or deleted since
            if item.exptime and item.exptime <= self.now:
                self._drop(key, item)
                stats.note_expired(item, crawler=False)
            elif not self.evict or item.state & TEMPORARY:
                spared += 1
                if spared > len(items):
                    return False
                self._move_to_young_end(key, item)
            elif item.state & ACTIVE:
                item.state &= ~ACTIVE
                self._move_to_young_end(key, item)
                stats.classes[item.slab_class].moves_within_lru += 1
            else:
                self._drop(key, item)
                stats.note_eviction(item, self.now)
                if self.on_evict is not None:
                    self.on_evict(key, item)
        return True

    def _move_to_young_end(self, key: bytes, item: Item) -> None:
        del self.entries[key]
        self.entries[key] = item

    def items(self) -> Iterator[tuple[bytes, Item]]:
        """Go through all items, least recently stored first."""
        return iter(list(self.entries.items()))

    def __len__(self) -> int:
        return len(self.entries) + len(self.flushed)

    def reclaim(self, most: int, crawler: bool = True) -> int:
        """Look at up to `most` items and free those that have expired or were flushed; return how many were freed."""
        freed = len(self.flushed)
        self.flushed.clear()
        if not self._to_check:
            self._to_check.extend(self.entries)
        for _ in range(min(most, len(self._to_check))):
            key = self._to_check.popleft()
            item = self.entries.get(key)
            if item is None:
                continue
            if crawler:
                self.stats.classes[item.slab_class].crawler_items_checked += 1
            if self.expired(item):
                self._drop(key, item)
                freed += 1
                self.stats.note_expired(item, crawler)
        return freed
