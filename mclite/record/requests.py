"""Requests as an application sent them, taken apart: lines and data blocks, with keys, cas uniques and times named.

A key becomes `{key}`, `{key2}` ..., so that each replay has keys of its own. What the application learned from the
server, a cas unique, is written as the name that the server's answer bound.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator

from mclite.compare.answers import Uniques
from mclite.compare.notation import Slots, write_bytes
from mclite.protocol.commands import COMMANDS, Command

_WORD = re.compile(rb"[^ ]+")
_LONGEST_KEY = 250
#: A key over this length keeps it: what is about long keys stays about long keys.
_SHORT_KEY = 100
#: Longer lifetimes than this, in seconds, are Unix times (protocol.txt 143-150).
_MONTH = 60 * 60 * 24 * 30


def block_length(line: bytes) -> int | None:
    """Return the bytes of the data block that follows a command line, None when none does."""
    words = line.split()
    row = COMMANDS.get(words[0]) if words else None
    if row is None or row.length is None or len(words) < row.length + 2:
        return None
    length = words[row.length + 1]
    return int(length) if length.isdigit() and len(length) <= 10 else None


class Splitter:
    """Takes a stream of requests apart: `feed` yields lines and data blocks as soon as they are complete."""

    def __init__(self) -> None:
        self.pending = b""
        self._block: int | None = None

    def feed(self, data: bytes) -> Iterator[tuple[bytes, bool, bytes]]:
        """Yield (line or data block, whether it is a block, what ended it) for what is complete with `data`."""
        held, position = self.pending + data, 0
        while position < len(held):
            if self._block is not None:
                stop = position + self._block
                if len(held) < stop + 2:
                    break
                block, end = held[position:stop], held[stop : stop + 2]
                position = stop + 2
                self._block = None
                # A block of another length than was said: its bytes are sent as they are.
                yield (block, True, end) if end == b"\r\n" else (block + end, True, b"")
                continue
            newline = held.find(b"\n", position)
            if newline < 0:
                break
            line = held[position:newline]
            position = newline + 1
            end = b"\r\n" if line.endswith(b"\r") else b"\n"
            line = line.removesuffix(b"\r")
            self._block = block_length(line)
            yield line, False, end
        self.pending = held[position:]

    @property
    def unfinished(self) -> bool:
        """Whether a request is not complete."""
        return bool(self.pending) or self._block is not None

    def rest(self) -> bytes:
        """Return, and forget, what is not complete."""
        rest, self.pending = self.pending, b""
        self._block = None
        return rest


class Namer:
    """Gives names to keys and cas uniques, in requests and, by `slots`, in answers."""

    def __init__(self) -> None:
        self.uniques = Uniques()
        self.slots = Slots({})
        self._names: dict[bytes, str] = {}

    def request(self, line: bytes, now: float) -> str:
        """Return a command line, sent at `now`, as the text of a talk."""
        words = list(_WORD.finditer(line))
        if not words:
            return write_bytes(line)
        row = COMMANDS.get(words[0][0])
        if row is None:
            return write_bytes(line)
        binary = row.kind == "meta" and any(word[0] == b"b" for word in words[2:])
        out, position = [], 0
        for index, word in enumerate(words):
            out.append(write_bytes(line[position : word.start()]))
            out.append(self._word(row, index - 1, word[0], binary, now) or write_bytes(word[0]))
            position = word.end()
        out.append(write_bytes(line[position:]))
        return "".join(out)

    def _word(self, row: Command, place: int, word: bytes, binary: bool, now: float) -> str | None:
        """Return what to write for the argument at `place`, the verb being -1; None for the word itself."""
        if place < 0:
            return None
        if row.key is not None and (place == row.key or (row.several and place > row.key)):
            return self._key(word, binary)
        if place == row.unique:
            return self._unique(word)
        if place == row.exptime:
            return _moment(word, now)
        if row.kind == "meta":
            if word[:1] == b"C":
                named = self._unique(word[1:])
                return "C" + named if named else None
            if word[:1] in (b"T", b"N", b"R"):
                named = _moment(word[1:], now)
                return word[:1].decode() + named if named else None
        return None

    def _key(self, word: bytes, binary: bool) -> str | None:
        if len(word) > _LONGEST_KEY or re.search(rb"[\x00-\x20\x7f]", word):
            return None
        if binary:
            try:
                key = base64.b64decode(word, validate=True)
            except binascii.Error:
                return None
            if base64.b64encode(key) != word or not key:
                return None
            name = self._name(key, _plain)
            self.slots.keys[word] = f"{{{name}|base64}}"
            return f"{{{name}|base64}}"
        if word not in self._names and len(word) > _SHORT_KEY:
            return f"{{{self._name(word, _plain)}:{len(word)}}}"
        return f"{{{self._name(word, _plain)}}}"

    def _name(self, key: bytes, make: Callable[[int], str]) -> str:
        name = self._names.get(key)
        if name is None:
            name = self._names[key] = make(len(self._names) + 1)
            self.slots.keys[key] = f"{{{name}}}"
        return name

    def _unique(self, word: bytes) -> str | None:
        index = self.uniques.known(word)
        name = self.slots.uniques.get(index) if index is not None else None
        return f"{{{name}}}" if name else None


def _plain(number: int) -> str:
    return "key" if number == 1 else f"key{number}"


def _moment(word: bytes, now: float) -> str | None:
    """Return a Unix time as one that moves with the clock."""
    if not word.isdigit() or not _MONTH < int(word) < 1 << 32:
        return None
    delta = int(word) - int(now)
    if abs(delta) > _MONTH * 13:  # it is nowhere near now, so it is about itself
        return None
    return f"{{time{delta:+d}}}" if delta else "{time}"
