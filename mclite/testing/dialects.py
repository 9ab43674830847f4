"""How older releases of memcached answer otherwise than 1.6.45, so that a client can be tried against one.

Each difference is a row, with the last release that has it, found by asking the releases themselves. It is about what
a client sees: commands that are unknown, the form of lines, errors. Which items are evicted, what statistics there are
and what the LRU does are those of 1.6.45. A release is offered only if it was asked; 1.4.26, which loses answers, and
1.5.19 to 1.5.22, whose meta commands no other release has, are not.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from mclite.protocol import errors
from mclite.protocol.commands import COMMANDS
from mclite.protocol.meta import well_formed
from mclite.protocol.numbers import UINT32, digits, signed_32
from mclite.protocol.parser import KEY_MAX
from mclite.testing.answers import values_of
from mclite.testing.misbehaviours import (
    BAD_FLAG,
    BAD_FORMAT,
    META_LINE,
    Answer,
    Line,
    Misbehaviour,
    length_by_flag,
    ok_for_hd,
    version,
    words_of,
)
from mclite.testing.requests import Request
from mclite.testing.words import choose

RELEASES: Final = (
    *(f"1.4.{number}" for number in range(15, 40) if number != 26),
    *(f"1.5.{number}" for number in range(19)),
    *(f"1.6.{number}" for number in range(46)),
)
"""The releases that were asked."""

_UNKNOWN: Final = b"unknown\r"
"""A line that is answered ERROR, as what a release does not know."""
_WRONG_FLAG: Final = b"CLIENT_ERROR invalid or duplicate flag\r\n"
_STORAGE: Final = frozenset((b"set", b"add", b"replace", b"append", b"prepend", b"cas"))
_META: Final = frozenset((b"mg", b"ms", b"md", b"ma", b"me", b"mn"))
_LEAST: Final = {
    b"get": 1, b"gets": 1, b"touch": 2, b"incr": 2, b"decr": 2, b"verbosity": 1, b"delete": 1,
    **dict.fromkeys(_STORAGE, 4), b"cas": 5, b"mg": 1, b"md": 1, b"ma": 1, b"gat": 1, b"gats": 1,
}  # fmt: skip


class Difference(NamedTuple):
    """What releases from `since` to `until` do otherwise; `answer` and `line` are those of Misbehaviour."""

    until: str
    summary: str
    answer: Answer | None = None
    line: Line | None = None
    since: str = RELEASES[0]


def _unknown(*verbs: bytes) -> Line:
    """Return what makes `verbs` unknown; one with a space in it is a verb and its first argument."""
    return lambda line: _UNKNOWN if line.startswith(verbs) and _is(line, verbs) else line


def _is(line: bytes, verbs: tuple[bytes, ...]) -> bool:
    found = words_of(line)
    return b" ".join(found[:1]) in verbs or b" ".join(found[:2]) in verbs


def _too_few(line: bytes) -> bytes:
    found = words_of(line)
    if len(line.rstrip(b"\r")) < 2 or (found and len(found) - 1 < _LEAST.get(found[0], 0)):
        return _UNKNOWN
    return line


def _unknown_noreply(line: bytes) -> bytes:
    found = words_of(line)
    return _UNKNOWN if found[-1:] == [b"noreply"] and found[0] not in COMMANDS else line


def _too_many(line: bytes) -> bytes:
    found = words_of(line)
    if found and found[0] in _STORAGE and len(found) - 1 > _LEAST[found[0]] + 1:
        return _UNKNOWN
    return line


def _bad_storage(line: bytes) -> bytes:
    """Let a storage command with a bad number or key have no data block: what follows is the next command."""
    found = words_of(line)
    if not found or found[0] not in _STORAGE or len(found) < 5:
        return line
    key, flags, exptime = found[1:4]
    sign = exptime[:1] if exptime[:1] == b"-" else b""
    number, seconds = digits(flags), digits(exptime.removeprefix(b"-"))
    if len(key) > KEY_MAX or number is None or seconds is None:
        return BAD_FORMAT
    if number <= UINT32 and signed_32(exptime) is not None:
        return line
    wrapped = (seconds + 2**31) % 2**32 - 2**31  # as C does
    found[2:4] = [b"%d" % (number & UINT32), sign + b"%d" % wrapped if wrapped >= 0 else b"%d" % wrapped]
    return b" ".join(found) + b"\r"


def _delete_usage(request: Request, true: bytes) -> bytes:
    if request.verb != "delete" or request.tokens in ((), ("0",)):
        return true
    return b"CLIENT_ERROR bad command line format.  Usage: delete <key> [noreply]\r\n"


def _delete_kept(line: bytes) -> bytes:
    """Let a delete with an argument that is refused delete nothing."""
    found = words_of(line)
    rest = found[2:] if found[:1] == [b"delete"] else []
    return b"version\r" if rest and rest not in ([b"0"], [b"noreply"], [b"0", b"noreply"]) else line


def _bare_mg(line: bytes) -> bytes:
    found = words_of(line)
    return BAD_FORMAT if found[:1] == [b"mg"] and len(found) == 2 else line


def _bare_miss(request: Request, true: bytes) -> bytes:
    return b"EN\r\n" if request.verb == "mg" and true.startswith(b"EN ") else true


def _spaced(request: Request, true: bytes) -> bytes:
    """Put a second space behind the code of md, and of ma that changes nothing."""
    found = META_LINE.match(true)
    if found is None or request.verb not in ("md", "ma") or (request.verb == "ma" and found[1] == b"HD"):
        return true
    return found[1] + b" " + true[2:]


def _without_size(line: bytes) -> bytes:
    found = words_of(line)
    if found[:1] != [b"ms"] or b"s" not in found[3:]:
        return line
    return b" ".join(found[:3] + [token for token in found[3:] if token != b"s"]) + b"\r"


def _flag_unknown(letter: bytes, *verbs: bytes) -> Line:
    """Return what makes the flag `letter` invalid in `verbs`; the data block of ms is still read."""

    def line(sent: bytes) -> bytes:
        found = words_of(sent)
        if not found or found[0] not in verbs or not any(token[:1] == letter for token in found[2:]):
            return sent
        return b" ".join((*found[:3], b"A")) + b"\r" if found[0] == b"ms" else BAD_FLAG

    return line


def _size_with_cas(request: Request, true: bytes) -> bytes:
    if request.verb != "ms" or "c" not in request.tokens or "s" in request.tokens or request.data is None:
        return true
    head, cas, rest = true.partition(b" c")
    unique, space, after = rest.partition(b" ") if b" " in rest else rest.partition(b"\r")
    return head + cas + unique + b" s%d" % len(request.data) + space + after if cas else true


def _wrong_flag(request: Request, true: bytes) -> bytes:
    wrong = request.verb in ("md", "ma") and true in (errors.BAD_FLAG, errors.DUPLICATE_FLAG)
    return _WRONG_FLAG if wrong else true


def _no_letter(line: bytes) -> bytes:
    found = words_of(line)
    odd = found[:1] and found[0] in _META and not well_formed(found[3 if found[0] == b"ms" else 2 :])
    return BAD_FLAG if odd else line


def _long_mode(request: Request, true: bytes) -> bytes:
    wrong = true.startswith(b"CLIENT_ERROR invalid mode for m")
    long = any(token.startswith("M") and len(token) != 2 for token in request.tokens)
    return b"CLIENT_ERROR incorrect length for M token\r\n" if wrong and long else true


def _crawler_starts(request: Request, true: bytes) -> bytes:
    starts = request.verb == "lru_crawler" and request.tokens == ("enable",)
    return b"OK\r\n" if starts and true.startswith(b"ERROR failed to start") else true


def _no_reassign(request: Request, true: bytes) -> bytes:
    reassign = request.verb == "slabs" and request.tokens[:1] == ("reassign",)
    return b"CLIENT_ERROR slab reassignment disabled\r\n" if reassign else true


def _version_alone(line: bytes) -> bytes:
    found = words_of(line)
    return _UNKNOWN if found[:1] == [b"version"] and len(found) > 1 else line


def _gat_without_key(instead: bytes) -> Line:
    """Return what makes `gat <exptime>` the line `instead`."""

    def line(sent: bytes) -> bytes:
        found = words_of(sent)
        return instead if found[:1] in ([b"gat"], [b"gats"]) and len(found) == 2 else sent

    return line


def _instead(verb: str, old: bytes, new: bytes) -> Answer:
    return lambda request, true: new if request.verb == verb and true == old else true


def _unpadded(request: Request, true: bytes) -> bytes:
    """Show a number that decr made shorter without the spaces that later releases leave."""
    if request.verb not in ("get", "gets"):
        return true
    values = values_of(true)
    changed = []
    for value in values:
        head, _, block = value.partition(b"\r\n")
        number = block[:-2].rstrip(b" ")
        if number != block[:-2] and number.isdigit():
            parts = head.split(b" ")
            parts[3] = b"%d" % len(number)
            value = b" ".join(parts) + b"\r\n" + number + b"\r\n"
        changed.append(value)
    return b"".join(changed) + true[sum(map(len, values)) :]


DIFFERENCES: Final = (
    # The first three are about lines as clients send them; later rows make lines that would be such.
    Difference("1.6.39", "too few arguments, and empty lines, are answered ERROR", line=_too_few),
    Difference("1.6.39", "an unknown command with noreply is answered", line=_unknown_noreply),
    Difference("1.6.39", "too many arguments of a storage command are answered ERROR", line=_too_many),
    Difference(
        "1.6.39",
        "a storage command with a bad number or key has no data block, and large numbers wrap",
        line=_bad_storage,
    ),
    Difference("1.4.15", "shutdown is unknown", line=_unknown(b"shutdown")),
    Difference("1.4.16", "decr leaves no spaces behind a number that it makes shorter", _unpadded),
    Difference("1.4.17", "lru_crawler is unknown", line=_unknown(b"lru_crawler")),
    Difference("1.4.25", "cache_memlimit and watch are unknown", line=_unknown(b"cache_memlimit", b"watch")),
    Difference("1.4.37", "lru is unknown", line=_unknown(b"lru")),
    Difference("1.4.39", "lru mode and temp_ttl are unknown", line=_unknown(b"lru mode", b"lru temp_ttl")),
    Difference("1.4.39", "the LRU crawler is off, and can be enabled", _crawler_starts),
    Difference("1.4.39", "slabs reassign is off", _no_reassign),
    Difference("1.5.2", "gat and gats are unknown", line=_unknown(b"gat", b"gats")),
    Difference("1.5.22", "the meta commands are unknown", line=_unknown(*sorted(_META))),
    Difference(
        "1.6.6",
        "flush_all takes any argument",
        _instead("flush_all", b"CLIENT_ERROR invalid exptime argument\r\n", b"OK\r\n"),
    ),
    Difference("1.6.6", "verbosity takes any argument", _instead("verbosity", errors.BAD_FORMAT, b"OK\r\n")),
    Difference("1.6.2", "version takes no argument", line=_version_alone),
    Difference("1.6.2", "gat needs a key", line=_gat_without_key(_UNKNOWN)),
    Difference("1.6.39", "gat without a key finds nothing", line=_gat_without_key(b"get noreply\r")),
    Difference("1.6.9", "there is no flag b", line=_flag_unknown(b"b", b"mg", b"ms", b"md", b"ma")),
    Difference("1.6.9", "ms has its length as the flag S, and neither c nor s", line=length_by_flag),
    Difference("1.6.17", "mg needs a flag", line=_bare_mg),
    Difference("1.6.17", "mg misses without O and k", _bare_miss),
    Difference("1.6.17", "md, and ma that changes nothing, have a space too many", _spaced),
    Difference("1.6.9", "meta commands answer OK for HD, and ms has a space too many", ok_for_hd),
    Difference("1.6.19", "ms ignores s", line=_without_size),
    Difference("1.6.20", "ms returns the size with c, too", _size_with_cas, since="1.6.20"),
    Difference("1.6.26", "there is no flag x", line=_flag_unknown(b"x", b"mg", b"ms", b"md", b"ma")),
    Difference("1.6.26", "there is no flag E", line=_flag_unknown(b"E", b"mg", b"ms", b"md", b"ma")),
    Difference("1.6.26", "md and ma have an error text of their own for a wrong flag", _wrong_flag),
    Difference(
        "1.6.39",
        "md does not say that a key is no base64",
        _instead("md", errors.BAD_KEY_ENCODING, _WRONG_FLAG),
    ),
    Difference("1.6.39", "what is no letter is a wrong flag, too", line=_no_letter),
    Difference("1.6.39", "a mode longer than a letter has an error text of its own", _long_mode),
    Difference("1.6.40", "lru is unknown", line=_unknown(b"lru"), since="1.6.40"),
    Difference("1.6.39", "delete takes 0 and noreply, and nothing else", _delete_usage, _delete_kept),
    Difference(
        "1.6.39",
        "a shutdown that is not allowed is an ERROR",
        _instead("shutdown", b"SERVER_ERROR: shutdown not enabled\r\n", b"ERROR: shutdown not enabled\r\n"),
    ),
)  # fmt: skip


def number(release: str) -> tuple[int, ...]:
    """Return a release as numbers to compare."""
    return tuple(int(part) for part in release.split("."))


def dialect(name: str) -> list[Misbehaviour]:
    """Return how the release `name` answers otherwise: memcached-1.6.6, or its number. Raises ValueError."""
    release = choose(name.removeprefix("memcached-"), RELEASES, "memcached release to answer like")
    rows = [row for row in DIFFERENCES if number(row.since) <= number(release) <= number(row.until)]
    parts = [Misbehaviour(f"until {row.until}", row.summary, "", row.answer, row.line) for row in rows]
    return [Misbehaviour(release, f"says VERSION {release}", "", version(release.encode())), *parts]
