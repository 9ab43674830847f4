"""Split an answer into lines and data blocks, and find the keys, cas uniques and times in them.

Two answers are the same when their texts are, their cas uniques match in order, and their times differ by no more than
the servers' clocks do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

#: Seconds by which a time may differ: each server has a clock that ticks once a second.
TOLERANCE = 2

#: The most bytes of a line, and of words in it, that are looked into; the most lines of an answer. What is beyond is
#: compared as it is: a key has 250 bytes, and no answer of a session more than a few hundred lines.
LONGEST_LINE, MOST_WORDS, MOST_LINES = 1024, 64, 2000

#: What the connection does after an answer: takes the next request, waits for more of this one, is closed, or sends on
#: and on, so that it is not read to its end.
After = Literal["ready", "waits", "closed", "endless"]


@dataclass(frozen=True, slots=True)
class Key:
    """A key, as it was sent."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Unique:
    """A cas unique: the first, second ... different one that the server sent, and its number."""

    index: int
    number: bytes


@dataclass(frozen=True, slots=True)
class Time:
    """Seconds."""

    seconds: int

    def near(self, other: Time) -> bool:
        """Tell whether two servers may say these at once; -1 is for ever, and near to nothing else."""
        if -1 in (self.seconds, other.seconds):
            return self.seconds == other.seconds
        return abs(self.seconds - other.seconds) <= TOLERANCE


Part = bytes | Key | Unique | Time


@dataclass(frozen=True, slots=True)
class Line:
    """A line or a data block, without its CR LF; `whole` is false when the CR LF is missing."""

    parts: tuple[Part, ...]
    block: bool = False
    whole: bool = True

    @property
    def text(self) -> bytes:
        """The line for people and for its kind: cas uniques and times left out."""
        return b"".join(
            part if isinstance(part, bytes) else part.data if isinstance(part, Key) else b"?" for part in self.parts
        )

    @property
    def said(self) -> bytes:
        """The line as the server sent it."""
        return b"".join(_bytes_of(part) for part in self.parts)

    def same(self, other: Line) -> bool:
        """Tell whether two servers said the same."""
        if self.block != other.block or self.whole != other.whole or len(self.parts) != len(other.parts):
            return False
        return all(_same(a, b) for a, b in zip(self.parts, other.parts, strict=True))


@dataclass(frozen=True, slots=True)
class Answer:
    """All that the server sent until the connection was ready again, seemed to wait, or was closed."""

    lines: tuple[Line, ...]
    after: After

    def same(self, other: Answer) -> bool:
        """Tell whether two servers said the same."""
        return (
            self.after == other.after
            and len(self.lines) == len(other.lines)
            and all(a.same(b) for a, b in zip(self.lines, other.lines, strict=True))
        )


def _bytes_of(part: Part) -> bytes:
    match part:
        case Key(data) | Unique(_, data):
            return data
        case Time(seconds):
            return b"%d" % seconds
        case _:
            return part


def _same(a: Part, b: Part) -> bool:
    if isinstance(a, Unique) and isinstance(b, Unique):
        return a.index == b.index
    if isinstance(a, Time) and isinstance(b, Time):
        return a.near(b)
    return a == b


class Uniques:
    """The cas uniques that one server sent, in their order."""

    def __init__(self) -> None:
        self._seen: dict[bytes, int] = {}
        self.last: bytes | None = None

    def of(self, number: bytes) -> Part:
        """Return the part for a number; 0 is no cas unique."""
        if number.strip(b"0") == b"":
            return number
        self.last = number
        return Unique(self._seen.setdefault(number, len(self._seen) + 1), number)

    def known(self, number: bytes) -> int | None:
        """Return which of the cas uniques a number is, None when the server never sent it."""
        return self._seen.get(number)


_VALUE = re.compile(rb"VALUE (\S+) (\d+) (\d{1,20})(?: (\d+))?")
_META = re.compile(rb"(VA \d{1,20}|HD|EN|NF|NS|EX)((?: [^ \r\n]+)*) ?")
_DEBUG = re.compile(rb"ME (\S+) (.*)")
_FIELD = re.compile(rb"(?<![^ ])(exp|la|cas)=(-?\d{1,20})(?![^ ])")
_FLAG_NUMBER = re.compile(rb"([ctl])(-?\d{1,20})")


def take_apart(data: bytes, uniques: Uniques) -> tuple[Line, ...]:
    """Return the lines of `data`, bytes that a server sent in answer to whole requests."""
    return tuple(_lines(data, uniques))


def _lines(data: bytes, uniques: Uniques) -> Iterator[Line]:
    position = count = 0
    while position < len(data):
        count += 1
        end = data.find(b"\r\n", position)
        if end < 0 or count > MOST_LINES:
            yield Line((data[position:],), whole=False)
            return
        line = data[position:end]
        position = end + 2
        yield Line(tuple(_joined(parts_of(line, uniques))))
        length = block_length(line)
        if length is not None:
            block = data[position : position + length]
            whole = data[position + length : position + length + 2] == b"\r\n"
            yield Line((block,), block=True, whole=whole)
            position += length + (2 if whole else 0)


def block_length(line: bytes) -> int | None:
    """Return the bytes of the data block that follows a line of an answer, None when none does."""
    if len(line) > LONGEST_LINE:
        return None
    if found := _VALUE.fullmatch(line):
        return int(found[3])
    if line.startswith(b"VA ") and (found := _META.fullmatch(line)):
        return int(found[1][3:])
    return None


def parts_of(line: bytes, uniques: Uniques) -> Iterator[Part]:
    """Yield the parts of a line: what may differ between two servers apart from what may not."""
    if len(line) > LONGEST_LINE or line.count(b" ") > MOST_WORDS:
        yield line
    elif found := _VALUE.fullmatch(line):
        yield b"VALUE "
        yield Key(found[1])
        yield line[found.end(1) : found.start(4) if found[4] else len(line)]
        if found[4]:
            yield uniques.of(found[4])
    elif found := _META.fullmatch(line):
        yield found[1]
        for token in line[found.end(1) :].split(b" ")[1:]:
            yield b" "
            yield from _flag(token, uniques)
    elif found := _DEBUG.fullmatch(line):
        yield b"ME "
        yield Key(found[1])
        yield b" "
        position = 0
        for field in _FIELD.finditer(found[2]):
            yield found[2][position : field.start(2)]
            yield uniques.of(field[2]) if field[1] == b"cas" else _time(field[2])
            position = field.end()
        yield found[2][position:]
    else:
        yield line


def _flag(token: bytes, uniques: Uniques) -> Iterator[Part]:
    if found := _FLAG_NUMBER.fullmatch(token):
        yield found[1]
        yield uniques.of(found[2]) if found[1] == b"c" else _time(found[2])
    elif token.startswith(b"k") and len(token) > 1:
        yield b"k"
        yield Key(token[1:])
    else:
        yield token


def _time(digits: bytes) -> Part:
    return digits if digits == b"-1" else Time(int(digits))


def _joined(parts: Iterator[Part]) -> Iterator[Part]:
    """Join neighbouring bytes, and leave out empty ones: equal lines have equal parts."""
    text = b""
    for part in parts:
        if isinstance(part, bytes):
            text += part
            continue
        if text:
            yield text
        text = b""
        yield part
    if text:
        yield text
