"""The points of mclite's store at which a fault takes hold: storing, counting, looking for an item."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from faulty.fault import How
from faulty.points import around, patch
from mclite.handlers.table import CHECKS
from mclite.store.base import ArithmeticResult, Mode, Store, Stored
from mclite.store.item import Item, head_of


@dataclass(slots=True)
class Storing:
    """A call of Store.store; `old` is the live item that there is."""

    store: Any
    old: Item | None
    mode: Mode
    key: bytes
    data: bytes
    flags: int
    exptime: int
    compare: int = 0
    cas: int = 0
    stale_ok: bool = False
    vivify: int | None = None
    binary: bool = False


def storing(
    change: Callable[[Storing], Stored | None] = lambda call: None,
    after: Callable[[Storing, Item], None] = lambda call, item: None,
) -> How:
    """Let `change(call)` change what is to be stored, or answer itself; `after(call, item)` changes what was stored."""

    def make(inner: Any) -> Any:
        def store(self: Store, *args: Any, **named: Any) -> Stored:
            call = Storing(self, None, *args, **named)
            call.old = living(self, call.key)
            made = change(call)
            if made is not None:
                return made
            done: Stored = inner(
                self, call.mode, call.key, call.data, call.flags, call.exptime, call.compare, call.cas, call.stale_ok,
                call.vivify, call.binary,
            )  # fmt: skip
            if done.item is not None:
                after(call, done.item)
            return done

        return store

    return patch(Store, "store", make)


@dataclass(slots=True)
class Counting:
    """A call of Store.arithmetic; `item` is the live item that there is, `before` what a fault remembers of it."""

    store: Any
    item: Item | None
    key: bytes
    delta: int
    decrement: bool
    compare: int = 0
    cas: int = 0
    before: int = 0


def counting(
    change: Callable[[Counting], ArithmeticResult | None] = lambda call: None,
    after: Callable[[Counting, Item, ArithmeticResult], ArithmeticResult | None] = lambda call, item, done: None,
) -> How:
    """Let `change(call)` change a counting request, or answer it; `after(call, item, result)` may change its result."""

    def make(inner: Any) -> Any:
        def arithmetic(self: Store, *args: Any, **named: Any) -> ArithmeticResult:
            call = Counting(self, None, *args, **named)
            call.item = living(self, call.key)
            made = change(call)
            if made is not None:
                return made
            done: ArithmeticResult = inner(self, call.key, call.delta, call.decrement, call.compare, call.cas)
            if done.item is None:
                return done
            return after(call, done.item, done) or done

        return arithmetic

    return patch(Store, "arithmetic", make)


def living(store: Any, key: bytes) -> Item | None:
    """Return the live item under `key`, without freeing or counting one that is not."""
    item: Item | None = store._find(key)
    return None if item is None or store.expired(item) else item


def set_flags(item: Item, flags: int) -> None:
    """Give `item` other client flags."""
    item.head = head_of(flags, item.size)


def set_data(item: Item, data: bytes) -> None:
    """Give `item` other data, also of another length."""
    flags = item.flags
    item.replace_data(data)
    item.head = head_of(flags, len(data))


def blind(verbs: str) -> How:
    """Let these commands take an item that has expired for a live one."""
    return _during(verbs, lambda store, key: store._find(key))


def haunted(verbs: str) -> How:
    """Let these commands still find an item that was deleted."""
    graves: dict[bytes, Item] = {}

    def find(store: Any, key: bytes) -> Item | None:
        item = living(store, key)
        if item is None and key in graves:
            item = graves.pop(key)
            store._save(key, item, store._find(key))
        return item

    def bury(inner: Any) -> Any:
        def delete(self: Store, key: bytes, item: Item) -> None:
            graves[key] = item
            inner(self, key, item)

        return delete

    def how() -> None:
        patch(Store, "delete", bury)()
        _during(verbs, find)()

    return how


def _during(verbs: str, find: Callable[[Any, bytes], Item | None]) -> How:
    """Let `find(store, key)` look for items while these commands are carried out."""
    active = [False]

    def live(inner: Any) -> Any:
        return lambda self, key: find(self, key) if active[0] else inner(self, key)

    def guarded(run: Callable[[], Any]) -> Any:
        active[0] = True
        try:
            return run()
        finally:
            active[0] = False

    def check(inner: Any) -> Any:
        def wrapped(session: Any, request: Any) -> Any:
            block = guarded(lambda: inner(session, request))
            return block if isinstance(block, bytes) else lambda data: guarded(lambda: block(data))

        return wrapped

    def how() -> None:
        patch(Store, "live", live)()
        names = verbs.encode().split()
        for verb in names:
            if verb in CHECKS:
                CHECKS[verb] = check(CHECKS[verb])
        plain = " ".join(verb.decode() for verb in names if verb not in CHECKS)
        around(plain, lambda inner, session, request: guarded(inner))()

    return how
