"""A connection of the server for tests: the faults have each request before the session does."""

from __future__ import annotations

import asyncio

from mclite.server.connection import Connection
from mclite.server.server import Server
from mclite.testing.faults import Fault, Faults, first_request


class FaultyConnection(Connection):
    """A connection that lets the faults have each request before the session does."""

    __slots__ = ("_buffer", "_faults", "_late")

    def __init__(self, server: Server, faults: Faults) -> None:
        super().__init__(server)
        self._faults = faults
        self._buffer = b""
        self._late: asyncio.TimerHandle | None = None

    def data_received(self, data: bytes) -> None:
        """Take in DATA, request by request while faults wait, as it is otherwise."""
        self._buffer += data
        self._go_on()

    def _go_on(self) -> None:
        while self._buffer and self._late is None and not self.transport.is_closing():
            if not self._faults:
                data, self._buffer = self._buffer, b""
                super().data_received(data)
                return
            request = first_request(self._buffer)
            if request is None:
                return
            verb, length = request
            data, self._buffer = self._buffer[:length], self._buffer[length:]
            fault = self._faults.take(verb)
            if fault is None:
                super().data_received(data)
            else:
                self._apply(fault, data)

    def _apply(self, fault: Fault, data: bytes) -> None:
        match fault.kind:
            case "close":
                self.transport.close()
            case "error":
                self.transport.write(fault.text + b"\r\n")
            case "partial":
                self.transport.write(self.session.receive(data)[: fault.length])
                self.transport.close()
            case "delay":
                answer = self.session.receive(data)
                self._late = asyncio.get_running_loop().call_later(fault.seconds, self._send_late, answer)

    def _send_late(self, answer: bytes) -> None:
        self._late = None
        if not self.transport.is_closing():
            self.transport.write(answer)
            self._go_on()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        if self._late is not None:
            self._late.cancel()
        super().connection_lost(exc)
