"""Faults of flush_all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from faulty.fault import Fault, How, both
from faulty.points import after, before, during, exchange, patch, reply, swap, then, while_called
from mclite.protocol import replies
from mclite.store.base import Store
from mclite.store.memory import MemoryStore


def flushes(change: Any) -> How:
    """Let `change(inner, store, delay)` carry out flush_all; `inner(delay)` is right."""
    return patch(Store, "flush_all", lambda inner: lambda self, delay: change(
        lambda seconds=delay: inner(self, seconds), self, delay))  # fmt: skip


def _flush_kept(keep: Any) -> Any:
    def change(inner: Any, store: Any, delay: int) -> None:
        kept = {key: item for key, item in store.entries.items() if keep(store, item)}
        inner()
        if delay <= 0:
            for key, item in kept.items():
                store._save(key, item, None)

    return change


def _flush_lingers() -> How:
    """Flush what is stored within the next seconds of a flush, too."""

    def make(inner: Any) -> Any:
        def live(self: Any, key: bytes) -> Any:
            item = inner(self, key)
            if item is not None and self.oldest_live and item.time <= self.oldest_live + 1 <= self.now + 1:
                self._drop(key, item)
                return None
            return item

        return live

    return patch(Store, "live", make)


def _flush_takes_snapshot() -> How:
    """Carry out a delayed flush on the items of now only: what is stored until then stays."""

    def change(inner: Any, store: Any, delay: int) -> None:
        inner()
        store.snapshot = set(map(id, store.entries.values())) if delay > 0 else None

    def flush(inner: Any) -> Any:
        def made(self: Any) -> None:
            old = getattr(self, "snapshot", None)
            kept = {} if old is None else {k: i for k, i in self.entries.items() if id(i) not in old}
            inner(self)
            for key, item in kept.items():
                self._save(key, item, None)

        return made

    return both(flushes(change), patch(MemoryStore, "_flush", flush))


def _repeats(store: Any) -> Iterator[None]:
    due = store.flush_at
    yield
    if due and not store.flush_at:
        store.flush_at = store.now + 1


def _flush_allowed(session: Any, request: Any) -> Iterator[None]:
    session.instance.settings.flush_enabled = True
    yield


def _flush_anyway(session: Any, request: Any, answer: bytes) -> bytes:
    if not answer.startswith(b"CLIENT_ERROR inv"):
        return answer
    session.instance.store.flush_all(0)
    return replies.OK


def _full(store: Any, delay: int) -> None:
    store.maxbytes = 1
    store.evict = False


ROWS = (
    Fault("flush-nothing", "flush_all meta_syntax", "answers OK to flush_all and flushes nothing",
          flushes(lambda inner, store, delay: None)),
    Fault("flush-silent", "flush_all", "does not answer flush_all", reply("flush_all", lambda answer: b"")),
    Fault("flush-keeps-young", "flush_all", "keeps the items of the same second",
          flushes(_flush_kept(lambda store, item: item.time >= store.now))),
    Fault("flush-keeps-old", "flush_all lru_crawler", "keeps the items of earlier seconds",
          flushes(_flush_kept(lambda store, item: item.time < store.now))),
    Fault("flush-keeps-fetched", "flush_all", "keeps the items that were fetched",
          flushes(_flush_kept(lambda store, item: item.state & 1))),
    Fault("flush-keeps-forever", "flush_all", "keeps the items that have no exptime",
          flushes(_flush_kept(lambda store, item: not item.exptime))),
    Fault("flush-keeps-expiring", "flush_all", "keeps the items that have an exptime",
          flushes(_flush_kept(lambda store, item: bool(item.exptime)))),
    Fault("flush-keeps-first", "flush_all", "flushes one item",
          flushes(lambda inner, store, delay: store.entries and store._drop(*next(iter(store.entries.items()))))),
    Fault("flush-lingers", "flush_all", "flushes what is stored in the second of the flush, too", _flush_lingers(),
          "memcached before 1.4, to the second"),
    Fault("flush-delay-ignored", "flush_all", "flushes at once whatever the delay",
          flushes(lambda inner, store, delay: inner(0))),
    Fault("flush-delay-never", "flush_all", "never carries out a delayed flush",
          flushes(lambda inner, store, delay: inner() if delay <= 0 else None)),
    Fault("flush-delay-double", "flush_all", "waits twice as long as it is told",
          flushes(lambda inner, store, delay: inner(delay * 2))),
    Fault("flush-delay-keeps-later", "flush_all", "keeps what was stored after a delayed flush_all was sent",
          _flush_takes_snapshot()),
    Fault("flush-delay-first-stays", "flush_all", "ignores a later flush_all while one is due",
          flushes(lambda inner, store, delay: inner() if not store.flush_at else None)),
    Fault("flush-delay-refused", "flush_all", "does not take a delay", exchange(
        "flush_all", lambda session, request, answer: b"ERROR\r\n"
        if request.args and request.args != [b"noreply"] else answer)),
    Fault("flush-again-and-again", "flush_all", "repeats a delayed flush", while_called(Store, "tick", _repeats)),
    Fault("flush-says-end", "flush_all", "answers END to flush_all", swap("flush_all", b"OK\r\n", b"END\r\n")),
    Fault("flush-allowed", "flush_all", "flushes although it was started with -F", during("flush_all", _flush_allowed)),
    Fault("flush-argument-ignored", "flush_all", "flushes although the delay is no number",
          exchange("flush_all", _flush_anyway)),
    Fault("flush-resets-cas", "flush_all storage", "counts cas uniques from 1 again after a flush",
          before(MemoryStore, "_flush", lambda self: setattr(self, "last_cas", 0))),
    Fault("flush-stops-storing", "flush_all", "stores nothing more after a flush", after(Store, "flush_all", _full)),
    Fault("flush-not-counted", "flush_all stats_general", "does not count flushes",
          then("flush_all", lambda session, request, answer: setattr(session.instance.stats, "cmd_flush", 0))),
    Fault("flush-stats-too", "flush_all stats_general", "resets the counters of stats, too",
          after(Store, "flush_all", lambda self, delay: self.stats.reset())),
)  # fmt: skip
