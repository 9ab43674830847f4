"""A server's own clock, moved instead of waited for, where `debugtime` is there and the server is ours.

The clock is stopped, so that nothing but a jump moves it. Each scenario begins at three tenths of a second: a jump
is as many ticks as a server that starts then would make while the client waits.
"""

from __future__ import annotations

import math
import threading
import time

from mclite.replay.play.transport import Address, Unreachable, connect

#: Shorter waits, in seconds, are for the server to do something, not for its clock: they are real.
SHORTEST = 1.0
#: Where in a second each scenario begins.
PHASE = 0.3


class DebugClock:
    """The clock of one server; `guard` is held while a scenario plays, since a move affects every connection."""

    def __init__(self, address: Address) -> None:
        """Stop the clock of the server at `address`; raise Unreachable when it cannot be stopped."""
        self.guard = threading.Lock()
        self._address = address
        self._say(b"p")
        self._seconds = math.floor(time.time()) + PHASE

    def begin(self) -> None:
        """Begin a scenario."""
        self._seconds = math.floor(self._seconds) + PHASE

    @property
    def now(self) -> int:
        """The time of the server, in Unix seconds."""
        return math.floor(self._seconds)

    def advance(self, seconds: float) -> None:
        """Let `seconds` go by, at once."""
        before = self.now
        self._seconds += seconds
        if self.now > before:
            self._say(b"%d" % (self.now - before))

    def _say(self, what: bytes) -> None:
        connection = connect(self._address, 2.0)
        deadline = time.monotonic() + 2.0
        try:
            connection.send(b"debugtime " + what + b"\r\n", deadline)
            while b"\n" not in connection.buffer:
                if not connection.fill(deadline):
                    break
            if connection.buffer != b"OK\r\n":
                raise Unreachable(f"{self._address} does not move its clock: {bytes(connection.buffer[:60])!r}")
        finally:
            connection.close()
