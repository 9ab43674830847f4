"""The UDP interface (protocol.txt 1887-1926): a datagram holds requests, with a Session of their own.

A few kilobytes can ask for gigabytes, so no answer is made before it can be sent: of an answer there are some megabytes
at a time (ANSWER_MAX), and a turn of the event loop sends TURN_DATAGRAMS of them. What the socket does not take stops
all answers until it does. Datagrams that there is no room for are dropped, as the kernel drops those nobody reads.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from typing import Any, Final

from mclite.core.instance import Instance
from mclite.core.session import Session
from mclite.protocol import datagram

TURN_DATAGRAMS: Final = 64
"""Datagrams that are sent of one answer, or requests of one datagram carried out, before others get their turn."""
UNFINISHED_MAX: Final = 16
"""Requests whose answers go on in later turns; of one more only the first TURN_DATAGRAMS datagrams are sent."""

Address = tuple[str | Any, int]


class DatagramServer(asyncio.DatagramProtocol):
    """Answers each datagram by itself."""

    transport: asyncio.DatagramTransport

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._unfinished: deque[tuple[Iterator[bytes], Address]] = deque()
        self._paused = False
        self._scheduled = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = transport  # type: ignore[assignment]

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is closed: what is unfinished stays so."""
        self._unfinished.clear()

    def datagram_received(self, data: bytes, addr: Address) -> None:
        """Answer the requests of one datagram, each in a message of its own; drop a bad frame, as memcached does."""
        frame = datagram.unframe(data)
        if frame is None or self._paused:
            return
        if frame.total != 1:
            return  # a request must be contained in a single datagram
        answer = self._answer(frame, addr)
        if not self._send(answer, addr) and len(self._unfinished) < UNFINISHED_MAX:
            self._unfinished.append((answer, addr))
            self._schedule()

    def _answer(self, frame: datagram.Frame, addr: Address) -> Iterator[bytes]:
        """Make the datagrams of the answers to `frame` as they are asked for, and an empty one after each request."""
        session = Session(self._instance, f"{addr[0]}:{addr[1]}", transport="udp")
        message = session.receive(frame.payload)
        yield from datagram.frames(frame.request_id, message)
        while session.more:
            yield b""
            message = session.receive(b"")
            yield from datagram.frames(frame.request_id, message)

    def _send(self, answer: Iterator[bytes], addr: Address) -> bool:
        """Send the next part of `answer`; return whether that was all of it."""
        for _ in range(TURN_DATAGRAMS):
            if self._paused:
                return False
            part = next(answer, None)
            if part is None:
                return True
            if part:
                self.transport.sendto(part, addr)
        return False

    def _schedule(self) -> None:
        if not self._scheduled and self._unfinished and not self._paused:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        """Go on with the answer that has waited longest."""
        self._scheduled = False
        if self._paused or not self._unfinished:
            return
        answer, addr = self._unfinished.popleft()
        if not self._send(answer, addr):
            self._unfinished.append((answer, addr))
        self._schedule()

    def pause_writing(self) -> None:
        """The socket takes no more for now."""
        self._paused = True

    def resume_writing(self) -> None:
        """The socket takes more again."""
        self._paused = False
        self._schedule()

    def error_received(self, exc: Exception) -> None:
        """Ignore that a client closed its port before its answer arrived."""
