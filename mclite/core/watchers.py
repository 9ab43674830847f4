"""The log streams of `watch` (protocol.txt 1197-1266): which connections watch what, and the lines they are sent."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from mclite.store.base import Mode, Outcome
from mclite.store.item import FETCHED, Item

if TYPE_CHECKING:
    from mclite.core.peer import Peer
    from mclite.store.stats import Stats

STREAMS: Final = frozenset(
    {"fetchers", "mutations", "evictions", "connevents", "deletions", "proxyreqs", "proxyevents", "proxyuser"}
)

_STATUS: Final = {
    Outcome.STORED: "stored",
    Outcome.NOT_STORED: "not_stored",
    Outcome.EXISTS: "exists",
    Outcome.NOT_FOUND: "not_found",
    Outcome.TOO_LARGE: "too_large",
    Outcome.NO_MEMORY: "no_memory",
}


class Watchers:
    """The watching connections of a server, and what is logged to them.

    False when no connection watches: callers check that before they prepare a log line.
    """

    def __init__(self, stats: Stats) -> None:
        self._stats = stats
        self._watching: dict[Peer, frozenset[str]] = {}
        self._skipped: dict[Peer, int] = {}  # lines in a row that a watcher was too slow for
        self._gid = 0
        self.streams: frozenset[str] = frozenset()
        """all streams that are watched"""

    def __len__(self) -> int:
        return len(self._watching)

    def add(self, session: Peer, streams: frozenset[str]) -> None:
        """Let `session`, which can `push`, watch `streams`; a push that returns False did not take its line."""
        self._watching[session] = streams
        self.streams |= streams

    def remove(self, session: Peer) -> None:
        """Remove `session`, which was closed."""
        self._skipped.pop(session, None)
        if self._watching.pop(session, None) is not None:
            self.streams = frozenset().union(*self._watching.values())

    def _log(self, stream: str, text: str) -> None:
        self._gid += 1
        self._stats.log_worker_written += 1
        line = f"ts={time.time():.6f} gid={self._gid} {text}\n".encode("ascii", "replace")
        for session, streams in self._watching.items():
            if stream in streams and session.push is not None:
                skipped = self._skipped.get(session, 0)
                if session.push(b"skipped=%d\n%b" % (skipped, line) if skipped else line) is False:
                    self._skipped[session] = skipped + 1
                    self._stats.log_watcher_skipped += 1
                else:
                    self._stats.log_watcher_sent += 1
                    if skipped:
                        del self._skipped[session]

    def item_get(self, session: Peer, key: bytes, item: Item | None, why: str = "not_found") -> None:
        """Log that an item was looked up."""
        if "fetchers" in self.streams:
            status, slab_class, size = ("found", item.slab_class, item.size) if item else (why, 0, 0)
            self._log(
                "fetchers",
                f"type=item_get key={_encode(key)} status={status} clsid={slab_class} cfd={session.number} size={size}",
            )

    def item_store(
        self, session: Peer, key: bytes, outcome: Outcome, mode: Mode, ttl: int, slab_class: int, size: int
    ) -> None:
        """Log that a storage command ended with `outcome`."""
        if "mutations" in self.streams:
            self._log(
                "mutations",
                f"type=item_store key={_encode(key)} status={_STATUS[outcome]} cmd={mode} ttl={ttl} "
                f"clsid={slab_class} cfd={session.number} size={size}",
            )

    def deleted(self, key: bytes, item: Item, command: str) -> None:
        """Log that a client deleted an item."""
        if "deletions" in self.streams:
            self._log(
                "deletions",
                f"type=deleted key={_encode(key)} cmd={command} clsid={item.slab_class} size={item.size}",
            )

    def evicted(self, key: bytes, item: Item, now: int) -> None:
        """Log that an item was evicted at Unix time `now`."""
        if "evictions" in self.streams:
            fetched = "yes" if item.state & FETCHED else "no"
            ttl = item.exptime - now if item.exptime else -1
            self._log(
                "evictions",
                f"type=eviction key={_encode(key)} fetch={fetched} ttl={ttl} la={now - item.time} "
                f"clsid={item.slab_class} size={item.size}",
            )

    def connection(self, session: Peer, event: str, reason: str = "") -> None:
        """Log that a connection was opened (conn_new) or closed (conn_close, with the `reason`)."""
        if "connevents" in self.streams:
            host, _, port = session.peer.rpartition(":")
            why = f" reason={reason}" if reason else ""
            self._log(
                "connevents",
                f"type={event} rip={host.strip('[]') or 'unix'} rport={port or 0} transport={session.transport}"
                f"{why} cfd={session.number}",
            )


def _encode(key: bytes) -> str:
    from urllib.parse import quote_from_bytes  # here, since a server starts sooner without it

    return quote_from_bytes(key, safe="")
