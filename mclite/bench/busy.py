"""How long processes ran, and how long they wanted to and others had the core: from /proc/PID/task/*/schedstat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(slots=True)
class Busy:
    """Seconds of processor's time.

    Args:
        ran: all threads together
        waited: ready to run, without a core; of the thread that ran most, since a server's own threads, kept
            on one core, also wait for each other
    """

    ran: float = 0.0
    waited: float = 0.0

    def add(self, more: Busy) -> None:
        """Add another stretch of time."""
        self.ran += more.ran
        self.waited += more.waited


class Stopwatch:
    """Starts when it is made; where the system shows nothing, nothing was taken.

    Args:
        pids: processes to watch
    """

    def __init__(self, pids: Sequence[int]) -> None:
        self._pids = pids
        self._before = threads(pids)

    def stop(self) -> Busy:
        """Return the time since the start."""
        nothing = (0.0, 0.0)
        since = [
            (ran - self._before.get(thread, nothing)[0], waited - self._before.get(thread, nothing)[1])
            for thread, (ran, waited) in threads(self._pids).items()
        ]
        return Busy(sum(ran for ran, _ in since), max(since)[1]) if since else Busy()


def threads(pids: Sequence[int]) -> dict[str, tuple[float, float]]:
    """Return for each thread of the processes how many seconds it ran and waited in its life."""
    found = {}
    for pid in pids:
        for file in Path(f"/proc/{pid}/task").glob("*/schedstat"):
            try:
                ran, waited, _slices = file.read_text().split()
            except (OSError, ValueError):
                continue
            found[file.parent.name] = (int(ran) / 1e9, int(waited) / 1e9)
    return found
