"""The command table: a row a verb. It is the only list of verbs of the server, the client and the tools.

The suite, mclite/replay, has a list of its own: one that it shared with the server would share its mistakes.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

Kind = Literal["storage", "retrieval", "touching", "arithmetic", "deletion", "meta", "admin"]


class Command(NamedTuple):
    """One verb of the protocol.

    `arguments` is the usage after the verb, `required` how many of them must be there. With `noreply` a last argument
    "noreply" suppresses the answer. `answers` are the words with which an answer may begin, besides the errors that
    every verb allows, and a number. A client must not send a command twice that is not `repeatable`. `lines` is where
    protocol.txt 1.6.45 describes the verb, `since` the first release of memcached that has it.

    `key`, `exptime`, `length` and `unique` say which argument, counted from 0, is the key (the first, if `several` may
    follow one another), the exptime, the bytes of the data block that follows, and the cas unique; None for none.
    """

    name: bytes
    kind: Kind
    arguments: str
    required: int
    noreply: bool
    answers: tuple[bytes, ...]
    repeatable: bool
    lines: str
    since: str
    summary: str
    key: int | None
    several: bool
    exptime: int | None
    length: int | None
    unique: int | None


def _row(
    name: str, kind: Kind, arguments: str, required: int, noreply: int, answers: str, repeatable: int, lines: str,
    since: str, summary: str,
) -> Command:  # fmt: skip
    words = arguments.replace(" unique>", ">").split()
    places = {word.strip("*"): place for place, word in reversed([*enumerate(words)])}
    return Command(
        name.encode(), kind, arguments, required, bool(noreply), tuple(answers.encode().split()), bool(repeatable),
        lines, since, summary, places.get("<key>"), "<key>*" in words, places.get("<exptime>"),
        places.get("<bytes>", places.get("<datalen>")), places.get("<cas>"),
    )  # fmt: skip


_STORE: Final = "<key> <flags> <exptime> <bytes> [noreply]"
_CAS: Final = "<key> <flags> <exptime> <bytes> <cas unique> [noreply]"
_NUMBER: Final = "<key> <value> [noreply]"
_META: Final = "<key> <flags>*"
_STORED: Final = "STORED NOT_STORED"
_SLABS: Final = "OK BUSY BADCLASS NOSPARE NOTFULL UNSAFE SAME"
_STATS: Final = "STAT PREFIX ITEM END RESET OK"

# fmt: off
_ROWS: Final = (
    # verb, kind, arguments, how many are required, noreply, answers, repeatable, lines, since
    _row("set", "storage", _STORE, 4, 1, _STORED, 1, "204-270", "1.2.0", "store this data"),
    _row("add", "storage", _STORE, 4, 1, _STORED, 0, "204-270", "1.2.0", "store, if the key is not held yet"),
    _row("replace", "storage", _STORE, 4, 1, _STORED, 1, "204-270", "1.2.0", "store, if the key is held already"),
    _row("append", "storage", _STORE, 4, 1, _STORED, 0, "204-270", "1.2.4", "add data after the existing data"),
    _row("prepend", "storage", _STORE, 4, 1, _STORED, 0, "204-270", "1.2.4", "add data before the existing data"),
    _row("cas", "storage", _CAS, 4, 1, "STORED EXISTS NOT_FOUND NOT_STORED", 0, "204-270", "1.2.4",
         "store, unless the item was changed since it was fetched with gets"),
    _row("get", "retrieval", "<key>*", 1, 0, "VALUE END", 1, "288-327", "1.2.0", "fetch items"),
    _row("gets", "retrieval", "<key>*", 1, 0, "VALUE END", 1, "288-327", "1.2.4", "fetch items and their cas uniques"),
    _row("gat", "retrieval", "<exptime> <key>*", 2, 0, "VALUE END", 1, "425-461", "1.5.3",
         "fetch items and set their exptime"),
    _row("gats", "retrieval", "<exptime> <key>*", 2, 0, "VALUE END", 1, "425-461", "1.5.3",
         "fetch items and their cas uniques, and set their exptime"),
    _row("delete", "deletion", "<key> [noreply]", 1, 1, "DELETED NOT_FOUND", 0, "330-351", "1.2.0", "delete an item"),
    _row("incr", "arithmetic", _NUMBER, 2, 1, "NOT_FOUND", 0, "354-397", "1.2.0", "add to a number"),
    _row("decr", "arithmetic", _NUMBER, 2, 1, "NOT_FOUND", 0, "354-397", "1.2.0", "subtract from a number, down to 0"),
    _row("touch", "touching", "<key> <exptime> [noreply]", 2, 1, "TOUCHED NOT_FOUND", 1, "399-423", "1.4.8",
         "set an item's exptime"),
    _row("mg", "meta", _META, 1, 0, "HD VA EN", 1, "494-694", "1.5.19",
         "meta get: fetch, inspect, touch, win a recache"),
    _row("ms", "meta", "<key> <datalen> <flags>*", 2, 0, "HD NS EX NF", 0, "696-805", "1.5.19",
         "meta set: store in any mode"),
    _row("md", "meta", _META, 1, 0, "HD NF EX", 0, "807-876", "1.5.19", "meta delete: delete, or mark as stale"),
    _row("ma", "meta", _META, 1, 0, "HD VA NF NS EX", 0, "878-963", "1.6.0",
         "meta arithmetic: incr or decr, with creation on a miss"),
    _row("me", "meta", "<key> [b]", 1, 0, "ME EN", 1, "463-492", "1.5.19",
         "meta debug: what the server knows of an item"),
    _row("mn", "meta", "", 0, 0, "MN", 1, "965-982", "1.5.19", "meta no-op: answers MN"),
    _row("flush_all", "admin", "[delay] [noreply]", 0, 1, "OK", 1, "1809-1831", "1.2.0", "invalidate all items"),
    _row("version", "admin", "", 0, 0, "VERSION", 1, "1849-1856", "1.2.0", "say the server's version"),
    _row("verbosity", "admin", "<level> [noreply]", 1, 1, "OK", 1, "1858-1861", "1.2.2",
         "set how much the server logs"),
    _row("quit", "admin", "", 0, 0, "", 1, "1863-1869", "1.2.0", "close the connection"),
    _row("stats", "admin", "[<args>]", 0, 0, _STATS, 1, "1268-1803", "1.2.0", "show statistics"),
    _row("cache_memlimit", "admin", "<megabytes> [noreply]", 1, 1, "OK MEMLIMIT_TOO_SMALL MEMLIMIT_ADJUST_FAILED", 1,
         "1833-1841", "1.4.27", "set the memory limit"),
    _row("shutdown", "admin", "[graceful]", 0, 1, "OK", 0, "1843-1847", "1.4.16", "stop the server, if -A allows it"),
    _row("slabs", "admin", "reassign <source class> <dest class> | automove <0|1|2>", 2, 1, _SLABS, 0, "984-1044",
         "1.4.11", "move memory between classes"),
    _row("lru", "admin", "tune|mode|temp_ttl <option list>", 2, 1, "OK", 1, "1046-1079", "1.4.35", "tune the LRU"),
    _row("lru_crawler", "admin", "enable|disable|sleep|tocrawl|crawl|metadump|mgdump ...", 1, 1, "OK BUSY BADCLASS", 0,
         "1081-1194", "1.4.18", "control the LRU crawler, or list the items"),
    _row("watch", "admin", "<arg>*", 0, 0, "OK", 0, "1198-1266", "1.4.26", "turn the connection into a log stream"),
    _row("misbehave", "admin", "", 0, 1, "OK", 1, "1871-1884", "1.5.1",
         "check the security restrictions (debug clock only)"),
    _row("debugtime", "admin", "p|r|<seconds>", 1, 0, "OK", 0, "1871-1875", "1.6.10",
         "stop, resume or move the clock (debug clock only)"),
)
# fmt: on

COMMANDS: Final[dict[bytes, Command]] = {row.name: row for row in _ROWS}


def verbs(*kinds: Kind) -> tuple[str, ...]:
    """Return the verbs of these kinds as text, in the order of the table."""
    return tuple(row.name.decode() for row in _ROWS if row.kind in kinds)
