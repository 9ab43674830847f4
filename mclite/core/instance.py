"""One server's whole state, without its sockets: what all its sessions share."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from mclite.core.budget import Budget
from mclite.core.credentials import load
from mclite.core.prefixes import PrefixStats
from mclite.core.settings import Settings
from mclite.core.watchers import Watchers
from mclite.fast import FastPath
from mclite.protocol.numbers import UINT32
from mclite.store import Clock, DebugClock, Item, MemoryStore, SlabClasses, Store, SystemClock
from mclite.store.base import Mode, Outcome
from mclite.store.stats import Stats

if TYPE_CHECKING:
    from mclite.core.peer import Peer


_CLOCK_STARTS_WITH: Final = 61
"""Seconds."""

RECLAIM_PER_TURN: Final = 20_000
"""Items looked at once a second for those that have expired."""


class Instance:
    """A server's settings, store, counters and connections.

    `sessions` holds the open connections by number; `listeners` the addresses listened on, as `stats conns` shows
    them; `detail` the counters of `stats detail` while that is on. `on_stop`, if set, is called when a client asked
    the server to stop (shutdown), with True for graceful. Raises AuthFileError for a bad file of -Y.
    """

    def __init__(
        self, settings: Settings | None = None, store: Store | None = None, clock: Clock | None = None
    ) -> None:
        self.settings = settings or Settings()
        if clock is None:
            clock = store.clock if store is not None else DebugClock() if self.settings.debug_clock else SystemClock()
        self.clock = clock
        if store is None:
            store = MemoryStore(clock, Stats(), slabs_of(self.settings), self.settings.max_bytes, self.settings.evict)
        self.store = store
        self.stats = store.stats
        self.credentials: list[bytes] = []
        self.load_credentials()
        self.turns = self.settings.requests_per_event
        """requests that a connection may have carried out before the others get theirs (-R)"""
        self.sessions: dict[int, Peer] = {}
        self.listeners: list[str] = []
        self.accepting = True
        self.most_connections = 0
        self.listen_disabled_us = 0
        self.housekeepings = 0
        self.certificates_loaded = clock.started
        self.last_number = 0
        self.watchers = Watchers(self.stats)
        self.detail: PrefixStats | None = None
        self.prefixes = PrefixStats(self.settings.detail_prefix)
        if self.settings.detail_enabled:
            self.detail = self.prefixes
        self.budget = Budget(self.refresh)
        self.crawling = False
        """whether a crawl or a dump goes on that was too long for one turn: there is one at a time"""
        self.on_stop: Callable[[bool], None] | None = None
        self.log: Callable[[str], None] | None = None
        """what a line of -vv is handed to; the shell sets it"""
        self.tell: Callable[[str], None] | None = None
        """the same, if connections and requests are to be told"""
        self.next_second = 0.0
        """until when the time stays what it is, as `time.monotonic` counts"""
        self.allow_fast = True
        """whether the fast path may be taken; the answers are the same without it"""
        self.fast: FastPath | None = None
        """the fast path, if requests may take it now"""
        self._fast = FastPath(store) if type(store) is MemoryStore else None
        store.temporary_ttl = self.settings.temporary_ttl if self.settings.temp_lru else -1
        store.use_cas = self.settings.cas_enabled
        store.reclaim_on_store = not self.settings.lru_maintainer
        if self.settings.track_sizes and store.sizes is None:
            store.sizes = store.use_by_size()
        self.refresh()

    def load_credentials(self) -> None:
        """Read the file of -Y, if there is one. Raises AuthFileError, and keeps what was read before."""
        if self.settings.auth_file:
            self.credentials = load(self.settings.auth_file)

    def refresh(self) -> None:
        """Set `fast` again: requests may take the fast path (mclite/fast/) if nothing unusual is switched on."""
        store = self.store
        store.on_evict = self._evicted if self.watchers else None
        self.tell = self.log if self.settings.verbosity > 1 else None
        usual = (
            self.allow_fast
            and self.tell is None
            and not self.watchers
            and self.detail is None
            and store.use_cas
            and store.temporary_ttl < 0
            and not store.reclaim_on_store
            and store.sizes is None
            and not self.budget.used_up
        )
        self.fast = self._fast if usual else None

    def look_at_clock(self) -> None:
        """Let the store know what time it is. Before `next_second` that is not needed."""
        clock = self.store.clock
        self.next_second = clock.next_second()
        if clock.now() != self.store.now:
            self.store.tick()

    def keep_house(self) -> None:
        """What is to be done once a second, or when the clock was moved: free what has expired."""
        self.store.tick()
        if self.settings.lru_maintainer:
            self.store.reclaim(RECLAIM_PER_TURN, crawler=False)

    def _evicted(self, key: bytes, item: Item) -> None:
        self.watchers.evicted(key, item, self.store.now)

    def seconds_left(self, expires: int) -> int:
        """Return the seconds until `expires`, in Unix seconds and not 0.

        In the past it is memcached's wrapped number: its clock starts with a minute on it, and no time is before.
        """
        return max(expires, self._first_second) - self.store.now & UINT32

    def expires_before(self, item: Item, time: int) -> bool:
        """True if `item` expires before `time`; both are Unix seconds, and no time is before memcached's first second.

        An exptime of 0 is never, and before a `time` of 0 nothing expires.
        """
        return bool(time and item.exptime) and max(item.exptime, self._first_second) < max(time, self._first_second)

    @property
    def _first_second(self) -> int:
        """The first second of memcached's clock, in Unix seconds."""
        return self.clock.started - _CLOCK_STARTS_WITH

    def look_up(self, session: Peer, key: bytes) -> Item | None:
        """Return the item under `key` if a client may see it, and tell the watchers that `session` looked for it."""
        if not self.watchers:
            return self.store.live(key)
        expired, flushed = self.stats.get_expired, self.stats.get_flushed
        item = self.store.live(key)
        why = "flushed" if self.stats.get_flushed > flushed else "not_found"
        self.watchers.item_get(session, key, item, "expired" if self.stats.get_expired > expired else why)
        return item

    def log_store(
        self,
        session: Peer,
        key: bytes,
        outcome: Outcome,
        mode: Mode,
        expires: int,
        slab_class: int,
        size: int,
    ) -> None:
        """Tell the watchers the outcome of a storage command. `expires` is in Unix seconds."""
        ttl = self.seconds_left(expires) if expires else 0
        self.watchers.item_store(session, key, outcome, mode, ttl, slab_class, size)

    def log_delete(self, session: Peer, key: bytes, item: Item, command: str) -> None:
        """Tell the watchers that a client deleted an item."""
        self.watchers.deleted(key, item, command)

    def connected(self, session: Peer) -> None:
        """A connection was opened."""
        self.sessions[session.number] = session
        self.stats.total_connections += 1
        self.most_connections = max(self.most_connections, len(self.sessions))
        if self.tell is not None:
            ascii_only = self.settings.auth_file is not None or self.settings.protocol == "ascii"
            self.tell(f"<{session.number} new {'ascii' if ascii_only else 'auto-negotiating'} client connection")
        if self.watchers:
            self.watchers.connection(session, "conn_new")

    def disconnected(self, session: Peer) -> None:
        """A connection was closed."""
        if self.sessions.pop(session.number, None) is not None:
            if self.tell is not None:
                self.tell(f"<{session.number} connection closed.")
            self.watchers.remove(session)
            self.refresh()
            if self.watchers:
                self.watchers.connection(session, "conn_close", session.close_reason)


def slabs_of(settings: Settings) -> SlabClasses:
    """Return the slab classes that `settings` make."""
    return _slabs(settings.item_size_max, settings.chunk_size, settings.factor)


@lru_cache
def _slabs(item_size_max: int, chunk_size: int, factor: float) -> SlabClasses:
    """Return slab classes. They never change, and take longer to make than all the rest of an Instance."""
    return SlabClasses(item_size_max, chunk_size, factor)
