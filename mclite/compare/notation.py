"""Write bytes as texts of a talk: escapes, repeats, and slots for keys, cas uniques and times."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping

from mclite.compare.answers import TOLERANCE, Key, Line, Time, Unique

#: Minimum length of a run of one byte that is written once, with a number.
RUN = 24
_RUNS = re.compile(rb"(.)\1{%d,}" % (RUN - 1), re.DOTALL)
_SIZE = re.compile(r" size=\d+")
_NAMED = {0x0D: "\\r", 0x0A: "\\n", 0x09: "\\t", 0x00: "\\0", 0x5C: "\\\\", 0x7B: "\\{", 0x7D: "\\}"}
_TABLE = [_NAMED.get(byte) or (chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}") for byte in range(256)]


def write_bytes(data: bytes) -> str:
    """Return the text that is read as `data`."""
    out = []
    position = 0
    for run in _RUNS.finditer(data):
        out.append("".join([_TABLE[byte] for byte in data[position : run.start()]]))
        # A star would be read as part of the count.
        byte = "\\x2a" if run[1] == b"*" else _TABLE[run[1][0]]
        out.append(f"{{{byte}*{len(run[0])}}}")
        position = run.end()
    out.append("".join([_TABLE[byte] for byte in data[position:]]))
    return "".join(out)


def line(sigil: str, text: str) -> str:
    """Return a wire line of a talk."""
    if text.startswith(" "):
        text = "\\x20" + text[1:]
    if text.endswith(" "):
        text = text[:-1] + "\\x20"
    text = text.replace("'''", "\\x27\\x27\\x27")
    return f"{sigil} {text}" if text else sigil


def slots_of_keys(names: Mapping[str, bytes]) -> dict[bytes, str]:
    """Return the slot for each of the keys, and for its base64 form, in an expected line."""
    plain = {key: f"{{{name}}}" for name, key in names.items()}
    return {**{base64.b64encode(key): f"{{{name}|base64}}" for name, key in names.items()}, **plain}


class Slots:
    """The names that a talk has given by some point: to keys, and to cas uniques."""

    def __init__(self, keys: Mapping[bytes, str]) -> None:
        """Begin with `keys`: the slot for each of them in an expected line."""
        self.keys = dict(keys)
        self.uniques: dict[int, str] = {}

    def key(self, data: bytes) -> str:
        """Return the slot for a received key, which may have a suffix."""
        if data in self.keys:
            return self.keys[data]
        known = max((key for key in self.keys if data.startswith(key)), key=len, default=b"")
        return self.keys.get(known, "") + write_bytes(data[len(known) :])

    def unique(self, part: Unique) -> str:
        """Return the slot for a cas unique in an expected line: its first appearance binds it."""
        known = self.uniques.get(part.index)
        if known is not None:
            return f"{{{known}}}"
        before = next(reversed(self.uniques.values()), None)
        name = self.uniques[part.index] = f"cas{part.index}"
        return f"{{{name}:uint}}" if before is None else f"{{{name}:!{before}}}"

    def expected(self, given: Line) -> str:
        """Return a line of an answer as text."""
        out = []
        for part in given.parts:
            match part:
                case bytes():
                    out.append(write_bytes(part))
                case Key(data):
                    out.append(self.key(data))
                case Unique():
                    out.append(self.unique(part))
                case Time(seconds):
                    low = max(0, seconds - TOLERANCE) if seconds >= 0 else seconds - TOLERANCE
                    out.append(f"{{:{low}..{seconds + TOLERANCE}}}")
        # The keys of another run have another length.
        return _SIZE.sub(" size={:uint}", "".join(out)) if given.parts[:1] == (b"ME ",) else "".join(out)


def expected_lines(prefix: str, lines: Iterable[Line], slots: Slots) -> list[str]:
    """Return the `<` lines of a talk for an answer; `prefix` is the connection, "" for the first."""
    return [line(f"{prefix}<" if item.whole else f"{prefix}<.", slots.expected(item)) for item in lines]
