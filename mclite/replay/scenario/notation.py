"""How the text of a line is written: characters, escapes and slots, parsed to the parts of text.py.

text  = any character | \\r \\n \\t \\0 \\\\ \\{ \\} \\xHH | slot
slot  = {name} {name+1} {name|base64} {time+100} {text*n} {key:250} {name:type} {:type}
type  = uint | word | rest | n..m | !name | /regex/
"""

from __future__ import annotations

import functools
import re

from mclite.replay.scenario.text import (
    KEY_LENGTH,
    Bound,
    Clock,
    Encoded,
    Literal,
    Padded,
    Part,
    Repeat,
    Slot,
    Text,
    TextError,
    Value,
    binds,
    needs,
)

#: The most bytes that a `{text*n}` may grow to.
LARGEST = 64 * 1024 * 1024

_PLAIN = re.compile(r"[^\\{}]+")
_NAME = r"[A-Za-z][A-Za-z0-9_]*"
_REGEX_SLOT = re.compile(rf"\{{({_NAME})?:/(.*?)/\}}")
_REPEAT = re.compile(r"(.+)\*([0-9]+)", re.DOTALL)
_CLOCK = re.compile(r"time([+-][0-9]+)?")
_VALUE = re.compile(rf"({_NAME})([+-][0-9]+)?")
_ENCODED = re.compile(rf"({_NAME})\|base64")
_TYPED = re.compile(rf"({_NAME})?:(.+)")
_RANGE = re.compile(rf"(-?[0-9]+|{_NAME}(?:[+-][0-9]+)?)?\.\.(-?[0-9]+|{_NAME}(?:[+-][0-9]+)?)?")
_ESCAPES = {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0", "\\": b"\\", "{": b"{", "}": b"}"}
_FORMS = {
    "uint": re.compile(rb"0|[1-9][0-9]*"),
    "word": re.compile(rb"[^ \t\r\n\0]+"),
    "rest": re.compile(rb"[^\r\n]*"),
}
_INTEGER = re.compile(rb"-?[0-9]{1,20}")


@functools.lru_cache(maxsize=16384)  # the same lines stand in many scenarios
def parse_text(source: str) -> Text:
    """Parse the text of a line, without its end; raise TextError when it is malformed."""
    parts: list[Part] = []
    literal = bytearray()
    position = 0
    while position < len(source):
        character = source[position]
        if character == "\\":
            data, position = _escape_at(source, position)
            literal += data
        elif character == "{":
            part, position = _slot_at(source, position)
            if isinstance(part, Repeat) and part.text.constant is not None:
                literal += part.text.constant * part.count
                continue
            if literal:
                parts.append(Literal(bytes(literal)))
                literal.clear()
            parts.append(part)
        elif character == "}":
            raise TextError(r"a } that closes nothing: write \}")
        else:
            plain = _PLAIN.match(source, position)
            assert plain is not None
            literal += plain[0].encode()
            position = plain.end()
    if literal:
        parts.append(Literal(bytes(literal)))
    constant = b"" if not parts else None
    if len(parts) == 1 and isinstance(parts[0], Literal):
        constant = parts[0].data
    matches = any(isinstance(part, Slot) for part in parts)
    return Text(source, tuple(parts), constant, matches, tuple(needs(parts)), tuple(binds(parts)))


def _escape_at(source: str, position: int) -> tuple[bytes, int]:
    letter = source[position + 1 : position + 2]
    if letter == "x":
        digits = source[position + 2 : position + 4]
        if not re.fullmatch("[0-9A-Fa-f]{2}", digits):
            raise TextError(rf"\x needs two hexadecimal digits, not {digits!r}")
        return bytes.fromhex(digits), position + 4
    if letter not in _ESCAPES or not letter:
        raise TextError(rf"\{letter} is no escape; there are \r \n \t \0 \\ \{{ \}} \xHH")
    return _ESCAPES[letter], position + 2


def _slot_at(source: str, position: int) -> tuple[Part, int]:
    """Parse the slot that opens at `position`; return it and where it ends."""
    if regex := _REGEX_SLOT.match(source, position):
        try:
            pattern = re.compile(regex[2].encode())
        except re.error as error:
            raise TextError(f"the pattern /{regex[2]}/ is malformed: {error}") from None
        return Slot(regex[1], pattern, regex[0]), regex.end()
    depth, end = 0, position
    while True:
        if end >= len(source):
            raise TextError(rf"a {{ that is never closed: write \{{ for the character; {source[position:]!r}")
        if source[end] == "\\":
            end += 2
            continue
        depth += {"{": 1, "}": -1}.get(source[end], 0)
        end += 1
        if depth == 0:
            return _slot(source[position + 1 : end - 1]), end


def _slot(inside: str) -> Part:
    if found := _REPEAT.fullmatch(inside):
        text, count = parse_text(found[1]), int(found[2])
        if text.matches or any(isinstance(part, Padded) for part in text.parts):
            raise TextError(f"{{{inside}}}: only literal text and values can be repeated")
        if len(found[1]) * count > LARGEST:
            raise TextError(f"{{{inside}}} is more than {LARGEST} bytes")
        return Repeat(text, count)
    if found := _CLOCK.fullmatch(inside):
        return Clock(int(found[1] or 0))
    if found := _ENCODED.fullmatch(inside):
        return Encoded(found[1])
    if found := _VALUE.fullmatch(inside):
        return Value(found[1], int(found[2]) if found[2] else None, f"{{{inside}}}")
    if found := _TYPED.fullmatch(inside):
        return _typed(found[1], found[2], f"{{{inside}}}")
    raise TextError(rf"{{{inside}}} is no slot: {{name}} {{name+1}} {{time+9}} {{text*n}} {{key:250}} {{name:type}}")


def _typed(name: str | None, kind: str, source: str) -> Part:
    if name == "time":
        raise TextError(f"{source}: time is the clock, it cannot be bound")
    if kind in _FORMS:
        return Slot(name, _FORMS[kind], source)
    if kind.isdecimal():
        if name is None or not name.startswith("key"):
            raise TextError(f"{source}: a length makes a key, so its name must begin with key")
        length = int(kind) if len(kind) < 10 else LARGEST + 1
        if not KEY_LENGTH < length <= LARGEST:
            raise TextError(f"{source}: a unique key has {KEY_LENGTH + 1} bytes at least and {LARGEST} at most")
        return Padded(name, length)
    if kind.startswith("!") and re.fullmatch(_NAME, kind[1:]):
        return Slot(name, _FORMS["word"], source, differs_from=kind[1:])
    if kind != ".." and (found := _RANGE.fullmatch(kind)):
        return Slot(name, _INTEGER, source, low=_bound(found[1]), high=_bound(found[2]))
    raise TextError(f"{source}: the type is none of uint, word, rest, n..m, !name, /regex/")


def _bound(written: str | None) -> Bound | None:
    if written is None:
        return None
    if found := re.fullmatch(rf"({_NAME})([+-][0-9]+)?", written):
        return Bound(found[1], int(found[2] or 0))
    return Bound(None, int(written))
