"""The items that a client's server holds in a scenario, and what an honest server makes of a request.

Nothing expires here but what was stored as expired: scenarios look at the exptime that arrived.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from mclite.replay.clientcheck.arrival import Request

VERSION = b"1.6.45"
#: The longest exptime that counts from now (protocol.txt 141-148).
RELATIVE_MAX = 60 * 60 * 24 * 30
_UINT64 = 1 << 64
STATISTICS = ((b"pid", b"1"), (b"version", VERSION), (b"curr_items", b"4"))


@dataclass(frozen=True, slots=True)
class Item:
    """An item; `exptime` as it was sent."""

    value: bytes
    flags: int = 0
    cas: int = 0
    exptime: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """What an honest server has to say to a request, whatever the protocol.

    Attributes:
        word: VALUES, NUMBER, VERSION, STATS, NOOP, NONE, or the word of the classic answer
        items: of VALUES
        number: of NUMBER
    """

    word: str
    items: tuple[tuple[bytes, Item], ...] = ()
    number: int = 0


@dataclass(slots=True)
class Items:
    """What is held, by key, and every value that a key ever had."""

    held: dict[bytes, Item] = field(default_factory=dict)
    ever: dict[bytes, set[bytes]] = field(default_factory=dict)
    _cas: int = 100

    def put(self, key: bytes, value: bytes, flags: int = 0, cas: int | None = None, exptime: int = 0) -> None:
        """Hold `value` under `key`."""
        self._cas += 1
        self.held[key] = Item(value, flags, self._cas if cas is None else cas, exptime)
        self.note(key, value)

    def note(self, key: bytes, value: bytes) -> None:
        """Take note that `value` is one that a caller may get for `key`."""
        self.ever.setdefault(key, set()).add(value)

    def carry_out(self, request: Request) -> Reply:
        """Do what an honest server does, and return what it has to say."""
        key = request.keys[0] if request.keys else b""
        item = self.held.get(key)
        match request.verb:
            case "get" | "gat":
                found = tuple((one, self.held[one]) for one in request.keys if one in self.held)
                for one, held in found if request.verb == "gat" else ():
                    self.held[one] = Item(held.value, held.flags, held.cas, request.exptime or 0)
                return Reply("VALUES", found)
            case "set" | "add" | "replace" | "append" | "prepend" | "cas":
                return self._store(request, key, item)
            case "delete":
                return Reply("NOT_FOUND" if self.held.pop(key, None) is None else "DELETED")
            case "incr" | "decr":
                return self._count(request, key, item)
            case "touch":
                if item is None:
                    return Reply("NOT_FOUND")
                self.put(key, item.value, item.flags, item.cas, request.exptime or 0)
                return Reply("TOUCHED")
            case "flush_all":
                self.held.clear()
                return Reply("OK")
            case "version":
                return Reply("VERSION")
            case "stats":
                return Reply("STATS")
            case "noop":
                return Reply("NOOP")
            case "quit":
                return Reply("NONE")
        return Reply("OK" if request.verb in ("verbosity", "cache_memlimit", "lru") else "ERROR")

    def _store(self, request: Request, key: bytes, item: Item | None) -> Reply:
        data = request.data or b""
        verb = request.verb
        if request.cas is not None:
            if item is None:
                return Reply("NOT_FOUND")
            if item.cas != request.cas:
                return Reply("EXISTS")
        elif (verb == "add") == (item is not None) and verb != "set":
            return Reply("NOT_STORED")
        if verb in ("append", "prepend"):
            assert item is not None
            joined = item.value + data if verb == "append" else data + item.value
            self.put(key, joined, item.flags, None, item.exptime)
        else:
            self.put(key, data, request.flags, None, request.exptime or 0)
            if is_past(request.exptime or 0):
                del self.held[key]
        return Reply("STORED")

    def _count(self, request: Request, key: bytes, item: Item | None) -> Reply:
        if item is None:
            if request.initial is None:
                return Reply("NOT_FOUND")
            self.put(key, b"%d" % request.initial)
            return Reply("NUMBER", number=request.initial)
        if not item.value.isdigit() or len(item.value) > 20:
            return Reply("NOT_A_NUMBER")
        delta = request.delta or 0
        before = int(item.value)
        after = (before + delta) % _UINT64 if request.verb == "incr" else max(0, before - delta)
        self.put(key, b"%d" % after, item.flags, None, item.exptime)
        return Reply("NUMBER", number=after)


def is_past(exptime: int) -> bool:
    """Tell whether an item with this exptime is expired at once (protocol.txt 239-245)."""
    return exptime < 0 or RELATIVE_MAX < exptime <= time.time()
