"""The counters of a server. What shows them is handlers/statistics.py."""

from __future__ import annotations

from typing import Final

from mclite.store.item import FETCHED, Item
from mclite.store.slabs import CLASSES_MAX

CLASS_COUNTERS: Final = (
    "get_hits", "cmd_set", "delete_hits", "incr_hits", "decr_hits", "cas_hits", "cas_badval", "touch_hits",
    "evicted", "evicted_nonzero", "evicted_time", "outofmemory", "reclaimed",
    "expired_unfetched", "evicted_unfetched", "evicted_active",
    "crawler_reclaimed", "crawler_items_checked", "moves_within_lru", "direct_reclaims",
)  # fmt: skip
"""Counted for each slab class; the totals of `stats` are their sums."""

CLASS_HELD: Final = ("held", "held_bytes")
"""What each slab class holds now: items, and the bytes that they take. `stats reset` leaves them as they are."""

COUNTERS: Final = (
    "cmd_get", "cmd_flush", "cmd_touch", "cmd_meta",
    "get_misses", "get_expired", "get_flushed", "delete_misses", "incr_misses", "decr_misses",
    "cas_misses", "touch_misses", "store_too_large", "store_no_memory",
    "auth_cmds", "auth_errors", "idle_kicks", "bytes_read", "bytes_written",
    "conn_yields", "rejected_connections", "listen_disabled_num",
    "log_worker_written", "log_watcher_sent", "log_watcher_skipped",
    "total_items", "total_connections", "lru_crawler_starts",
    "ssl_handshake_errors", "ssl_proto_errors", "ssl_new_sessions",
)  # fmt: skip


class ClassStats:
    """The counters of one slab class; the tables are CLASS_COUNTERS and CLASS_HELD."""

    __slots__ = (*CLASS_COUNTERS, *CLASS_HELD)

    def __init__(self) -> None:
        self.held = self.held_bytes = 0
        self.reset()

    def reset(self) -> None:
        """Set to 0 what counts events."""
        for name in CLASS_COUNTERS:
            setattr(self, name, 0)

    get_hits: int
    cmd_set: int
    delete_hits: int
    incr_hits: int
    decr_hits: int
    cas_hits: int
    cas_badval: int
    touch_hits: int
    evicted: int
    evicted_nonzero: int
    evicted_time: int
    outofmemory: int
    reclaimed: int
    expired_unfetched: int
    evicted_unfetched: int
    evicted_active: int
    crawler_reclaimed: int
    crawler_items_checked: int
    moves_within_lru: int
    direct_reclaims: int
    held: int
    held_bytes: int


class Stats:
    """The counters of a server: COUNTERS as attributes, and `classes`, a ClassStats for each slab class id."""

    __slots__ = ("classes", *COUNTERS)

    cmd_get: int
    cmd_flush: int
    cmd_touch: int
    cmd_meta: int
    get_misses: int
    get_expired: int
    get_flushed: int
    delete_misses: int
    incr_misses: int
    decr_misses: int
    cas_misses: int
    touch_misses: int
    store_too_large: int
    store_no_memory: int
    auth_cmds: int
    auth_errors: int
    idle_kicks: int
    bytes_read: int
    bytes_written: int
    conn_yields: int
    rejected_connections: int
    listen_disabled_num: int
    log_worker_written: int
    log_watcher_sent: int
    log_watcher_skipped: int
    total_items: int
    total_connections: int
    lru_crawler_starts: int
    ssl_handshake_errors: int
    ssl_proto_errors: int
    ssl_new_sessions: int

    def __init__(self) -> None:
        self.classes = [ClassStats() for _ in range(CLASSES_MAX + 1)]
        self.reset()

    def reset(self) -> None:
        """Set every counter to 0, as `stats reset` does."""
        for name in COUNTERS:
            setattr(self, name, 0)
        for counters in self.classes:
            counters.reset()

    def total(self, name: str) -> int:
        """Return the sum of a class counter over all classes."""
        return sum(getattr(counters, name) for counters in self.classes)

    def note_eviction(self, item: Item, now: int) -> None:
        """Count `item` as evicted at Unix time `now`."""
        counters = self.classes[item.slab_class]
        counters.evicted += 1
        counters.evicted_time = now - item.time
        if item.exptime:
            counters.evicted_nonzero += 1
        if not item.state & FETCHED:
            counters.evicted_unfetched += 1

    def note_expired(self, item: Item, crawler: bool) -> None:
        """Count `item` as freed because it had expired: by the `crawler`, or to make room."""
        counters = self.classes[item.slab_class]
        if crawler:
            counters.crawler_reclaimed += 1
        else:
            counters.reclaimed += 1
        if not item.state & FETCHED:
            counters.expired_unfetched += 1
