"""What a connection does with received bytes: the one step of the server that every request takes."""

from __future__ import annotations

import asyncio
from abc import abstractmethod

from mclite.core.session import Session


class Receiver:
    """A Session, and the transport that its answers are written to.

    `_more` is true while the session has requests left to carry out; then received bytes are only kept.
    """

    __slots__ = ("_more", "session", "transport")

    transport: asyncio.Transport
    session: Session
    _more: bool

    def data_received(self, data: bytes) -> None:
        """Hand `data` to the session and write its answers, once."""
        session = self.session
        if self._more:
            session.hold(data)
            return
        answer = session.receive(data)
        if answer:
            self.transport.write(answer)
        if session.closed or session.more:
            self._after_answer()

    @abstractmethod
    def _after_answer(self) -> None:
        """Hang up, or go on with what is left, as the session says."""
