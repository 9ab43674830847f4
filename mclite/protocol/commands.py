"""The command table: a row a verb. The parser, the stats, the shell's help and the docs read it."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

Kind = Literal["storage", "retrieval", "touching", "arithmetic", "deletion", "meta", "admin"]


class Command(NamedTuple):
    """One verb of the protocol.

    `arguments` is the usage after the verb; `required` how many of them must be there; `length` which argument,
    counted from 0, gives the length in bytes of the data block that follows, if one does; `noreply` whether a last
    argument "noreply" suppresses the answer; `lines` where protocol.txt 1.6.45 describes the verb.
    """

    name: bytes
    kind: Kind
    arguments: str
    required: int
    lines: str
    summary: str
    length: int | None = None
    noreply: bool = False
    since: str = "1.2"
    counter: str | None = None


_STORE: Final = "<key> <flags> <exptime> <bytes> [noreply]"
_META: Final = "<key> <flags>*"

_ROWS: Final = (
    Command(b"set", "storage", _STORE, 4, "204-270", "store this data", 3, True, counter="cmd_set"),
    Command(
        b"add",
        "storage",
        _STORE,
        4,
        "204-270",
        "store, if the key is not held yet",
        3,
        True,
        counter="cmd_set",
    ),
    Command(
        b"replace",
        "storage",
        _STORE,
        4,
        "204-270",
        "store, if the key is held already",
        3,
        True,
        counter="cmd_set",
    ),
    Command(
        b"append",
        "storage",
        _STORE,
        4,
        "204-270",
        "add data after the existing data",
        3,
        True,
        counter="cmd_set",
    ),
    Command(
        b"prepend",
        "storage",
        _STORE,
        4,
        "204-270",
        "add data before the existing data",
        3,
        True,
        counter="cmd_set",
    ),
    Command(
        b"cas",
        "storage",
        "<key> <flags> <exptime> <bytes> <cas unique> [noreply]",
        4,
        "204-270",
        "store, if nobody changed the item since it was fetched with gets",
        3,
        True,
        counter="cmd_set",
    ),
    Command(b"get", "retrieval", "<key>*", 1, "288-327", "fetch items", counter="cmd_get"),
    Command(b"gets", "retrieval", "<key>*", 1, "288-327", "fetch items and their cas uniques", counter="cmd_get"),
    Command(
        b"gat",
        "retrieval",
        "<exptime> <key>*",
        2,
        "425-461",
        "fetch items and set their exptime",
        counter="cmd_touch",
    ),
    Command(
        b"gats",
        "retrieval",
        "<exptime> <key>*",
        2,
        "425-461",
        "fetch items and their cas uniques, and set their exptime",
        counter="cmd_touch",
    ),
    Command(b"delete", "deletion", "<key> [noreply]", 1, "330-351", "delete an item", None, True),
    Command(b"incr", "arithmetic", "<key> <value> [noreply]", 2, "354-397", "add to a number", None, True),
    Command(
        b"decr",
        "arithmetic",
        "<key> <value> [noreply]",
        2,
        "354-397",
        "subtract from a number, down to 0",
        None,
        True,
    ),
    Command(
        b"touch",
        "touching",
        "<key> <exptime> [noreply]",
        2,
        "399-423",
        "set an item's exptime",
        None,
        True,
        counter="cmd_touch",
    ),
    Command(b"mg", "meta", _META, 1, "494-694", "meta get: fetch, inspect, touch, win a recache", since="1.6.0"),
    Command(
        b"ms",
        "meta",
        "<key> <datalen> <flags>*",
        2,
        "696-805",
        "meta set: store in any mode",
        1,
        since="1.6.0",
    ),
    Command(b"md", "meta", _META, 1, "807-876", "meta delete: delete, or mark as stale", since="1.6.0"),
    Command(
        b"ma",
        "meta",
        _META,
        1,
        "878-963",
        "meta arithmetic: incr or decr, with creation on a miss",
        since="1.6.10",
    ),
    Command(
        b"me",
        "meta",
        "<key> [b]",
        1,
        "463-492",
        "meta debug: what the server knows of an item",
        since="1.6.0",
    ),
    Command(b"mn", "meta", "", 0, "965-982", "meta no-op: answers MN", since="1.6.0"),
    Command(
        b"flush_all",
        "admin",
        "[delay] [noreply]",
        0,
        "1809-1831",
        "invalidate all items",
        None,
        True,
        counter="cmd_flush",
    ),
    Command(b"version", "admin", "", 0, "1849-1856", "say the server's version"),
    Command(b"verbosity", "admin", "<level> [noreply]", 1, "1858-1861", "set how much the server logs", None, True),
    Command(b"quit", "admin", "", 0, "1863-1869", "close the connection"),
    Command(b"stats", "admin", "[<args>]", 0, "1268-1803", "show statistics"),
    Command(
        b"cache_memlimit",
        "admin",
        "<megabytes> [noreply]",
        1,
        "1833-1841",
        "set the memory limit",
        None,
        True,
    ),
    Command(b"shutdown", "admin", "[graceful]", 0, "1843-1847", "stop the server, if -A allows it", None, True),
    Command(
        b"slabs",
        "admin",
        "reassign <source class> <dest class> | automove <0|1|2>",
        2,
        "984-1044",
        "move memory between classes",
        None,
        True,
    ),
    Command(b"lru", "admin", "tune|mode|temp_ttl <option list>", 2, "1046-1079", "tune the LRU", None, True),
    Command(
        b"lru_crawler",
        "admin",
        "enable|disable|sleep|tocrawl|crawl|metadump|mgdump ...",
        1,
        "1081-1194",
        "control the LRU crawler, or list the items",
        None,
        True,
    ),
    Command(b"watch", "admin", "<arg>*", 0, "1198-1266", "turn the connection into a log stream"),
    Command(
        b"misbehave", "admin", "", 0, "1871-1884", "check the security restrictions (debug clock only)", None, True
    ),
    Command(
        b"debugtime",
        "admin",
        "p|r|<seconds>",
        1,
        "1871-1875",
        "stop, resume or move the clock (debug clock only)",
    ),
)

COMMANDS: Final[dict[bytes, Command]] = {row.name: row for row in _ROWS}
