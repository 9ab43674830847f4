"""Several commands in one go: queued, sent together, their results read together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from mclite.client.binding import Queues
from mclite.client.call import Call
from mclite.client.commands import Methods
from mclite.client.errors import MemcacheError

V = TypeVar("V")
R = TypeVar("R")


class Pipeline(Methods[V], Queues, Generic[V, R]):
    """Commands that wait to be sent together. Each method takes what the client's takes and returns the position of
    its result in the list that `execute` gives.

    A `quiet` pipeline asks the server to leave out the usual answers: the meta commands go with q, the classic ones
    that have it with noreply. What was left out is None in the results of a meta command (stored or deleted as
    asked; for mg: a miss) and True or None in those of a classic one.
    """

    def __init__(
        self, decode: Callable[[bytes], V], run: Callable[[Sequence[Call[Any]], bool], R], quiet: bool = False
    ) -> None:
        super().__init__(decode)
        self._run = run
        self._quiet = quiet
        self._calls: list[Call[Any]] = []

    def __len__(self) -> int:
        return len(self._calls)

    def add_call(self, call: Call[Any]) -> int:
        """Queue `call`; return the position of its result."""
        self._calls.append(call.made_quiet(len(self._calls)) if self._quiet else call)
        return len(self._calls) - 1

    def _carry_out(self, call: Call[Any]) -> int:
        return self.add_call(call)

    def execute(self, raise_errors: bool = True) -> R:
        """Send everything and return the results in order; the pipeline is empty again.

        With `raise_errors` the first error of a command is raised, after all answers have been read; without it errors
        are in the list in the place of results.
        """
        calls, self._calls = self._calls, []
        return self._run(calls, raise_errors)


def checked(results: list[Any], raise_errors: bool) -> list[Any]:
    """Return `results`; with `raise_errors` raise the first error among them."""
    if raise_errors:
        for result in results:
            if isinstance(result, MemcacheError):
                raise result
    return results
