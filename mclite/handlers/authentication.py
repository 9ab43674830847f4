"""Authentication by a fake set (protocol.txt 186-202): until it succeeds, nothing else works."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mclite.protocol import errors, replies
from mclite.protocol.numbers import UINT32, digits
from mclite.protocol.parser import LINE_MAX, LINE_MAX_WHOLE

if TYPE_CHECKING:
    from mclite.core.instance import Instance

TOKEN_MAX: Final = 16384
"""Bytes in the username and password at most."""

_SHORTEST: Final = 3
"""Bytes that memcached waits for before it looks at anything."""
_LINE_MIN: Final = 7
"""Bytes in a line, its LF included, at least; a shorter one makes memcached hang up."""


class Gate:
    """Authenticate a client: read fake sets, and refuse every other line.

    The rules are memcached 1.6.45's own, and not those of its commands. Of a line the LF and the byte before it do not
    count; "noreply" and all else after the length is ignored. `open` turns true with the right token, `closed` when
    the server is to hang up.
    """

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._waiting = b""
        self._length = -1  # of the token that is coming
        self.open = False
        self.closed = False

    def receive(self, data: bytes, out: list[bytes]) -> bytes:
        """Take in `data`, append the answers to `out`, and return what follows once the gate is open."""
        buffer = self._waiting + data
        position = 0
        while not self.open and not self.closed:
            stop = self._line(buffer, position, out) if self._length < 0 else self._token(buffer, position, out)
            if stop < 0:
                break
            position = stop
        self._waiting = b"" if self.open or self.closed else buffer[position:]
        return buffer[position:] if self.open else b""

    def _line(self, buffer: bytes, position: int, out: list[bytes]) -> int:
        """Read a line; return where it ends, or -1 if it is incomplete."""
        end = buffer.find(b"\n", position) + 1
        if len(buffer) - position < _SHORTEST:
            return -1
        if not end:
            self.closed = len(buffer) - position > LINE_MAX
            return -1
        if end - position < _LINE_MIN or end - position > LINE_MAX_WHOLE:
            self.closed = True
            return -1
        tokens = [token for token in buffer[position : end - 2].split(b" ") if token]
        length = digits(tokens[4], UINT32) if buffer.startswith(b"set ", position) and len(tokens) > 4 else None
        if length is None:
            out.append(errors.UNAUTHENTICATED)
        elif length > TOKEN_MAX:
            out.append(errors.TOKEN_TOO_LONG)
        else:
            self._length = length
        return end

    def _token(self, buffer: bytes, position: int, out: list[bytes]) -> int:
        """Read the token; return where what follows it begins, or -1 if it is incomplete."""
        stop = position + self._length
        if len(buffer) < stop + 2:
            return -1
        self._length = -1
        token = buffer[position:stop]
        if buffer[stop : stop + 2] != b"\r\n":
            out.append(errors.BAD_TERMINATION)
        elif b" " not in token:
            out.append(errors.BAD_TOKEN_FORMAT)
        else:
            out.append(self._judge(token))
        return stop + 2

    def _judge(self, token: bytes) -> bytes:
        stats = self._instance.stats
        stats.auth_cmds += 1
        import hmac  # here, since a server starts sooner without it

        known = [hmac.compare_digest(token, entry) for entry in self._instance.credentials]
        if not any(known):
            stats.auth_errors += 1
            return errors.AUTHENTICATION_FAILED
        self.open = True
        return replies.STORED
