"""Misbehaviours with names: what servers in use were seen to answer, each with where that was reported.

A misbehaviour changes every answer that it is about, until it is taken back; it is for the text and meta protocols.
Faults (`mclite.testing.faults`) are for single requests.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from mclite.protocol.numbers import digits
from mclite.protocol.parser import Request as Parsed
from mclite.protocol.parser import parse
from mclite.testing import words
from mclite.testing.answers import values_of
from mclite.testing.requests import Request

Answer = Callable[[Request, bytes], bytes | None]
Line = Callable[[bytes], bytes]

_LONG_MULTIGET: Final = 100
_VALUE: Final = re.compile(rb"VALUE ([^ \r\n]+) (\d+) (\d+) (\d+)\r\n")

BAD_FORMAT: Final = b"set\r"
"""A line that is answered CLIENT_ERROR bad command line format, and has no data block."""
BAD_FLAG: Final = b"mg k A\r"
"""A line that is answered CLIENT_ERROR invalid flag."""
META_LINE: Final = re.compile(rb"(HD|NF|NS|EX|OK)( [^\r\n]*)?\r\n")


class Misbehaviour(NamedTuple):
    """A misbehaviour; `source` is where it was reported, as project#number on GitHub.

    `answer` is given a request and the true answer, and returns what is sent instead, None to hang up; `line` is given
    a command line without its LF, and returns the one that is carried out.
    """

    name: str
    summary: str
    source: str
    answer: Answer | None = None
    line: Line | None = None


def words_of(line: bytes) -> list[bytes]:
    """Return the words of a command line."""
    return line.rstrip(b"\r").split()


def _instead(old: bytes, new: bytes, *verbs: str) -> Answer:
    """Return what replaces `old` by `new` in the answers to `verbs`."""
    return lambda request, answer: answer.replace(old, new) if request.verb in verbs else answer


def version(text: bytes) -> Answer:
    """Return what answers the version as `text`, in stats as well."""

    def answer(request: Request, true: bytes) -> bytes:
        if request.verb == "version" and true.startswith(b"VERSION "):
            return b"VERSION " + text + b"\r\n"
        if request.verb == "stats":
            return re.sub(rb"STAT version [^\r\n]*", b"STAT version " + text, true)
        return true

    return answer


def _before_end(line: bytes) -> Answer:
    """Return what adds `line` before the END of stats."""

    def answer(request: Request, true: bytes) -> bytes:
        if request.verb == "stats" and true.endswith(b"END\r\n"):
            return true.removesuffix(b"END\r\n") + line + b"END\r\n"
        return true

    return answer


def _without_noreply(line: bytes) -> bytes:
    parsed = parse(line)
    return line.rsplit(b" noreply", 1)[0] + b"\r" if isinstance(parsed, Parsed) and parsed.noreply else line


def _closed_by_noreply(request: Request, true: bytes) -> bytes | None:
    return None if request.noreply and request.verb == "set" else true


def _bare_lf(request: Request, true: bytes) -> bytes:
    wrong = request.verb in ("stats", "incr", "decr", "version", "touch")
    return true.replace(b"\r\n", b"\n") if wrong else true


def _reversed(request: Request, true: bytes) -> bytes:
    if request.verb not in ("get", "gets", "gat", "gats"):
        return true
    values = values_of(true)
    return b"".join(reversed(values)) + true[sum(map(len, values)) :]


def _multiget_fails(request: Request, true: bytes) -> bytes:
    return b"ERROR\r\n" if request.verb in ("get", "gets") and len(request.keys) > _LONG_MULTIGET else true


def _miss_not_found(request: Request, true: bytes) -> bytes:
    miss = request.verb in ("get", "gets") and len(request.keys) == 1 and true == b"END\r\n"
    return b"NOT_FOUND\r\n" if miss else true


def _cas(text: bytes) -> Answer:
    """Return what puts `text` after the length of a VALUE line of gets, in place of the cas unique."""

    def answer(request: Request, true: bytes) -> bytes:
        if request.verb not in ("gets", "gats"):
            return true
        values = values_of(true)
        changed = [_VALUE.sub(rb"VALUE \1 \2 \3" + text + b"\r\n", value, 1) for value in values]
        return b"".join(changed) + true[sum(map(len, values)) :]

    return answer


def _stale_length(request: Request, true: bytes) -> bytes:
    """Answer a number that decr made shorter without its padding, and with the length that it has with it."""
    if request.verb not in ("get", "gets"):
        return true
    values = values_of(true)
    changed = []
    for value in values:
        head, _, block = value.partition(b"\r\n")
        data = block[:-2]
        number = data.rstrip(b" ")
        changed.append(head + b"\r\n" + (number if number.isdigit() else data) + b"\r\n")
    return b"".join(changed) + true[sum(map(len, values)) :]


def _refused(error: bytes, *verbs: bytes) -> tuple[Answer, Line]:
    """Return what answers `error` to `verbs` without carrying them out."""

    def answer(request: Request, true: bytes) -> bytes:
        return error if request.verb.encode() in verbs else true

    def line(sent: bytes) -> bytes:
        return b"version\r" if sent.split(b" ", 1)[0].rstrip(b"\r") in verbs else sent

    return answer, line


def length_by_flag(line: bytes) -> bytes:
    """Read `ms <key> S<bytes> <flags>*`; its other form does not exist, and c and s are ignored."""
    found = words_of(line)
    if found[:1] != [b"ms"] or len(found) < 3:
        return line
    lengths = [token[1:] for token in found[2:] if token[:1] == b"S"]
    if not lengths or not all(65 <= token[0] <= 122 for token in found[2:]):
        return BAD_FLAG
    if digits(lengths[0]) is None:
        return BAD_FORMAT
    if len(lengths) > 1:
        return b" ".join((b"ms", found[1], lengths[0], b"k", b"k")) + b"\r"  # duplicate flag
    rest = [token for token in found[2:] if token[:1] not in (b"S", b"c", b"s")]
    return b" ".join((b"ms", found[1], lengths[0], *rest)) + b"\r"


def ok_for_hd(request: Request, true: bytes) -> bytes:
    """Answer OK where later releases answer HD, and put a second space behind the code of ms."""
    found = META_LINE.match(true)
    if found is None or request.protocol != "meta":
        return true
    code = b"OK" if found[1] == b"HD" else found[1]
    return code + (b" " if request.verb == "ms" else b"") + true[2:]


def _miss_without_flags(request: Request, true: bytes) -> bytes:
    return b"EN\r\n" if request.verb == "mg" and true.startswith(b"EN ") else true


_TABLE: Final = (
    Misbehaviour(
        "noreply-answered",
        "answers commands in spite of noreply",
        "Netflix/dynomite#67",
        line=_without_noreply,
    ),
    Misbehaviour("noreply-closes", "hangs up after a set with noreply", "memcached/memcached#681", _closed_by_noreply),
    Misbehaviour(
        "bare-lf",
        "ends the lines of stats, incr, decr, version and touch in LF alone",
        "tidwall/pogocache#39",
        _bare_lf,
    ),
    Misbehaviour(
        "version-ubuntu", "says VERSION 1.4.14 (Ubuntu)", "3rd-Eden/memcached#256", version(b"1.4.14 (Ubuntu)")
    ),
    Misbehaviour("version-no-number", "says VERSION App Engine", "3rd-Eden/memcached#296", version(b"App Engine")),
    Misbehaviour("version-with-v", "says VERSION v1.12.0", "dragonflydb/dragonfly#2220", version(b"v1.12.0")),
    Misbehaviour(
        "stat-with-spaces",
        "has spaces in the value of a STAT line",
        "prometheus/memcached_exporter#71",
        _before_end(b"STAT logger standard error\r\n"),
    ),
    Misbehaviour(
        "stats-blank-line", "sends an empty line before the END of stats", "facebook/mcrouter#123", _before_end(b"\r\n")
    ),
    Misbehaviour(
        "get-miss-not-found", "answers NOT_FOUND to a get that misses", "pelikan-io/pelikan#150", _miss_not_found
    ),
    Misbehaviour(
        "delete-end",
        "answers END to a delete",
        "twitter-archive/kestrel#79",
        _instead(b"DELETED\r\n", b"END\r\n", "delete"),
    ),
    Misbehaviour("gets-cas-zero", "has the cas unique 0 for every item", "dragonflydb/dragonfly#5033", _cas(b" 0")),
    Misbehaviour("gets-without-cas", "answers gets as it answers get", "wavii/darner#12", _cas(b"")),
    Misbehaviour(
        "reversed-multiget", "sends the values of a multi-get in another order", "twitter/twemproxy#21", _reversed
    ),
    Misbehaviour(
        "long-multiget-error",
        "answers ERROR to a get of more than 100 keys",
        "memcached/memcached#849",
        _multiget_fails,
    ),
    Misbehaviour(
        "decr-stale-length",
        "keeps the length of a number that decr made shorter",
        "alibaba/ApsaraCache#19",
        _stale_length,
    ),
    Misbehaviour(
        "meta-miss-without-opaque",
        "answers EN without the flags O and k",
        "memcached/memcached#880",
        _miss_without_flags,
    ),
    Misbehaviour(
        "meta-1.6.6",
        "speaks the meta commands as memcached 1.6.6 does: OK for HD, and the length of ms as the flag S",
        "RevenueCat/meta-memcache-py#12",
        ok_for_hd,
        length_by_flag,
    ),
    Misbehaviour(
        "gat-refused",
        "answers CLIENT_ERROR malformed request to gat and gats",
        "facebook/mcrouter#222",
        *_refused(b"CLIENT_ERROR malformed request\r\n", b"gat", b"gats"),
    ),
    Misbehaviour(
        "touch-unknown", "answers ERROR to touch", "3rd-Eden/memcached#220", *_refused(b"ERROR\r\n", b"touch")
    ),
)

MISBEHAVIOURS: Final[dict[str, Misbehaviour]] = {row.name: row for row in _TABLE}
"""By name: `pytest.mark.parametrize("name", MISBEHAVIOURS)`."""


class Conduct:
    """What several misbehaviours do together, each to what the one before it left."""

    def __init__(self, parts: Sequence[Misbehaviour] = ()) -> None:
        self._answers = [part.answer for part in parts if part.answer is not None]
        self._lines = [part.line for part in parts if part.line is not None]

    def __bool__(self) -> bool:
        return bool(self._answers or self._lines)

    def line(self, line: bytes) -> bytes:
        """Return the command line that is carried out instead of `line`, both without LF."""
        for change in self._lines:
            line = change(line)
        return line

    def answer(self, request: Request, answer: bytes) -> bytes | None:
        """Return what is sent to `request` instead of `answer`; None to hang up."""
        if request.protocol == "binary":
            return answer
        for change in self._answers:
            changed = change(request, answer)
            if changed is None:
                return None
            answer = changed
        return answer


def misbehaviours(names: str | Sequence[str]) -> list[Misbehaviour]:
    """Return the misbehaviours called `names`: one, several with commas, or a list. Raises ValueError for no name."""
    given = [part.strip() for part in names.split(",")] if isinstance(names, str) else list(names)
    return [MISBEHAVIOURS[words.choose(name, MISBEHAVIOURS, "misbehaviour")] for name in given if name]
