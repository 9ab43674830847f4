"""Waits overlap: work that waits begins first, all of it at once, and is collected after everything else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")

#: How many pieces of work wait at once.
THREADS = 160


class _Ticket(Generic[Value]):
    """A place for what one piece of work returns, or raises."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.value: Value | None = None
        self.error: BaseException | None = None


class Timeline(Generic[Key, Value]):
    """Runs work that waits in threads of its own; the longest begins first."""

    def __init__(self, work: Callable[[Key], Value]) -> None:
        """Prepare to call `work` with each key."""
        self._work = work
        self._tickets: dict[Key, _Ticket[Value]] = {}
        self._queue: SimpleQueue[Key] = SimpleQueue()

    def start(self, keys: Iterable[tuple[float, Key]]) -> None:
        """Begin with the work of these (seconds, key): as many at once as there are threads."""
        ordered = [key for _, key in sorted(keys, key=lambda pair: -pair[0])]
        for key in ordered:
            self._tickets[key] = _Ticket()
            self._queue.put(key)
        for number in range(min(THREADS, len(ordered))):
            # Daemons: a run that is interrupted does not wait for what still waits.
            threading.Thread(target=self._run, name=f"wait-{number}", daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                key = self._queue.get_nowait()
            except Empty:
                return
            ticket = self._tickets[key]
            try:
                ticket.value = self._work(key)
            except BaseException as error:
                ticket.error = error
            ticket.done.set()

    def __contains__(self, key: Key) -> bool:
        return key in self._tickets

    def result(self, key: Key) -> Value:
        """Return what the work of `key` returned, as soon as it has; raise what it raised."""
        ticket = self._tickets[key]
        # Short waits: a signal such as Ctrl-C is seen between them.
        while not ticket.done.wait(0.5):
            pass
        if ticket.error is not None:
            raise ticket.error
        return ticket.value  # type: ignore[return-value]  # set before done, unless there is an error
