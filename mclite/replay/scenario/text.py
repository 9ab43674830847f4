"""The text of one line of a talk: literal bytes and slots, how it is sent and matched (notation.py parses it).

A text that is sent or must come exactly is rendered to bytes; one with a `{name:type}` is matched part by
part. No part ever matches across the end of a line, so a match costs at most one pass over the line a slot.
"""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from mclite.replay.scenario.wire import brief, escape

#: Bytes of each unique key, in every process of every run (result.py makes them); `{key:250}` makes longer ones.
KEY_LENGTH = 13

Values = dict[str, bytes]
#: The slots of a text, each with the bytes that it matched.
Filled = list[tuple["Slot", bytes]]


class TextError(ValueError):
    """A text is malformed; the message says how."""


@dataclass(frozen=True, slots=True)
class Literal:
    """Bytes that stand for themselves."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Value:
    """`{name}` or `{name+1}`: the value of a name, plus a number."""

    name: str
    delta: int | None
    source: str


@dataclass(frozen=True, slots=True)
class Encoded:
    """`{name|base64}`: the value of a name in base64, as the meta commands take binary keys."""

    name: str


@dataclass(frozen=True, slots=True)
class Clock:
    """`{time+100}`: Unix time in seconds when the line is sent or matched, plus a number."""

    delta: int


@dataclass(frozen=True, slots=True)
class Padded:
    """`{key:250}`: a new unique key of exactly this many bytes."""

    name: str
    length: int


@dataclass(frozen=True, slots=True)
class Repeat:
    """`{text*n}`: a text n times."""

    text: Text
    count: int


@dataclass(frozen=True, slots=True)
class Bound:
    """An end of `n..m`: a number, or the value of a name (or the clock) plus a number; None is open."""

    name: str | None
    number: int

    def value(self, values: Mapping[str, bytes]) -> int:
        """Return the number; `values` must hold the name."""
        if self.name is None:
            return self.number
        if self.name == "time":
            return _now(values) + self.number
        return _integer(self.name, values) + self.number


@dataclass(frozen=True, slots=True)
class Slot:
    """`{name:type}`: bytes that come from the server, checked and, with a name, kept."""

    name: str | None
    pattern: re.Pattern[bytes]
    source: str
    differs_from: str | None = None
    low: Bound | None = None
    high: Bound | None = None

    def accepts(self, data: bytes, values: Mapping[str, bytes]) -> bool:
        """Tell whether bytes that have the form of the slot also have a value that it allows."""
        if self.differs_from is not None:
            return data != values[self.differs_from]
        if self.low is not None and int(data) < self.low.value(values):
            return False
        return self.high is None or int(data) <= self.high.value(values)

    def names(self) -> Iterator[str]:
        """Yield the names whose values the slot needs."""
        if self.differs_from is not None:
            yield self.differs_from
        for bound in (self.low, self.high):
            if bound is not None and bound.name is not None and bound.name != "time":
                yield bound.name


Part = Literal | Value | Encoded | Clock | Padded | Repeat | Slot


def _now(values: Mapping[str, bytes]) -> int:
    """Return Unix time, of the server if its clock is moved: then it is the value of `time`, which no step binds."""
    return int(values["time"]) if "time" in values else int(time.time())


def _integer(name: str, values: Mapping[str, bytes]) -> int:
    try:
        return int(values[name])
    except ValueError:
        raise TextError(f"{{{name}}} is {escape(values[name])!r}, not a number to calculate with") from None


@dataclass(frozen=True, slots=True)
class Text:
    """A parsed text; `constant` is its bytes when it has no slot that changes."""

    source: str
    parts: tuple[Part, ...]
    constant: bytes | None
    matches: bool  #: it holds a `{name:type}`, so it is a pattern
    needs: tuple[str, ...] = ()  #: the names whose values must be known before
    binds: tuple[str, ...] = ()  #: the names to which it gives a value

    def render(self, values: Values, new_key: Callable[[int | None], bytes]) -> bytes:
        """Return the bytes to send, or that must come; `new_key(length)` makes the keys without a value."""
        if self.constant is not None:
            return self.constant
        out: list[bytes] = []
        for part in self.parts:
            match part:
                case Literal(data):
                    out.append(data)
                case Value(name) | Encoded(name):
                    if name not in values and name.startswith("key"):
                        values[name] = new_key(None)
                    out.append(_bytes_of(part, values))
                case Padded(name, length):
                    values[name] = new_key(length)
                    out.append(values[name])
                case Repeat(text, count):
                    out.append(text.render(values, new_key) * count)
                case Slot(source=source):
                    raise TextError(f"{source} matches what comes; it cannot be sent")
                case _:
                    out.append(_bytes_of(part, values))
        return b"".join(out)

    def match(self, data: bytes, values: Values) -> Values | int:
        """Match a whole line; return the new names and their values, or the index at which it differs."""
        filled = self.fill(data, values)
        return filled if isinstance(filled, int) else named(filled)

    def fill(self, data: bytes, values: Values) -> Filled | int:
        """Match a whole line; return the bytes of its slots, or the index at which it differs."""
        filled: Filled = []
        found: Values = {}
        position = 0
        parts = self.parts
        for index, part in enumerate(parts):
            known = {**values, **found} if found else values
            if not isinstance(part, Slot):
                wanted = _bytes_of(part, known)
                if not data.startswith(wanted, position):
                    return position + _common(wanted, data[position : position + len(wanted)])
                position += len(wanted)
                continue
            following = parts[index + 1] if index + 1 < len(parts) else None
            end = _slot_end(part, data, position, following, known)
            if end is None:
                return position
            filled.append((part, data[position:end]))
            if part.name is not None:
                found[part.name] = data[position:end]
            position = end
        return filled if position == len(data) else position

    def show(self, values: Mapping[str, bytes]) -> str:
        """Return the text for people: values put in, slots that match as they are written."""
        if self.constant is not None:
            return brief(self.constant)
        shown = []
        for part in self.parts:
            if isinstance(part, Slot):
                shown.append(part.source)
            elif isinstance(part, Padded) or (isinstance(part, Value | Encoded) and part.name not in values):
                shown.append(f"{{{part.name}}}")
            else:
                shown.append(brief(_bytes_of(part, values)))
        return "".join(shown)


def needs(parts: Iterable[Part]) -> Iterator[str]:
    """Yield the names whose values parts need."""
    for part in parts:
        match part:
            case Value(name) | Encoded(name):
                yield name
            case Repeat(text):
                yield from text.needs
            case Slot():
                yield from part.names()
            case _:
                pass


def binds(parts: Iterable[Part]) -> Iterator[str]:
    """Yield the names to which parts give a value."""
    for part in parts:
        if isinstance(part, Padded) or (isinstance(part, Slot) and part.name is not None):
            yield part.name  # type: ignore[misc]  # not None, by the line above


def named(filled: Filled) -> Values:
    """Return the values that slots give to names."""
    return {slot.name: data for slot, data in filled if slot.name is not None}


def _bytes_of(part: Part, values: Mapping[str, bytes]) -> bytes:
    """Return the bytes of a part that matches exactly."""
    match part:
        case Literal(data):
            return data
        case Value(name, None):
            return values[name]
        case Value(name, delta):
            return b"%d" % (_integer(name, values) + (delta or 0))
        case Encoded(name):
            return base64.b64encode(values[name])
        case Clock(delta):
            return b"%d" % (_now(values) + delta)
        case Repeat(text, count):
            return b"".join([_bytes_of(item, values) for item in text.parts]) * count
        case _:
            raise TextError("a new key has no value before it is sent")


def _common(wanted: bytes, got: bytes) -> int:
    return next((index for index, pair in enumerate(zip(wanted, got, strict=False)) if pair[0] != pair[1]), len(got))


def _slot_end(slot: Slot, data: bytes, start: int, following: Part | None, values: Mapping[str, bytes]) -> int | None:
    """Return where the bytes of a slot end: as far as it can go while what follows still fits."""
    longest = slot.pattern.match(data, start)
    if longest is None:
        return None
    if following is None or isinstance(following, Slot):
        ends = iter((longest.end(),))
    else:
        ends = _places(data, _bytes_of(following, values), start, longest.end())
    for end in ends:
        if slot.pattern.fullmatch(data, start, end) and slot.accepts(data[start:end], values):
            return end
    return None


def _places(data: bytes, wanted: bytes, start: int, end: int) -> Iterator[int]:
    """Yield where `wanted` begins in `data`, from `end` down to `start`; if nowhere, `end`."""
    yielded = False
    place = data.rfind(wanted, start, end + len(wanted))
    while place >= start:
        yielded = True
        yield place
        place = data.rfind(wanted, start, place + len(wanted) - 1) if place > start else -1
    if not yielded:
        yield end
