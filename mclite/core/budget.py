"""What all connections together may hold in memory besides items: answers that nobody reads, and unfinished requests.

One client can hold little; a thousand that do not read could hold gigabytes. A connection that is paused tells what
waits in it, so reading clients cost nothing here, and no request is slower for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

UNSENT_MAX: Final = 256 << 20
"""Bytes of answers that wait for clients that do not read; above, no answer of more than TURN_BYTES is made."""
UNFINISHED_MAX: Final = 128 << 20
"""Bytes of long lines and data blocks that have begun to arrive; above, no more are taken."""
SMALL: Final = 64 << 10
"""Bytes of an unfinished request that are not counted."""


class Budget:
    """The bytes that wait in all connections; `changed` is told when `used_up` begins to hold, and when it ends."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self.unsent = 0
        self.unfinished = 0
        self.used_up = False
        """whether too much waits to be sent"""
        self.refused = 0
        """answers that were not made for it"""
        self.requests_refused = 0
        """requests that there was no room to receive"""

    def note_unsent(self, change: int) -> None:
        """Count `change` bytes more that wait to be sent."""
        self.unsent += change
        if (self.unsent > UNSENT_MAX) != self.used_up:
            self.used_up = not self.used_up
            self._changed()

    def take(self, held: int, wanted: int) -> bool:
        """Have a session that holds `held` bytes of a request hold `wanted`; False, and nothing done, if it may not."""
        held, wanted = held if held > SMALL else 0, wanted if wanted > SMALL else 0
        if wanted > held and not self.has_room(wanted - held):
            return False
        self.unfinished += wanted - held
        return True

    def has_room(self, wanted: int) -> bool:
        """Is there room for `wanted` bytes of one more request? Counted as refused if not."""
        if self.unfinished + wanted <= UNFINISHED_MAX:
            return True
        self.requests_refused += 1
        return False
