"""The abstract Store: what an item means, once, for every engine.

An engine keeps items; this class decides. The rule that keeps it true: every read goes through `live`, which drops
what has expired or was flushed, and every write of an item through `_link`, which gives it a cas unique and makes
room for it. Times are Unix seconds; `self.now` is set by the session once per batch of requests, as memcached's
clock moves once a second.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from enum import Enum
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from mclite.protocol import numbers
from mclite.store.clock import Clock
from mclite.store.item import ACTIVE, BINARY_KEY, FETCHED, STALE, TEMPORARY, WON, Item
from mclite.store.pages import ClassUse, Pages
from mclite.store.slabs import SlabClasses, item_size

if TYPE_CHECKING:
    from mclite.store.stats import Stats

RELATIVE_MAX: Final = 60 * 60 * 24 * 30
"""An exptime above this many seconds is a Unix time (protocol.txt 142-150)."""

LOOKED_MAX: Final = 32
"""Items that making room for one item may look at besides those that it frees."""

SIZE_STEP: Final = 32
"""Bytes: `stats sizes` counts items by multiples of it."""
NEWEST_FROM: Final = 5_000
"""Items, those stored last, that `stats cachedump` looks through."""
AGES_FROM: Final = 1000
"""Items, those stored longest ago, that the ages of the slab classes are taken from."""

_RECLAIM_ON_STORE: Final = 5
"""Items that a store operation checks for expiry, if no maintainer does."""

Mode = Literal["set", "add", "replace", "append", "prepend", "cas"]


class StoreError(Exception):
    """An engine cannot be used, or cannot keep what it was told to; the text says why."""


class Outcome(Enum):
    """What became of an attempt to store (protocol.txt 272-285), or to change or delete."""

    STORED = "stored"
    NOT_STORED = "not stored"
    EXISTS = "exists"
    NOT_FOUND = "not found"
    TOO_LARGE = "too large"
    NO_MEMORY = "no memory"
    NON_NUMERIC = "non-numeric"


class Stored(NamedTuple):
    """What `Store.store` did: the outcome, and the item as it is now if it was stored."""

    outcome: Outcome
    item: Item | None = None


class ArithmeticResult(NamedTuple):
    """What `Store.arithmetic` did: the outcome, the new value if it was STORED, and the item."""

    outcome: Outcome
    value: int = 0
    item: Item | None = None


def size_step(size: int) -> int:
    """Return the multiple of SIZE_STEP up to which an item of `size` bytes is counted."""
    return -(-size // SIZE_STEP) * SIZE_STEP


class Store(ABC):
    """Items under keys, with expiry, cas uniques, flush and limits.

    `maxbytes` bounds the bytes that items take, as memcached counts them; 0 sets no bound. With `evict` false a full
    store refuses new items instead of dropping the least recently used ones.
    """

    def __init__(
        self,
        clock: Clock,
        stats: Stats,
        slabs: SlabClasses | None = None,
        maxbytes: int = 64 << 20,
        evict: bool = True,
    ) -> None:
        self.clock = clock
        self.stats = stats
        self.slabs = slabs or SlabClasses()
        self.maxbytes = maxbytes
        self.evict = evict
        self.now = clock.now()
        self.use_cas = True
        """whether items have cas uniques (not -C)"""
        self.temporary_ttl = -1
        """an item that lives at most this many seconds is not evicted; -1 for none"""
        self.pages = Pages(self.slabs)
        self.reclaim_on_store = False
        """whether storing looks for expired items to free, because no maintainer does"""
        self.flush_at = 0
        """Unix time at which a delayed flush_all falls due, 0 for none"""
        self.oldest_live = 0
        """Unix time of the last flush, for `stats settings`"""
        self.on_evict: Callable[[bytes, Item], None] | None = None
        """told of each item that is evicted"""
        self.looked = 0
        """items that `make_room` has looked at and not freed, since the start"""
        self.sizes: dict[int, int] | None = None
        """how many items take up to so many bytes, a multiple of SIZE_STEP; None unless that is to be counted"""

    # What an engine provides.

    @abstractmethod
    def _find(self, key: bytes) -> Item | None:
        """Return the item held under `key`, dead or alive, unless a flush has taken it."""

    @abstractmethod
    def _save(self, key: bytes, item: Item, old: Item | None) -> None:
        """Hold `item` under `key` in the place of `old`, and note that it changed."""

    @abstractmethod
    def _drop(self, key: bytes, item: Item) -> None:
        """Hold `item`, found under `key`, no longer."""

    @abstractmethod
    def _flush(self) -> None:
        """Hide all current items (flush_all)."""

    @abstractmethod
    def _take_flushed(self, key: bytes) -> bool:
        """True, once, if a flush hid the item under `key`."""

    @abstractmethod
    def next_cas(self) -> int:
        """Return a cas unique that no item has had."""

    @abstractmethod
    def make_room(self, size: int) -> bool:
        """Make room for an item of `size` bytes by evicting; False if that is not allowed or not enough.

        The work is bounded: besides the items that it frees it looks at LOOKED_MAX, which `looked` counts.
        """

    @abstractmethod
    def items(self) -> Iterator[tuple[bytes, Item]]:
        """Go through all items, least recently stored first; they may change meanwhile."""

    @abstractmethod
    def __len__(self) -> int:
        """Return the number of items held, those not yet reclaimed included."""

    @property
    @abstractmethod
    def used(self) -> int:
        """The bytes that the items take, as memcached counts them."""

    @abstractmethod
    def reclaim(self, most: int, crawler: bool = True) -> int:
        """Look at up to `most` items and free those that have expired or were flushed; return how many were freed.

        `crawler` says whose work it counts as: the LRU crawler's, or the LRU's own.
        """

    busy = False
    """True if `settle` has something to do."""

    def transaction(self) -> AbstractContextManager[object]:
        """Return a context in which what is read stays true until what is written is written."""
        return nullcontext()

    def settle(self) -> None:
        """Make changes durable; called, when `busy`, after a batch of requests and before it is answered.

        Raises StoreError if that fails; then all changes since the last call are undone.
        """

    def close(self) -> None:
        """Release files and other resources; the store is not used again."""

    # What an item means.

    def tick(self) -> None:
        """Read the clock, and carry out a delayed flush that has fallen due."""
        self.now = self.clock.now()
        if self.flush_at and self.flush_at <= self.now:
            self.flush_at = 0
            self._flush()

    def expires(self, exptime: int) -> int:
        """Turn an `exptime` as clients send it into Unix seconds: 0 never, in the past for a negative one."""
        if exptime == 0:
            return 0
        if exptime < 0:
            return 1
        return exptime if exptime > RELATIVE_MAX else self.now + exptime

    def size_of(self, key: bytes, item: Item) -> int:
        """Return the bytes that `item` takes under `key`, as memcached counts them."""
        return item_size(len(key), item.size, item.flags)

    def live(self, key: bytes) -> Item | None:
        """Return the item under `key` if a client may see it; free it if it has expired."""
        item = self._find(key)
        if item is None:
            if self._take_flushed(key):
                self.stats.get_flushed += 1
            return None
        if item.exptime and item.exptime <= self.now:
            self._drop(key, item)
            self.stats.get_expired += 1
            return None
        return item

    def bump(self, key: bytes, item: Item) -> None:
        """Note that `item` was accessed: it becomes the most recently used one."""
        if not item.state & ACTIVE or not item.state & FETCHED or item.time != self.now:
            item.state |= FETCHED | ACTIVE
            item.time = self.now
            self._touched(key, item)

    def _touched(self, key: bytes, item: Item) -> None:
        """`item`'s access time or state changed, not its data; an engine that keeps those elsewhere writes them."""

    def changed(self, key: bytes, item: Item) -> None:
        """`item`'s exptime, state or cas was changed in place; an engine that keeps items elsewhere writes it."""
        self._touched(key, item)

    def store(
        self,
        mode: Mode,
        key: bytes,
        data: bytes,
        flags: int,
        exptime: int,
        compare: int = 0,
        cas: int = 0,
        stale_ok: bool = False,
        vivify: int | None = None,
        binary: bool = False,
    ) -> Stored:
        """Store `data` under `key`.

        `exptime` is in Unix seconds as `expires` gives it. `compare` is the cas unique that the item must have, 0 for
        any; `cas` the one to give it, 0 for the next one. `stale_ok` takes a `compare` that is lower than the item's,
        and marks the item as stale. `vivify` lets append and prepend create the item, with this exptime.
        """
        old = self.live(key)
        state = BINARY_KEY if binary else 0
        if old is None:
            if mode == "cas":
                return Stored(Outcome.NOT_FOUND)
            if mode == "replace" or (mode in ("append", "prepend") and vivify is None):
                return Stored(Outcome.NOT_STORED)
            if vivify is not None and mode in ("append", "prepend"):
                exptime = vivify
        elif mode == "add":
            old.time = self.now
            self._touched(key, old)
            return Stored(Outcome.NOT_STORED)
        else:
            matches = compare == old.cas
            if mode == "cas":
                if stale_ok and 0 < compare < old.cas:
                    exptime = old.exptime
                    state |= STALE | (old.state & WON)
                elif not matches or not compare:
                    return Stored(Outcome.EXISTS)
            elif mode in ("append", "prepend"):
                if compare and not matches:
                    return Stored(Outcome.EXISTS)
                data = old.data + data if mode == "append" else data + old.data
                flags, exptime = old.flags, old.exptime
                size = item_size(len(key), len(data), flags)
                if self.slabs.class_of(size) == 0:
                    return Stored(Outcome.NOT_STORED)
        stored = self._link(key, data, flags, exptime, cas, state, old)
        if stored.outcome is Outcome.NO_MEMORY and mode == "set":
            # A set that fails leaves nothing: stale data would be worse than none.
            left = self._find(key)
            if left is not None:
                self._drop(key, left)
        return stored

    def _link(
        self, key: bytes, data: bytes, flags: int, exptime: int, cas: int, state: int, old: Item | None
    ) -> Stored:
        size = item_size(len(key), len(data), flags)
        slab_class = self.slabs.class_of(size)
        if slab_class == 0:
            return Stored(Outcome.TOO_LARGE)
        if self.maxbytes and self.used + size > self.maxbytes:
            if not self.make_room(size):
                return Stored(Outcome.NO_MEMORY)
            old = self._find(key)  # it may have been evicted
        if self.reclaim_on_store:
            self.reclaim(_RECLAIM_ON_STORE, crawler=False)
            old = self._find(key)
        if exptime and 0 <= exptime - self.now <= self.temporary_ttl:
            state |= TEMPORARY
        item = Item(data, flags, exptime, cas or self.next_cas() if self.use_cas else 0, self.now, slab_class, state)
        self._save(key, item, old)
        self.stats.total_items += 1
        return Stored(Outcome.STORED, item)

    def arithmetic(
        self, key: bytes, delta: int, decrement: bool, compare: int = 0, cas: int = 0, binary: bool = False
    ) -> ArithmeticResult:
        """Add `delta` to the number under `key`, wrapping at 64 bits, or subtract it, down to 0 (protocol.txt 354-397).

        The number keeps its length: a shorter one is padded with spaces at the end, as memcached does. A longer one is
        a new item, of which `binary` says that its key was given in base64.
        """
        item = self.live(key)
        if item is None:
            return ArithmeticResult(Outcome.NOT_FOUND)
        if not 0 < item.size <= self.slabs.chunk_max:
            return ArithmeticResult(Outcome.NON_NUMERIC)
        if compare and item.cas != compare:
            return ArithmeticResult(Outcome.EXISTS)
        number = numbers.unsigned(item.data)
        if number is None:
            return ArithmeticResult(Outcome.NON_NUMERIC)
        value = max(number - delta, 0) if decrement else number + delta & numbers.UINT64
        text = b"%d" % value
        if len(text) <= item.size:
            item.replace_data(text.ljust(item.size))
            item.cas = cas or self.next_cas() if self.use_cas else 0
            item.time = self.now
            self._save(key, item, item)
            return ArithmeticResult(Outcome.STORED, value, item)
        stored = self._link(key, text, item.flags, item.exptime, cas, BINARY_KEY if binary else 0, item)
        if stored.item is None:
            return ArithmeticResult(stored.outcome)
        return ArithmeticResult(Outcome.STORED, value, stored.item)

    def touch(self, key: bytes, item: Item, exptime: int) -> None:
        """Give `item`, found under `key`, a new exptime in Unix seconds."""
        item.exptime = exptime
        self.changed(key, item)

    def delete(self, key: bytes, item: Item) -> None:
        """Delete `item`, found under `key`."""
        self._drop(key, item)

    def flush_all(self, delay: int) -> None:
        """Invalidate all items: now, or in `delay` seconds (protocol.txt 1809-1831)."""
        if delay > 0:
            due = self.expires(delay)
            self.flush_at = due if due > self.now else 0  # a Unix time in the past flushes nothing
            self.oldest_live = due
        else:
            self.flush_at = 0
            self.oldest_live = self.now
            self._flush()

    def expired(self, item: Item) -> bool:
        """True if `item` has expired."""
        return bool(item.exptime) and item.exptime <= self.now

    def _count_held(self, slab_class: int, size: int, change: int) -> None:
        """Count an item of `size` bytes that is held from now on (`change` is 1), or no longer (-1)."""
        counters = self.stats.classes[slab_class]
        counters.held += change
        counters.held_bytes += change * size
        if self.sizes is not None:
            step = size_step(size)
            number = self.sizes.get(step, 0) + change
            if number > 0:
                self.sizes[step] = number
            else:
                self.sizes.pop(step, None)

    def _counted_by_class(self, eldest: Iterable[Item]) -> dict[int, ClassUse]:
        """Return what `use_by_class` does, from the counters; the ages are those of the items in `eldest`."""
        found: dict[int, ClassUse] = {}
        for slab_class, counters in enumerate(self.stats.classes):
            if counters.held:
                use = found[slab_class] = ClassUse()
                use.number, use.bytes = counters.held, counters.held_bytes
        for item in eldest:
            use = found[item.slab_class]
            use.age = max(use.age, self.now - item.time)
        return found

    def use_by_size(self) -> dict[int, int]:
        """Return how many items take up to so many bytes, by multiples of SIZE_STEP in order."""
        found: dict[int, int] = {}
        for key, item in self.items():
            step = size_step(self.size_of(key, item))
            found[step] = found.get(step, 0) + 1
        return dict(sorted(found.items()))

    def use_by_class(self) -> dict[int, ClassUse]:
        """Return the totals of the items of each slab class, by class id in order."""
        found: dict[int, ClassUse] = {}
        for key, item in self.items():
            use = found.get(item.slab_class)
            if use is None:
                use = found[item.slab_class] = ClassUse()
            use.number += 1
            use.bytes += self.size_of(key, item)
            use.age = max(use.age, self.now - item.time)
            if item.state & TEMPORARY:
                use.temporary += 1
        return dict(sorted(found.items()))

    def move_page(self, source: int, dest: int) -> bool:
        """Move a page between slab classes, and evict the items that no longer fit; false if none can be spared.

        `source` is -1 for any class; 0, as either, is the pool of free pages (protocol.txt 984-1016).
        """
        move = self.pages.move(self.use_by_class(), source, dest)
        if move is None:
            return False
        self.evict_from_class(move.source, move.items)
        return True

    def _evict(self, key: bytes, item: Item) -> None:
        """Take `item`, held under `key`, away for others, and count and tell that."""
        self._drop(key, item)
        self.stats.note_eviction(item, self.now)
        if self.on_evict is not None:
            self.on_evict(key, item)

    def evict_from_class(self, slab_class: int, most: int) -> None:
        """Evict up to `most` items of a slab class, those stored longest ago first."""
        if most <= 0:
            return
        for key, item in self.items():
            if most <= 0:
                return
            if item.slab_class == slab_class:
                most -= 1
                self._evict(key, item)

    def newest_of(self, slab_class: int) -> Iterator[tuple[bytes, Item]]:
        """Go through the live items of a slab class, most recently stored first; an engine may leave out old ones."""
        return reversed(deque(self.keys_of({slab_class}), NEWEST_FROM))

    def keys_of(self, classes: Iterable[int] | None) -> Iterator[tuple[bytes, Item]]:
        """Go through the live items of some slab `classes`, of all for None."""
        wanted = None if classes is None else frozenset(classes)
        for key, item in self.items():
            if (wanted is None or item.slab_class in wanted) and not self.expired(item):
                yield key, item
