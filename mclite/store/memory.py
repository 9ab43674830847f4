"""The default engine: a dict, and the least recently used items go first when it is full.

Fetching an item costs the LRU one bit. Items are in the dict in the order in which they were stored; when room is
needed the eldest are looked at, and one that was accessed since it was last looked at is put to the young end and
spared (second chance), LOOKED_MAX of them for an item that is stored: then the next goes all the same, so a set takes
bounded time. Looking at them a batch at a time keeps that cheap: a dict is slow to find its first entry. Items that
live too short to be evicted (temporary_ttl) are in a dict of their own, where nobody need step over them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING, Final

from mclite.store.base import AGES_FROM, LOOKED_MAX, NEWEST_FROM, Store
from mclite.store.clock import Clock
from mclite.store.item import ACTIVE, ODD_KEY, TEMPORARY, Item
from mclite.store.pages import ClassUse
from mclite.store.slabs import SlabClasses, item_size

if TYPE_CHECKING:
    from mclite.store.stats import Stats

_BATCH: Final = 512
_FLUSHED_FREED: Final = 64
"""flushed items that are freed when room is needed"""


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
        self._temporary: dict[bytes, Item] = {}  # items that are not evicted; none while temporary_ttl is -1
        self._temporary_by_class: dict[int, int] = {}
        self._temporary_ttl = -1
        super().__init__(clock, stats, slabs, maxbytes, evict)
        # `entries`, `flushed`, `last_cas` and `used` are public for mclite/fast/.
        self.entries: dict[bytes, Item] = {}
        self.flushed: dict[bytes, Item] = {}
        self.last_cas = 0
        self._eldest: deque[tuple[bytes, Item]] = deque()
        self._to_check: deque[bytes] = deque()
        self._eldest_times: dict[int, int] = {}  # by slab class: the time of the last access that is longest ago,
        self._times_found: dict[int, int] = {}  # and as far as the present walk through all items has come

    @property
    def temporary_ttl(self) -> int:
        """An item that lives at most this many seconds is not evicted; -1 for none."""
        return self._temporary_ttl

    @temporary_ttl.setter
    def temporary_ttl(self, seconds: int) -> None:
        self._temporary_ttl = seconds
        if seconds < 0 and self._temporary:
            self.entries.update(self._temporary)
            self._temporary.clear()
            self._temporary_by_class.clear()

    def _find(self, key: bytes) -> Item | None:
        item = self.entries.get(key)
        return self._temporary.get(key) if item is None and self._temporary else item

    def _save(self, key: bytes, item: Item, old: Item | None) -> None:
        if item is old:
            return
        if old is not None:
            self._drop(key, old)
        if b" " in key or b"\n" in key or key == b"noreply":
            item.state |= ODD_KEY
        if item.state & TEMPORARY:
            self._temporary[key] = item
            by_class = self._temporary_by_class
            by_class[item.slab_class] = by_class.get(item.slab_class, 0) + 1
        else:
            self.entries[key] = item
        size = item_size(len(key), item.size, item.flags)
        self.used += size
        self._count_held(item.slab_class, size, 1)

    def _drop(self, key: bytes, item: Item) -> None:
        if self.entries.pop(key, None) is None:
            del self._temporary[key]
            self._temporary_by_class[item.slab_class] -= 1
        size = item_size(len(key), item.size, item.flags)
        self.used -= size
        self._count_held(item.slab_class, size, -1)

    def _flush(self) -> None:
        # Like memcached, free what was stored within the last second at once, and the rest when it is asked for.
        if self._temporary:
            self.entries.update(self._temporary)
            self._temporary.clear()
            self._temporary_by_class.clear()
        young = [(key, item) for key, item in self.entries.items() if item.time >= self.now - 1]
        for key, item in young:
            self._drop(key, item)
        if self.flushed:
            self.flushed.update(self.entries)
        else:
            self.flushed = self.entries
        self.entries = {}
        self.used = 0
        for counters in self.stats.classes:
            counters.held = counters.held_bytes = 0
        if self.sizes is not None:
            self.sizes.clear()
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
        self._free_flushed(_FLUSHED_FREED)
        limit = self.maxbytes - size
        if limit < 0:
            return False
        if self._temporary:
            self._free_expired_temporary(limit)
        items = self.entries
        stats = self.stats
        looked = 0
        while self.used > limit:
            if not self._eldest:
                self._eldest.extend(islice(items.items(), _BATCH))
                if not self._eldest:
                    break
            key, item = self._eldest.popleft()
            if items.get(key) is not item:
                looked += 1  # stored again or deleted since
                if looked == LOOKED_MAX:
                    self._eldest.clear()
            elif item.exptime and item.exptime <= self.now:
                self._drop(key, item)
                stats.note_expired(item, crawler=False)
            elif self.evict and (looked >= LOOKED_MAX or not item.state & ACTIVE):
                self._evict(key, item)
            elif looked >= LOOKED_MAX:
                break
            else:
                looked += 1
                self._move_to_young_end(key, item)
                if self.evict:
                    item.state &= ~ACTIVE
                    stats.classes[item.slab_class].moves_within_lru += 1
        self.looked += looked
        return self.used <= limit

    def _free_expired_temporary(self, limit: int) -> None:
        """Free those of the items that are not evicted that have expired, the eldest, until `limit` bytes are used."""
        for key, item in list(islice(self._temporary.items(), _BATCH)):
            if self.used <= limit or not self.expired(item):
                return
            self._drop(key, item)
            self.stats.note_expired(item, crawler=False)

    def _free_flushed(self, most: int) -> int:
        """Free up to `most` items that were flushed; return how many."""
        number = min(most, len(self.flushed))
        for _ in range(number):
            self.flushed.popitem()
        return number

    def _move_to_young_end(self, key: bytes, item: Item) -> None:
        del self.entries[key]
        self.entries[key] = item

    def items(self) -> Iterator[tuple[bytes, Item]]:
        """Go through all items, least recently stored first."""
        for key in [*self.entries, *self._temporary]:
            item = self._find(key)
            if item is not None:
                yield key, item

    def newest_of(self, slab_class: int) -> Iterator[tuple[bytes, Item]]:
        """Go through the live items of a slab class, most recently stored first, out of the NEWEST_FROM stored last."""
        for key, item in islice(reversed(self.entries.items()), NEWEST_FROM):
            if item.slab_class == slab_class and not self.expired(item):
                yield key, item

    def __len__(self) -> int:
        return len(self.entries) + len(self._temporary) + len(self.flushed)

    def use_by_class(self) -> dict[int, ClassUse]:
        """Return the totals of the items of each slab class, by class id in order.

        Of many items the ages are found by walking through them, and are up to such a walk old (`reclaim`).
        """
        temporary = islice(self._temporary.values(), AGES_FROM)
        found = self._counted_by_class(chain(islice(self.entries.values(), AGES_FROM), temporary))
        for slab_class, use in found.items():
            if not use.age and len(self.entries) > AGES_FROM:
                use.age = max(self.now - self._eldest_times.get(slab_class, self.now), 0)
            use.temporary = self._temporary_by_class.get(slab_class, 0)
        return found

    def use_by_size(self) -> dict[int, int]:
        """Return how many items take up to so many bytes, by multiples of SIZE_STEP in order."""
        return super().use_by_size() if self.sizes is None else dict(sorted(self.sizes.items()))

    def reclaim(self, most: int, crawler: bool = True) -> int:
        """Look at up to `most` items and free those that have expired or were flushed; return how many were freed."""
        freed = self._free_flushed(most)
        if not self._to_check:
            self._eldest_times, self._times_found = self._times_found, {}
            self._to_check.extend(self.entries)
            self._to_check.extend(self._temporary)
        times = self._times_found
        for _ in range(min(most, len(self._to_check))):
            key = self._to_check.popleft()
            item = self._find(key)
            if item is None:
                continue
            if crawler:
                self.stats.classes[item.slab_class].crawler_items_checked += 1
            if self.expired(item):
                self._drop(key, item)
                freed += 1
                self.stats.note_expired(item, crawler)
            elif item.time < times.get(item.slab_class, self.now):
                times[item.slab_class] = item.time
        return freed
