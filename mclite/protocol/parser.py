"""Command lines to requests.

The rule that keeps it true: a line is judged as memcached 1.6.45 judges it, in this order. Fewer than four bytes
with the line end, or too few arguments, is a bad format, and what follows is the next line. A <bytes> that is no
number is the same: the server cannot know how much to swallow. Only then is "noreply" looked for, as the last token;
from here on errors are silent too, if it is there. The rest is the handler's affair, and a storage command that it
refuses has its data block swallowed.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from mclite.protocol import errors
from mclite.protocol.commands import COMMANDS, Command
from mclite.protocol.meta import well_formed
from mclite.protocol.numbers import digits

KEY_MAX: Final = 250
"""Bytes in a key at most (protocol.txt 46-49)."""

LINE_MAX: Final = 2048
"""Bytes that may wait for their line end before the server gives up, unless a multi-get is being sent."""

LINE_MAX_WHOLE: Final = 16384
"""Bytes in a line that arrived at once: memcached's read buffer, in which it looks for the line end."""

MULTIGET_LINE_MAX: Final = 16 << 20
"""Bytes in a `get` or `gets` line at most. memcached sets no limit of its own and grows its buffer."""

BYTES_MAX: Final = 0x7FFF_FFFF - 2
"""The largest <bytes> that memcached can swallow; above it the number is a bad format."""

_SPACES_MAX: Final = 100
_NOREPLY: Final = [b"noreply"]
MULTIGET: Final = tuple(row.name + b" " for row in COMMANDS.values() if row.several and row.key == 0)
"""How a line may begin that is longer than others: `get` and `gets`."""


class Request(NamedTuple):
    """A command line that can be carried out: the table's row, and the arguments after the verb.

    "noreply" stays among the arguments: memcached 1.6.45 takes the last token for it, and for the key too if it is one.
    """

    command: Command
    args: list[bytes]
    noreply: bool
    length: int = -1
    """bytes in the data block that follows, without CR LF; -1 for none"""


class BadRequest(NamedTuple):
    """A command line that cannot be carried out: the error to answer, unless noreply; nothing is swallowed."""

    error: bytes
    noreply: bool = False
    hang_up: bool = False


def parse(line: bytes) -> Request | BadRequest:
    """Read one command `line`, with its line end taken off up to the LF (a CR before it may still be there)."""
    if len(line) < 3:  # with its LF fewer than four bytes: memcached's shortest command is two letters and CR LF
        return BadRequest(errors.BAD_FORMAT)
    if line[-1] == 13:
        line = line[:-1]
    name, *args = line.split(b" ")
    if b"" in args:
        args = [arg for arg in args if arg]
    command = COMMANDS.get(name)
    if command is None:
        # Somebody's browser was made to talk to us: the headers and the body of its request are no commands.
        return BadRequest(errors.ERROR, args[-1:] == _NOREPLY, bool(args) and args[-1].startswith(b"HTTP/"))
    if len(args) < command.required:
        if command.kind == "admin" and name != b"verbosity":
            return BadRequest(errors.ERROR, command.noreply and args[-1:] == _NOREPLY)
        return BadRequest(errors.BAD_FORMAT)
    if command.kind == "meta" and not well_formed(args[1 if command.length is None else 2 :]):
        return BadRequest(errors.BAD_FORMAT)
    noreply = command.noreply and args[-1:] == _NOREPLY
    if command.length is None:
        return Request(command, args, noreply)
    length = digits(args[command.length], BYTES_MAX)
    if length is None:
        return BadRequest(errors.BAD_FORMAT)
    return Request(command, args, noreply, length)


def line_too_long(buffer: bytes | bytearray, start: int) -> bool:
    """Does the server give up on the line that begins at `start` of `buffer` and has no end yet?"""
    waiting = len(buffer) - start
    if waiting <= LINE_MAX:
        return False
    if waiting > MULTIGET_LINE_MAX:
        return True
    # memcached 1.6.45 looks past up to a hundred spaces, though its parser then refuses the line.
    head = bytes(buffer[start : start + _SPACES_MAX + 5])
    text = head.lstrip(b" ")
    return len(head) - len(text) > _SPACES_MAX or not text.startswith(MULTIGET)
