"""Replies and errors as pieces of styled text. What a server sent is printable before it gets here, whatever it was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from mclite.protocol.commands import Command
from mclite.protocol.reader import Line, Meta, Number, Reply, Stat, Status, Value
from mclite.shell.words import printable

Style = Literal["", "good", "bad", "error", "name", "faint", "data", "title"]
Piece = tuple[Style, str]

DATA_SHOWN: Final = 4096
"""Bytes of a value that a terminal is shown; a pipe gets them all."""

_ANSI: Final[dict[Style, str]] = {
    "": "", "good": "32", "bad": "33", "error": "1;31", "name": "36", "faint": "2", "data": "1", "title": "1;4",
}  # fmt: skip
_BAD: Final = (
    b"NOT_STORED", b"EXISTS", b"NOT_FOUND", b"BUSY", b"BADCLASS", b"NOSPARE", b"NOTFULL", b"UNSAFE", b"SAME",
    b"EN", b"NF", b"NS", b"EX",
)  # fmt: skip
_RETURNED: Final = {
    "W": "won the recache", "X": "stale", "Z": "another client has won", "h0": "not hit before", "h1": "hit before",
    "t-1": "never expires",
}  # fmt: skip
_SAID: Final = {
    "t": "{} s left",
    "c": "cas unique {}",
    "f": "client flags {}",
    "s": "{} bytes",
    "l": "accessed {} s ago",
}


def render(lines: Sequence[Sequence[Piece]], colours: bool) -> str:
    """Return `lines` of pieces as text, with ANSI colours or without."""
    text = []
    for line in lines:
        text.append("".join(f"\033[{_ANSI[s]}m{t}\033[0m" if colours and _ANSI[s] and t else t for s, t in line))
    return "".join(f"{line}\n" for line in text)


def show(replies: Sequence[Reply], row: Command | None, terminal: bool) -> list[list[Piece]]:
    """Return `replies` to the command of `row` as lines; for a `terminal` long data is cut and flags are explained."""
    width = max((len(printable(reply.name)) for reply in replies if isinstance(reply, Stat)), default=0)
    lines: list[list[Piece]] = []
    for reply in replies:
        match reply:
            case Value(key, flags, data, cas):
                unique = "" if cas is None else f" {cas}"
                lines.append(
                    [("faint", "VALUE "), ("name", printable(key)), ("faint", f" {flags} {len(data)}{unique}")]
                )
                lines.append(_data(data, terminal))
            case Stat(name, value):
                padding = " " * (width - len(printable(name)) if terminal else 0)
                lines.append([("faint", "STAT "), ("name", printable(name)), ("", f"{padding} {printable(value)}")])
            case Number(value):
                lines.append([("data", str(value))])
            case Line(text):
                lines.append([("", printable(text))])
            case Meta():
                lines += _meta(reply, row, terminal)
            case Status(code, text):
                style: Style = "bad" if code in _BAD else "faint" if code == b"END" else "good"
                lines.append([(style, printable(code)), ("", f" {printable(text)}" if text else "")])
    return lines


def _data(data: bytes, terminal: bool) -> list[Piece]:
    if terminal and len(data) > DATA_SHOWN:
        return [("data", printable(data[:DATA_SHOWN])), ("faint", f" ... and {len(data) - DATA_SHOWN} bytes more")]
    return [("data", printable(data))]


def _meta(reply: Meta, row: Command | None, terminal: bool) -> list[list[Piece]]:
    style: Style = "bad" if reply.code in _BAD else "good"
    size = "" if reply.data is None else f" {len(reply.data)}"
    flags = " ".join(printable(flag) for flag in reply.flags)
    lines: list[list[Piece]] = [[(style, reply.code.decode()), ("", size), ("name", f" {flags}" if flags else "")]]
    if terminal and reply.code != b"ME":
        notes = [note for flag in reply.flags if (note := explain(flag))]
        if notes:
            lines[0].append(("faint", f"   {' · '.join(notes)}"))
    if reply.data is not None:
        lines.append(_data(reply.data, terminal))
    return lines


def explain(flag: bytes) -> str:
    """Return what a `flag` of a meta reply says; empty for one that speaks for itself."""
    text = printable(flag)
    return _RETURNED.get(text) or _SAID.get(text[:1], "").format(text[1:])


def failure(text: str) -> list[list[Piece]]:
    """Return an error as a line."""
    return [[("error", printable(text.encode("utf-8", "surrogateescape")).replace("\\\\", "\\"))]]


def note(text: str) -> list[list[Piece]]:
    """Return a remark of the shell's own as a line."""
    return [[("faint", text)]]
