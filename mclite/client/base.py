"""What the sync and the async client have in common: everything but the waiting."""

from __future__ import annotations

import ssl
from abc import abstractmethod
from typing import Any, TypedDict

from mclite.client.classic import text_of
from mclite.client.commands import AllMethods, Commands
from mclite.client.errors import RefusedError
from mclite.client.exchange import Exchange, State
from mclite.client.processes import Inherited, watch_over
from mclite.client.value import V


class Options(TypedDict, total=False):
    """The options of a connection; see `Client`."""

    timeout: float | None
    deadline: float | None
    connect_timeout: float | None
    retries: int
    tls: ssl.SSLContext | None


class BaseClient(AllMethods[V], Inherited):
    """A client of the server that `where` names: its state, its commands, and what a fork does to it.

    `timeout`, `deadline` and `retries` as `Exchange` has them; with `text` values are text instead of bytes.
    """

    def __init__(
        self, where: str, timeout: float | None, retries: int, text: bool, deadline: float | None = None
    ) -> None:
        decode: Any = text_of if text else bytes
        super().__init__(decode)
        self.commands: Commands[V] = Commands(decode)
        self._exchange = Exchange(where, timeout, retries, deadline)
        watch_over(self)

    @property
    def connected(self) -> bool:
        """True if the connection is open, as far as is known."""
        return self._exchange.state in (State.OPEN, State.WATCHING)

    @property
    def noreply_errors(self) -> list[RefusedError]:
        """The errors that answered earlier noreply commands, the last hundred; each is returned once."""
        errors = list(self._exchange.noreply_errors)
        self._exchange.noreply_errors.clear()
        return errors

    def let_go(self) -> None:
        """In a forked child: close the child's copy; the next command opens a connection of its own."""
        self._let_go_of_transport()
        if self._exchange.state is not State.CLOSED:
            self._exchange.state = State.FRESH
        self._exchange.busy = False

    @abstractmethod
    def _let_go_of_transport(self) -> None:
        """Close the child's copy of the connection, without a word to the server."""
