r"""A typed line to words: quotes keep spaces together, and \x escapes give any byte; and bytes to printable text."""

from __future__ import annotations

import re
from typing import Final

_WORD: Final = re.compile(r"\s*(?:(?P<start>)(?:[^\s\"'\\]|\\.|\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')+)", re.DOTALL)
_PART: Final = re.compile(r"\\x(?P<hex>[0-9a-fA-F]{2})|\\(?P<letter>.)|(?P<quote>[\"'])|(?P<text>[^\\\"']+)", re.DOTALL)
_LETTERS: Final = {"n": b"\n", "r": b"\r", "t": b"\t", "0": b"\0", "\\": b"\\", '"': b'"', "'": b"'", " ": b" "}
_NAMES: Final = {0x0A: "\\n", 0x0D: "\\r", 0x09: "\\t", 0x00: "\\0", 0x5C: "\\\\"}


class WordError(ValueError):
    """A line that cannot be taken apart; the text says where."""


def split(line: str) -> list[bytes]:
    r"""Split `line` into words. Quotes, " or ', keep spaces; \n \r \t \0 \\ \" \' and \xHH are understood everywhere.

    Raises WordError.
    """
    words = []
    position = 0
    line = line.strip()
    while position < len(line):
        match = _WORD.match(line, position)
        if match is None:
            rest = line[position:].strip()
            what = "a quote that is not closed" if rest[:1] in "\"'" else "a backslash at the end"
            raise WordError(f"{what}: {rest[:40]}")
        words.append(_unescape(line[match.start("start") : match.end()]))
        position = match.end()
        if position < len(line) and not line[position].isspace():
            raise WordError(f"a quote that is not closed, or a backslash at the end: {line[position:][:40]}")
    return words


def _unescape(word: str) -> bytes:
    out = []
    quote = ""
    position = 0
    while position < len(word):
        match = _PART.match(word, position)
        assert match is not None
        position = match.end()
        if match["hex"] is not None:
            out.append(bytes.fromhex(match["hex"]))
        elif match["letter"] is not None:
            if match["letter"] not in _LETTERS:
                raise WordError(f"unknown escape \\{match['letter']}; there are \\n \\r \\t \\0 \\\\ \\\" \\' \\xHH")
            out.append(_LETTERS[match["letter"]])
        elif match["quote"] is not None and quote in ("", match["quote"]):
            quote = "" if quote else match["quote"]
        else:
            out.append((match["text"] or match["quote"]).encode("utf-8", "surrogateescape"))
    return b"".join(out)


def printable(data: bytes) -> str:
    r"""Return `data` as text that is safe on a terminal: printable UTF-8 as it is, everything else as \x escapes."""
    out = []
    for char in data.decode("utf-8", "surrogateescape"):
        code = ord(char)
        if 0xDC80 <= code <= 0xDCFF:
            out.append(f"\\x{code - 0xDC00:02x}")
        elif code in _NAMES:
            out.append(_NAMES[code])
        elif char.isprintable():
            out.append(char)
        else:
            out.extend(f"\\x{byte:02x}" for byte in char.encode("utf-8"))
    return "".join(out)
