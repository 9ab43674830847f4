"""Framing of an answer: whether a client that reads by lengths and lines stays in step with the server.

An answer may be wrong and still be framed: the client reads it whole and goes on. Framing is broken when an announced
length is not that of the data block (lines 306-322 of protocol.txt), when there are more or fewer responses than
requests that ask for one, `noreply` included (259-263), or when the answer is to another request.

The parser knows the shapes of responses only as far as it takes to find their ends. Where a script leaves the shape
open (a part of a line, one of several shapes, lines of a watcher) nothing is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mclite.replay.scenario.talk import Act, AnyOf, Expect, Op, SomeOf, Write
from mclite.replay.scenario.wire import brief

#: First words of lines that are not the last of their response.
_PARTS = frozenset({b"STAT", b"ITEM", b"PREFIX", b"mg"})
_VALUE = re.compile(rb"VALUE (\S{1,250}) [0-9]+ ([0-9]{1,10})(?: [0-9]+)? ?\r\n")
_VA = re.compile(rb"VA ([0-9]{1,10})((?: \S+)*) ?\r\n")
#: Lines of an answer that are looked at; a hostile target can send any number.
LINES = 5000
#: First words of responses that are one line.
_SINGLE = re.compile(
    rb"(STORED|NOT_STORED|EXISTS|NOT_FOUND|DELETED|TOUCHED|OK|RESET|VERSION|ERROR|CLIENT_ERROR|SERVER_ERROR|BUSY|BADCLASS"
    rb"|NOSPARE|NOTFULL|UNSAFE|SAME|HD|EN|NF|NS|EX|MN|ME|END|[0-9]+)\b"
)


@dataclass(frozen=True, slots=True)
class _Responses:
    """Number of whole responses in some bytes, and what breaks the framing of one of them."""

    count: int
    problem: str | None = None
    known: bool = True  #: every line had a shape that the parser knows


def broken(sent: bytes, received: bytes, expected: int | None, answered: bool) -> str | None:
    """Return how the framing of an exchange is broken, as one clause, or None.

    Args:
        sent: what the requests of the exchange were.
        received: every byte that followed, without the answer to the closing `version`.
        expected: number of responses that the requests ask for; None where the script leaves it open.
        answered: whether the closing `version` was answered behind `received`.
    """
    found = _responses(received, sent, complete=answered)
    if found.problem is not None:
        return found.problem
    if expected is None or not found.known or not answered or found.count == expected:
        return None
    which = "too many" if found.count > expected else "too few"
    return f"{_count(found.count)} where {_count(expected)} had to come: {which}"


def _count(number: int) -> str:
    return f"{number} response" if number == 1 else f"{number} responses"


def _responses(data: bytes, sent: bytes, *, complete: bool) -> _Responses:
    """Count the responses in `data`; `complete` says that nothing of them is missing."""
    words = frozenset(sent.split()) | frozenset(re.split(rb"[ \r\n]+", sent))  # a tab, too, may part two keys
    count = at = 0
    inside = False  # a response of several lines has begun
    lines = 0
    while at < len(data):
        lines += 1
        if lines > LINES:
            return _Responses(count, known=not inside)
        end = data.find(b"\n", at) + 1
        if not end:
            return _Responses(count, known=False)
        line = data[at:end]
        if found := _VALUE.fullmatch(line) or _VA.fullmatch(line):
            size = int(found[2] if line.startswith(b"VALUE") else found[1])
            block = data[end : end + size + 2]
            if block[size:] != b"\r\n" and (complete or len(block) == size + 2):
                return _Responses(count, _lies(line, data[end:], size))
            if line.startswith(b"VALUE"):
                if found[1] not in words:
                    return _Responses(count, f"an answer to another request: `{brief(line.rstrip(), 60, 0)}`")
                inside = True
            else:
                count += 1
            at = end + size + 2
            continue
        at = end
        word = line.split(b" ", 1)[0].rstrip(b"\r\n")
        if word in _PARTS or line.startswith(b"key="):
            inside = True
        elif _SINGLE.match(line):
            count += 1
            inside = False
        else:
            return _Responses(count, known=False)
    return _Responses(count, known=not inside)


def _lies(line: bytes, rest: bytes, size: int) -> str:
    """Return the clause for a data block that has not the announced length."""
    end = rest.find(b"\r\n")
    actual = f", the data block has {end}" if 0 <= end != size and b"\r\n" not in rest[:end] else ""
    return f"`{brief(line.rstrip(), 60, 0)}` announces {size} bytes{actual or ', the data block has another length'}"


def expected_responses(ops: Iterable[Op], conn: str) -> int | None:
    """Return how many responses the operations on `conn` expect; None where they leave it open."""
    count = 0
    lines = _lines(ops, conn)
    for word in lines:
        if word is None:
            return None
        if word == b"VALUE":
            next(lines, None)  # its data block
        elif word == b"VA":
            next(lines, None)
            count += 1
        elif word not in _PARTS and not word.startswith(b"key="):
            if not _SINGLE.match(word):
                return None
            count += 1
    return count


def _lines(ops: Iterable[Op], conn: str) -> Iterator[bytes | None]:
    """Yield the first word of each expected line, None where it is open."""
    for op in ops:
        if op.conn != conn or isinstance(op, Write):
            continue
        match op:
            case Expect(text=text, end=end):
                yield _word(text.source) if end and "\\n" not in text.source else None
            case AnyOf(options=options):
                words = {_word(item.text.source) for item in options}
                single = all(word and _SINGLE.match(word) and word != b"END" for word in words)
                yield words.pop() if len(words) == 1 or single else None
            case SomeOf(until=Expect(text=text)):
                yield _word(text.source)
            case Act(verb="wait" | "open" | "chop" | "silence"):
                continue
            case _:
                yield None


def _word(source: str) -> bytes | None:
    """Return the first word of a line as it is written in a talk; None when it is no literal."""
    word = source.split(" ", 1)[0]
    if word.startswith("{"):
        return b"0" if re.fullmatch(r"\{[a-z0-9_]*:u?int[0-9]*\}", word) else None
    return None if "{" in word else word.encode()
