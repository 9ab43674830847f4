"""The items of a server, at hand for a test: put, look at, expire, make stale; a snapshot that is restored.

Nothing here is a request: no statistic counts it, and looking at an item is no access. The server may run or be
stopped; what is done happens between two requests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

from mclite.core.instance import Instance
from mclite.store.base import Outcome
from mclite.store.item import FETCHED, STALE, WON, Item
from mclite.testing import words

T = TypeVar("T")


class Call(Protocol):
    """What runs a function between two requests, and returns what it returns."""

    def __call__(self, function: Callable[[], T], /) -> T:
        """Run it."""


@dataclass(frozen=True, slots=True)
class ItemView:
    """An item as it was when the test looked."""

    data: bytes
    flags: int
    exptime: int
    """Unix time of the server's clock at which it expires, seconds; 0 for never"""
    ttl: int
    """seconds that it still lives; -1 for ever"""
    cas: int
    fetched: bool
    """fetched since it was stored (protocol.txt 547)"""
    stale: bool
    """marked as stale (protocol.txt 680-687)"""
    won: bool
    """a client has won the right to recache it (protocol.txt 668-694)"""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The items of one moment, for `restore`."""

    items: tuple[tuple[bytes, Item], ...]

    def __len__(self) -> int:
        return len(self.items)


class Items:
    """The items of `instance`; `call` runs a function between two of its requests. Keys are text or bytes.

    Raises KeyError where an item is needed that is not there.
    """

    def __init__(self, instance: Instance, call: Call) -> None:
        self._store = instance.store
        self._call = call

    def put(self, key: str | bytes, data: str | bytes, *, flags: int = 0, exptime: int = 0) -> None:
        """Store an item; `exptime` in seconds, as a client sends it. Raises ValueError if it does not fit."""
        name, value = words.text(key, "key"), words.text(data, "data")

        def put() -> Outcome:
            store = self._store
            stored = store.store("set", name, value, flags, store.expires(exptime))
            store.settle()
            return stored.outcome

        outcome = self._call(put)
        if outcome is not Outcome.STORED:
            raise ValueError(
                f"an item of {len(value)} bytes cannot be stored: {outcome.name.lower().replace('_', ' ')}"
            )

    def get(self, key: str | bytes) -> ItemView | None:
        """Look at an item; None if there is none."""
        name = words.text(key, "key")

        def look() -> ItemView | None:
            item = self._held(name)
            if item is None:
                return None
            ttl = item.exptime - self._store.now if item.exptime else -1
            state = item.state
            return ItemView(
                item.data, item.flags, item.exptime, ttl, item.cas, bool(state & FETCHED), bool(state & STALE),
                bool(state & WON),
            )  # fmt: skip

        return self._call(look)

    def __getitem__(self, key: str | bytes) -> ItemView:
        found = self.get(key)
        if found is None:
            raise KeyError(key)
        return found

    def __contains__(self, key: str | bytes) -> bool:
        return self.get(key) is not None

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._call(lambda: [key for key, _ in self._living()]))

    def __len__(self) -> int:
        return self._call(lambda: len(self._living()))

    def expire(self, key: str | bytes) -> None:
        """Let an item expire now."""
        self._change(key, lambda item: setattr(item, "exptime", self._store.now))

    def make_stale(self, key: str | bytes) -> None:
        """Mark an item as stale, as `md` with the flag I does: the next `mg` wins the right to recache it."""

        def mark(item: Item) -> None:
            item.state = (item.state | STALE) & ~WON
            item.cas = self._store.next_cas()

        self._change(key, mark)

    def delete(self, key: str | bytes) -> None:
        """Take an item away."""
        name = words.text(key, "key")
        self._change(key, lambda item: self._store.delete(name, item), keep=False)

    def clear(self) -> None:
        """Take all items away."""
        self._call(self._clear)

    def snapshot(self) -> Snapshot:
        """Return all items as they are, with exptime, cas unique and state."""
        return Snapshot(self._call(lambda: tuple((key, _copy(item)) for key, item in self._living())))

    def restore(self, snapshot: Snapshot) -> None:
        """Put the items of `snapshot` in the place of those that there are; the clock stays where it is."""

        def restore() -> None:
            self._clear()
            store = self._store
            for key, item in snapshot.items:
                stored = store.store("set", key, item.data, item.flags, item.exptime, cas=item.cas)
                if stored.item is not None:
                    stored.item.state, stored.item.time = item.state, item.time
                    store.changed(key, stored.item)
            store.settle()

        self._call(restore)

    def _held(self, key: bytes) -> Item | None:
        self._store.tick()
        item = self._store._find(key)  # not `live`, which counts what has expired
        return None if item is None or self._store.expired(item) else item

    def _living(self) -> list[tuple[bytes, Item]]:
        self._store.tick()
        return list(self._store.keys_of(None))

    def _clear(self) -> None:
        for key, item in list(self._store.items()):
            self._store.delete(key, item)
        self._store.settle()

    def _change(self, key: str | bytes, change: Callable[[Item], object], keep: bool = True) -> None:
        name = words.text(key, "key")

        def change_it() -> bool:
            item = self._held(name)
            if item is None:
                return False
            change(item)
            if keep:
                self._store.changed(name, item)
            self._store.settle()
            return True

        if not self._call(change_it):
            raise KeyError(key)


def _copy(item: Item) -> Item:
    return Item(item.data, item.flags, item.exptime, item.cas, item.time, item.slab_class, item.state)
