"""The clock of a server: whole seconds, never going back by itself."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod


class Clock(ABC):
    """Where the server's time comes from. Like memcached's it moves in whole seconds (protocol.txt 152-154)."""

    started: int
    """Unix time at which the server started, seconds"""

    @abstractmethod
    def now(self) -> int:
        """Return the current Unix time in seconds."""

    def next_second(self) -> float:
        """Return until when `now` stays what it is, as `time.monotonic` counts; a clock that cannot know it says 0."""
        return 0.0


class SystemClock(Clock):
    """Unix time at the start, and from there the monotonic clock: setting the machine's clock expires nothing."""

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()
        self.started = int(time.time())

    def now(self) -> int:
        """Return the current Unix time in seconds."""
        return int(time.monotonic() + self._offset)

    def next_second(self) -> float:
        """Return until when `now` stays what it is, as `time.monotonic` counts."""
        return self.now() + 1 - self._offset


class DebugClock(Clock):
    """A clock that `debugtime` stops and moves, so that a test need not wait."""

    def __init__(self, base: Clock | None = None) -> None:
        self._base = base or SystemClock()
        self._added = 0
        self._stopped: int | None = None
        self.started = self._base.started

    def now(self) -> int:
        """Return the current Unix time in seconds, as it was moved and stopped."""
        return (self._base.now() if self._stopped is None else self._stopped) + self._added

    def pause(self) -> None:
        """Stop the clock."""
        if self._stopped is None:
            self._stopped = self._base.now()

    def resume(self) -> None:
        """Let the clock run again, from where the real one is; what was added stays added."""
        self._stopped = None

    def advance(self, seconds: int) -> None:
        """Move the clock by `seconds`."""
        self._added += seconds
