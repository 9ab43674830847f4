"""Deletes what a large talk stored in somebody else's server, before it pushes out what others keep there."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable

from mclite.replay.play.transport import Address, Unreachable, connect

#: Bytes that a talk has sent before its keys are worth a round trip.
BULKY = 16 * 1024
#: Maximum length of a key, in bytes.
LONGEST_KEY = 250


def delete(address: Address, keys: Iterable[bytes], seconds: float) -> None:
    """Delete `keys`, and wait `seconds` at most for the answers, whatever they are."""
    wanted = [key for key in dict.fromkeys(keys) if len(key) <= LONGEST_KEY]
    deadline = time.monotonic() + seconds
    with contextlib.suppress(Unreachable):
        connection = connect(address, seconds)
        try:
            connection.send(b"".join(b"delete %s\r\n" % key for key in wanted), deadline)
            while connection.buffer.count(b"\n") < len(wanted) and connection.fill(deadline):
                pass
        finally:
            connection.close()
