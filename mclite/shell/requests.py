"""Words to a call: what a person types is what the protocol says, but for the length of data, which is counted.

The command table decides. Where it says <bytes> or <datalen> the shell takes the data itself; and the storage commands
have a short form without flags and exptime.
"""

from __future__ import annotations

import difflib
from typing import Any, Final

from mclite.client.arguments import is_plain
from mclite.client.call import Call, same
from mclite.protocol.commands import COMMANDS, Command
from mclite.protocol.meta import encode_key

OWN: Final[dict[str, tuple[str, str]]] = {
    "help": ("[COMMAND]", "say what there is, or all about a command"),
    "raw": ("[LINE]", "send protocol lines as they are; without a LINE until `raw` again"),
    "connect": ("[HOST:PORT]", "connect again, or to another server"),
    "exit": ("", "leave, as Ctrl-D does"),
}
"""The shell's own commands: arguments and a line of help."""


class RequestError(ValueError):
    """A line that the shell does not send; the text says why, and what would be right."""


def usage(row: Command) -> str:
    """Return how the command of `row` is typed in the shell."""
    arguments = row.arguments.replace("<bytes>", "<data>").replace("<datalen>", "<data>")
    if row.kind == "storage":
        arguments = arguments.replace("<flags> <exptime>", "[<flags> <exptime>]")
    return f"{row.name.decode()} {arguments}".rstrip()


def find(verb: str) -> Command:
    """Return the row of `verb`. Raises RequestError, with the nearest names."""
    row = COMMANDS.get(verb.encode("utf-8", "surrogateescape"))
    if row is None:
        names = [*OWN, *(name.decode() for name in COMMANDS)]
        near = difflib.get_close_matches(verb, names, 3)
        hint = f"; did you mean {' or '.join(near)}?" if near else "; help lists what there is"
        raise RequestError(f"unknown command {verb!r}{hint}")
    return row


def build(words: list[bytes]) -> Call[Any]:
    """Return the call that `words`, verb first, ask for. Its result is the replies. Raises RequestError."""
    row = find(words[0].decode("utf-8", "backslashreplace"))
    args = words[1:]
    noreply = False
    data: bytes | None = None
    if row.kind == "storage":
        args, data, noreply = _storage(row, args)
    elif row.length is not None and len(args) > row.length:
        data = args[row.length]
        args = [*args[: row.length], b"%d" % len(data), *args[row.length + 1 :]]
    elif row.noreply and args and args[-1] == b"noreply":
        args, noreply = args[:-1], True
    if len(args) < row.required:
        raise RequestError(f"too few arguments: {usage(row)}")
    quiet: tuple[bytes, ...] = ()
    if row.kind == "meta" and args:
        if not is_plain(args[0]):
            args = [encode_key(args[0]), *args[1:], *([] if b"b" in args[1:] else [b"b"])]
        first = 1 if row.length is None else 2
        flags = args[first:]
        if b"q" in flags:
            opaque = next((flag for flag in flags if flag[:1] == b"O"), b"Oq")
            quiet = (b"q", opaque)
            args = args[:first] + [flag for flag in flags if flag not in quiet]
    for arg in args:
        if not arg or not is_plain(arg):
            raise RequestError(f"no argument of {row.name.decode()} can hold white space or be empty; data can")
    return Call(row, args, same, data, noreply, quiet)


def _storage(row: Command, args: list[bytes]) -> tuple[list[bytes], bytes, bool]:
    """Return the arguments as the protocol has them, the data, and whether noreply was said."""
    tail = row.unique is not None
    noreply = args[-1:] == [b"noreply"] and len(args) in (3 + tail, 5 + tail)
    if noreply:
        args = args[:-1]
    unique = args[-1:] if tail else []
    middle = args[: len(args) - len(unique)]
    if len(middle) == 2:
        key, data = middle
        flags, exptime = b"0", b"0"
    elif len(middle) == 4 and middle[1].isdigit() and middle[2].lstrip(b"-").isdigit():
        key, flags, exptime, data = middle
    elif len(middle) < 2:
        raise RequestError(f"too few arguments: {usage(row)}")
    else:
        raise RequestError(f'too many arguments: {usage(row)}; put data with spaces into quotes, "like this"')
    return [key, flags, exptime, b"%d" % len(data), *unique], data, noreply
