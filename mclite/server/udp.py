"""The UDP interface (protocol.txt 1887-1926): a datagram is a request, with a Session of its own."""

from __future__ import annotations

import asyncio
from typing import Any

from mclite.core.instance import Instance
from mclite.core.session import Session
from mclite.protocol import datagram


class DatagramServer(asyncio.DatagramProtocol):
    """Answers each datagram by itself."""

    transport: asyncio.DatagramTransport

    def __init__(self, instance: Instance) -> None:
        self._instance = instance

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = transport  # type: ignore[assignment]

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        """Answer the requests of one datagram, each in a message of its own; drop a bad frame, as memcached does."""
        frame = datagram.unframe(data)
        if frame is None:
            return
        if frame.total != 1:
            return  # a request must be contained in a single datagram
        session = Session(self._instance, f"{addr[0]}:{addr[1]}", transport="udp")
        answers = [session.receive(frame.payload)]
        while session.more:
            answers.append(session.receive(b""))
        for answer in answers:
            for part in datagram.frames(frame.request_id, answer):
                self.transport.sendto(part, addr)

    def error_received(self, exc: Exception) -> None:
        """Ignore that a client closed its port before its answer arrived."""
