"""Faults of the other commands: memory limit, shutdown, slabs, lru, lru_crawler, eviction, watch, UDP."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

import mclite.protocol.datagram
import mclite.server.udp
from faulty.fault import Fault, How
from faulty.points import after, around, during, patch, reply, swap, then, value
from mclite.core.instance import Instance
from mclite.core.watchers import Watchers
from mclite.protocol import errors
from mclite.store.base import Store
from mclite.store.item import ACTIVE
from mclite.store.memory import MemoryStore
from mclite.store.pages import Pages


def option(name: str, new: Any) -> How:
    """Serve as if it had been started with this setting."""
    return patch(Instance, "__init__", lambda inner: lambda self, settings=None, *args, **named: inner(
        self, setattr(settings, name, new) or settings if settings else settings, *args, **named))  # fmt: skip


def only(verb: str, first: str, change: Any) -> How:
    """Let `change(inner, session, request)` carry out the command `verb` when its first argument is `first`."""
    return around(verb, lambda inner, session, request: change(inner, session, request)
                  if request.args[:1] == [first.encode()] else inner())  # fmt: skip


def _says(text: bytes) -> Any:
    return lambda inner, session, request: text


def _keeping(*names: str) -> Any:
    """Carry it out, but keep these settings as they were."""

    def change(inner: Any, session: Any, request: Any) -> bytes:
        settings = session.instance.settings
        old = {name: getattr(settings, name) for name in names}
        answer: bytes = inner()
        for name, kept in old.items():
            setattr(settings, name, kept)
        return answer

    return change


def _frames(change: Any) -> How:
    """Let `change(id, sequence, total, reserved)` make the header of each answer."""

    def make(inner: Any) -> Any:
        def frames(request_id: int, message: bytes) -> list[bytes]:
            return [struct.pack("!HHHH", *(number & 0xFFFF for number in change(*struct.unpack("!HHHH", part[:8]))))
                    + part[8:] for part in inner(request_id, message)]  # fmt: skip

        return frames

    return patch(mclite.protocol.datagram, "frames", make)


def _parts(change: Any) -> How:
    """Let `change(datagrams)` make the datagrams of an answer."""
    return patch(mclite.protocol.datagram, "frames", lambda inner: lambda request_id, message: change(
        inner(request_id, message)))  # fmt: skip


def _youngest_first(inner: Any) -> Any:
    def make_room(self: MemoryStore, size: int) -> bool:
        while self.used > self.maxbytes - size and self.entries and self.evict:
            key, item = next(reversed(self.entries.items()))
            self._drop(key, item)
            self.stats.note_eviction(item, self.now)
        return bool(inner(self, size))

    return make_room


def _empty_all(inner: Any) -> Any:
    def make_room(self: MemoryStore, size: int) -> bool:
        if self.evict:
            self.entries.clear()
            self.used = 0
        return bool(inner(self, size))

    return make_room


def _limit_kept(session: Any, request: Any) -> Iterator[None]:
    settings, store = session.instance.settings, session.instance.store
    old = settings.max_bytes
    yield
    settings.max_bytes = store.maxbytes = old


def _limit_not_in_force(session: Any, request: Any) -> Iterator[None]:
    old = session.instance.store.maxbytes
    yield
    session.instance.store.maxbytes = old


def _limit_raised_only(session: Any, request: Any) -> Iterator[None]:
    settings = session.instance.settings
    old = settings.max_bytes
    yield
    settings.max_bytes = max(old, settings.max_bytes)


def _decimal_megabytes(session: Any, request: Any, answer: bytes) -> None:
    if answer == b"OK\r\n":
        session.instance.settings.max_bytes = int(request.args[0]) * 1_000_000


def _swap_tuned(inner: Any, session: Any, request: Any) -> bytes:
    answer: bytes = inner()
    settings = session.instance.settings
    if answer == b"OK\r\n":
        settings.hot_lru_pct, settings.warm_lru_pct = settings.warm_lru_pct, settings.hot_lru_pct
    return answer


def _set_anyway(inner: Any, session: Any, request: Any) -> bytes:
    inner()
    return b"OK\r\n"


def _crawler_on(session: Any, request: Any) -> Iterator[None]:
    settings = session.instance.settings
    old = settings.lru_crawler
    if request.args[:1] in ([b"crawl"], [b"metadump"]):
        settings.lru_crawler = True
        yield
        settings.lru_crawler = old
    else:
        yield


def _frees_all(inner: Any, session: Any, request: Any) -> bytes:
    answer: bytes = inner()
    if answer == b"OK\r\n":
        session.instance.store.flush_all(0)
    return answer


def _alone(inner: Any) -> Any:
    def unframe(data: bytes) -> Any:
        frame = inner(data)
        return frame and frame._replace(total=1)

    return unframe


ROWS = (
    Fault("memlimit-unknown", "cache_memlimit eviction", "does not know cache_memlimit",
          reply("cache_memlimit", lambda answer: b"ERROR\r\n")),
    Fault("memlimit-ignored", "cache_memlimit eviction", "answers OK and leaves the limit",
          during("cache_memlimit", _limit_kept)),
    Fault("memlimit-not-in-force", "eviction", "shows the new limit and keeps to the old one",
          during("cache_memlimit", _limit_not_in_force)),
    Fault("memlimit-bytes", "cache_memlimit eviction", "takes the argument for megabytes of 1,000,000 bytes",
          then("cache_memlimit", _decimal_megabytes)),
    Fault("memlimit-flushes", "cache_memlimit", "forgets all items when the limit changes",
          then("cache_memlimit", lambda session, request, answer: session.instance.store.flush_all(0))),
    Fault("memlimit-raise-only", "cache_memlimit", "does not lower the limit",
          during("cache_memlimit", _limit_raised_only)),
    Fault("evict-nothing", "eviction limits", "refuses to store when the memory is full", patch(
        MemoryStore, "make_room", lambda inner: lambda self, size: False)),
    Fault("evict-youngest", "eviction limits", "evicts the youngest items first",
          patch(MemoryStore, "make_room", _youngest_first)),
    Fault("evict-all", "eviction", "evicts all items when the memory is full",
          patch(MemoryStore, "make_room", _empty_all)),
    Fault("evict-never-full", "eviction", "does not keep to its limit",
          after(Instance, "__init__", lambda self, *args, **named: setattr(self.store, "maxbytes", 0))),
    Fault("evict-in-spite-of-m", "eviction", "evicts although it was started with -M", option("evict", True)),
    Fault("evict-fetched", "eviction", "does not spare items that were fetched",
          after(Store, "bump", lambda self, key, item: setattr(item, "state", item.state & ~ACTIVE))),
    Fault("no-memory-client-error", "eviction", "answers NOT_STORED when the memory is full",
          swap("set add replace", errors.NO_MEMORY, b"NOT_STORED\r\n")),
    Fault("no-memory-silent", "eviction", "says STORED when the memory is full",
          swap("set add replace", errors.NO_MEMORY, b"STORED\r\n")),
    Fault("cas-enabled-always", "stats_settings storage", "gives cas uniques in spite of -C",
          option("cas_enabled", True)),
    Fault("shutdown-ignored", "shutdown", "does not end when it is told to",
          around("shutdown", lambda inner, session, request: b"")),
    Fault("shutdown-says-ok", "shutdown", "answers OK to shutdown",
          reply("shutdown", lambda answer: answer or b"OK\r\n")),
    Fault("shutdown-always", "shutdown", "ends although it was started without -A", option("shutdown_command", True)),
    Fault("shutdown-disabled-unknown", "shutdown", "answers ERROR when shutdown is not enabled",
          swap("shutdown", errors.SHUTDOWN_DISABLED, b"ERROR\r\n")),
    Fault("shutdown-any-word", "shutdown", "ends whatever the argument is", around(
        "shutdown", lambda inner, session, request: session.instance.on_stop(False) or b""
        if session.instance.settings.shutdown_command else inner())),
    Fault("shutdown-one-connection", "shutdown", "only hangs up when it is told to end", around(
        "shutdown", lambda inner, session, request: setattr(session, "closed", True) or b""
        if session.instance.settings.shutdown_command else inner())),
    Fault("misbehave-hangs-up", "security", "hangs up after misbehave", around(
        "misbehave", lambda inner, session, request: setattr(session, "closed", True) or inner())),
    Fault("misbehave-ok", "security", "answers OK to misbehave", reply("misbehave", lambda answer: b"OK\r\n")),
    Fault("slabs-unknown", "slabs", "does not know slabs", reply("slabs", lambda answer: b"ERROR\r\n")),
    Fault("slabs-same-taken", "slabs", "answers OK when source and destination are the same",
          reply("slabs", lambda answer: b"OK\r\n" if answer.startswith(b"SAME") else answer)),
    Fault("slabs-badclass-taken", "slabs", "answers OK for classes that do not exist",
          reply("slabs", lambda answer: b"OK\r\n" if answer.startswith(b"BADCLASS") else answer)),
    Fault("slabs-nospare-taken", "slabs", "answers OK when there is no page to spare",
          reply("slabs", lambda answer: b"OK\r\n" if answer.startswith(b"NOSPARE") else answer)),
    Fault("slabs-not-moved", "slabs", "answers OK and moves no page",
          patch(Pages, "move", lambda inner: lambda self, *args: True)),
    Fault("slabs-bare-words", "slabs", "answers without a message", reply(
        "slabs", lambda answer: answer.split(b" ")[0].rstrip() + b"\r\n")),
    Fault("slabs-errors", "slabs", "answers every refusal with CLIENT_ERROR", reply(
        "slabs", lambda answer: b"CLIENT_ERROR bad class\r\n"
        if answer[:4] in (b"SAME", b"BADC", b"NOSP") else answer)),
    Fault("slabs-automove-unset", "slabs stats_settings", "does not set automove",
          only("slabs", "automove", _keeping("slab_automove"))),
    Fault("slabs-automove-refused", "slabs", "does not know slabs automove",
          only("slabs", "automove", _says(b"ERROR\r\n"))),
    Fault("slabs-automove-any", "slabs", "takes any level of automove", reply(
        "slabs", lambda answer: b"OK\r\n" if answer == b"ERROR\r\n" else answer)),
    Fault("lru-unknown", "lru", "does not know lru", reply("lru", lambda answer: b"ERROR\r\n")),
    Fault("lru-tune-unset", "lru stats_settings", "answers OK to lru tune and sets nothing",
          only("lru", "tune", _keeping("hot_lru_pct", "warm_lru_pct", "hot_max_factor", "warm_max_factor"))),
    Fault("lru-tune-swapped", "lru", "takes hot for warm", only("lru", "tune", _swap_tuned)),
    Fault("lru-tune-any", "lru", "takes any numbers in lru tune", only("lru", "tune", _set_anyway)),
    Fault("lru-mode-unset", "lru stats_settings", "answers OK to lru mode and sets nothing",
          only("lru", "mode", _keeping("lru_segmented"))),
    Fault("lru-mode-refused", "lru", "does not know lru mode", only("lru", "mode", _says(b"ERROR\r\n"))),
    Fault("lru-mode-any", "lru", "takes any mode", only("lru", "mode", _says(b"OK\r\n"))),
    Fault("lru-ttl-unset", "lru stats_settings", "answers OK to lru temp_ttl and sets nothing",
          only("lru", "temp_ttl", _keeping("temporary_ttl", "temp_lru"))),
    Fault("lru-ttl-refused", "lru", "does not know lru temp_ttl", only("lru", "temp_ttl", _says(b"ERROR\r\n"))),
    Fault("lru-silent", "lru", "does not answer lru", reply("lru", lambda answer: b"")),
    Fault("crawler-unknown", "lru_crawler", "does not know lru_crawler",
          reply("lru_crawler", lambda answer: b"ERROR\r\n")),
    Fault("crawler-switch-unset", "lru_crawler stats_settings", "cannot be switched off",
          only("lru_crawler", "disable", _keeping("lru_crawler"))),
    Fault("crawler-on-unset", "lru_crawler", "cannot be switched on again",
          only("lru_crawler", "enable", _keeping("lru_crawler"))),
    Fault("crawler-works-when-off", "lru_crawler", "crawls although it is switched off",
          during("lru_crawler", _crawler_on)),
    Fault("crawler-sleep-unset", "lru_crawler stats_settings", "answers OK to sleep and sets nothing",
          only("lru_crawler", "sleep", _keeping("lru_crawler_sleep"))),
    Fault("crawler-sleep-any", "lru_crawler", "takes any sleep", only("lru_crawler", "sleep", _says(b"OK\r\n"))),
    Fault("crawler-tocrawl-unset", "lru_crawler stats_settings", "answers OK to tocrawl and sets nothing",
          only("lru_crawler", "tocrawl", _keeping("lru_crawler_tocrawl"))),
    Fault("crawler-tocrawl-any", "lru_crawler", "takes any tocrawl", only("lru_crawler", "tocrawl", _says(b"OK\r\n"))),
    Fault("crawler-crawls-nothing", "lru_crawler stats_items", "answers OK to crawl and frees nothing",
          only("lru_crawler", "crawl", _says(b"OK\r\n"))),
    Fault("crawler-frees-all", "lru_crawler", "frees items that have not expired",
          only("lru_crawler", "crawl", _frees_all)),
    Fault("crawler-any-class", "lru_crawler", "takes class ids that do not exist", reply(
        "lru_crawler", lambda answer: b"OK\r\n" if answer.startswith(b"BADCLASS") else answer)),
    Fault("crawler-all-refused", "lru_crawler", "does not know crawl all", around(
        "lru_crawler", lambda inner, session, request: b"BADCLASS invalid class id\r\n"
        if request.args[1:] == [b"all"] else inner())),
    Fault("crawler-list-refused", "lru_crawler", "takes one class id only", around(
        "lru_crawler", lambda inner, session, request: b"BADCLASS invalid class id\r\n"
        if b"," in b"".join(request.args) else inner())),
    Fault("dump-empty", "lru_crawler", "dumps no items", reply(
        "lru_crawler", lambda answer: answer if len(answer) < 12 or not answer.endswith((b"END\r\n", b"EN\r\n"))
        else b"END\r\n")),
    Fault("dump-in-spite-of-x", "lru_crawler stats_general", "dumps although it was started with -X",
          option("dump_enabled", True)),
    Fault("watch-unknown", "watchers", "does not know watch", reply("watch", lambda answer: b"ERROR\r\n")),
    Fault("watch-silent", "watchers", "answers OK to watch and sends nothing",
          patch(Watchers, "__bool__", lambda inner: lambda self: False) if hasattr(Watchers, "__bool__")
          else patch(Watchers, "__len__", lambda inner: lambda self: 0)),
    Fault("udp-sequence-from-1", "udp", "numbers datagrams from 1",
          _frames(lambda request, sequence, total, zero: (request, sequence + 1, total, zero))),
    Fault("udp-sequence-0", "udp", "numbers every datagram 0",
          _frames(lambda request, sequence, total, zero: (request, 0, total, zero))),
    Fault("udp-total-1", "udp", "always says that there is one datagram",
          _frames(lambda request, sequence, total, zero: (request, sequence, 1, zero))),
    Fault("udp-total-one-more", "udp", "says one datagram too many",
          _frames(lambda request, sequence, total, zero: (request, sequence, total + 1, zero))),
    Fault("udp-id-0", "udp", "always answers with the request id 0",
          _frames(lambda request, sequence, total, zero: (0, sequence, total, zero))),
    Fault("udp-id-little-endian", "udp", "writes the header in little-endian order", _frames(
        lambda *numbers: [(number & 0xFF) << 8 | number >> 8 for number in numbers])),
    Fault("udp-reserved", "udp", "writes something into the reserved bytes",
          _frames(lambda request, sequence, total, zero: (request, sequence, total, 1))),
    Fault("udp-no-header", "udp", "answers without the header", _parts(lambda parts: [part[8:] for part in parts])),
    Fault("udp-first-only", "udp", "sends the first datagram of an answer only", _parts(lambda parts: parts[:1])),
    Fault("udp-last-lost", "udp", "loses the last of several datagrams",
          _parts(lambda parts: parts[:-1] if len(parts) > 1 else parts)),
    Fault("udp-large-datagram", "udp", "sends answers in datagrams of any size",
          value(mclite.protocol.datagram, "PAYLOAD_MAX", 30_000)),
    Fault("udp-multi-packet", "udp", "carries out the first datagram of a request of several",
          patch(mclite.protocol.datagram, "unframe", _alone)),
    Fault("udp-silent", "udp", "does not answer over UDP",
          patch(mclite.server.udp.DatagramServer, "datagram_received", lambda inner: lambda self, data, addr: None)),
)  # fmt: skip
