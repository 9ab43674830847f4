"""A connection of the server for tests: it records each request, and lets faults and misbehaviours have it first.

While there are none, what arrives goes to the session as it is for any server, and is only looked at. Otherwise the
session is given one whole request after the other, and what it answers is changed on its way out.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections import deque
from collections.abc import Callable
from typing import Protocol

from mclite.server.connection import Connection
from mclite.server.server import Server
from mclite.testing.answers import error_answer, spoil
from mclite.testing.faults import Fault, Faults
from mclite.testing.misbehaviours import Conduct
from mclite.testing.requests import Request, Requests
from mclite.testing.wire import Piece, Splitter

_NO_LINGER = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)


class Owner(Protocol):
    """What a connection asks of the server that it belongs to."""

    faults: Faults
    requests: Requests
    conduct: Conduct

    def in_loop(self, function: Callable[[], object]) -> None:
        """Run `function` in the server's thread soon."""


class TestedConnection(Connection):
    """A connection of a server for tests, `owner`."""

    __slots__ = (
        "_busy",
        "_earlier",
        "_given",
        "_owner",
        "_queue",
        "_rest",
        "_splitter",
        "_stalled",
        "_swapped",
        "_timer",
    )

    def __init__(self, server: Server, owner: Owner) -> None:
        super().__init__(server)
        settings = server.settings
        self._owner = owner
        self._splitter = Splitter(settings.protocol == "auto" and settings.auth_file is None, self._line)
        self._queue: deque[Piece] = deque()  # requests that the session does not have yet
        self._given = 0  # bytes of the splitter's unfinished request that the session has
        self._rest = b""  # what the splitter cannot cut
        self._busy = False  # an answer is on its way out, late or in pieces
        self._stalled: Piece | None = None  # what waits until the connection is read again
        self._timer: asyncio.TimerHandle | None = None
        self._earlier = b""
        self._swapped = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin a session, unless connections are dropped."""
        super().connection_made(transport)
        if self._owner.faults.drops_connection():
            self._hang_up(reset=True)

    def data_received(self, data: bytes) -> None:
        """Record the requests that are complete with `data`, and have them carried out."""
        splitter = self._splitter
        if splitter.gave_up():
            self._rest += data
            self._go_on()
            return
        held = splitter.pending[self._given :] if self._given < len(splitter) else b""
        pieces = splitter.feed(data)
        for request, _ in pieces:
            request.connection, request.time = self.session.number, self.session.instance.store.now
            self._owner.requests.add(request)
        owner = self._owner
        if not (owner.faults or owner.conduct or self._queue or self._busy or self._stalled is not None):
            self._given = len(splitter)
            super().data_received(held + data if held else data)
            return
        if self._given and pieces:  # the session has the beginning of this one, so that it goes its usual way
            super().data_received(pieces.pop(0).data[self._given :])
            self._given = 0
        elif self._given and not splitter.gave_up():
            self._given = len(splitter)
            super().data_received(data)
        self._queue.extend(pieces)
        if splitter.gave_up():
            self._rest, self._given = splitter.pending[self._given :], 0
        self._go_on()

    def _go_on(self) -> None:
        while not (self._busy or self._stalled is not None or self.transport.is_closing()):
            if self._queue:
                self._carry_out(self._queue.popleft())
            elif self._rest:
                rest, self._rest = self._rest, b""
                super().data_received(rest)
            else:
                break

    def _carry_out(self, piece: Piece) -> None:
        faults, request = self._owner.faults, piece.request
        fault = faults.take(request)
        if fault is None:
            self._answer(self._ask(piece))
        elif fault.kind == "stall":
            faults.used(fault, request)
            self._stall(piece, fault.seconds)
        elif fault.carry_out:
            self._spoil(fault, request, self._ask(piece))
        else:
            faults.used(fault, request)
            if fault.kind == "close":
                self._hang_up(fault.reset)
                return
            if fault.kind == "out_of_memory" and request.verb in ("set", "cas", "ms"):
                self._drop_items(request)
            self._answer(error_answer(request, fault.text))

    def _drop_items(self, request: Request) -> None:
        """Let a set that fails leave nothing under its key, as memcached does."""
        store = self.session.instance.store
        for key in request.keys:
            item = store.live(key)
            if item is not None:
                store.delete(key, item)

    def _ask(self, piece: Piece) -> bytes | None:
        """Have the session carry a request out; return its answer as misbehaviours have it, None to hang up."""
        session = self.session
        if session.more:  # the rest of what was asked before there were faults
            self._answer(self._all_of(b""))
        return self._owner.conduct.answer(piece.request, self._all_of(piece.data))

    def _all_of(self, data: bytes) -> bytes:
        session = self.session
        answer = session.receive(data)
        while session.more and not session.closed:
            answer += session.receive(b"")
        return answer

    def _spoil(self, fault: Fault, request: Request, answer: bytes | None) -> None:
        faults = self._owner.faults
        if answer is None:
            self._hang_up(reset=False)
            return
        if not answer and fault.kind not in ("close", "delay"):
            self._answer(answer)  # there is nothing to spoil: the fault waits for another request
            return
        spoiled = spoil(fault, request, answer, self._earlier)
        if spoiled is None:
            self._answer(answer)
            return
        faults.used(fault, request)
        match fault.kind:
            case "close":
                if fault.number:
                    self.transport.write(answer)
                self._hang_up(fault.reset)
            case "error":
                self._answer(error_answer(request, fault.text))
            case "partial":
                self.transport.write(answer[: fault.number])
                self._hang_up(fault.reset)
            case "silence":
                self._answer(b"")
            case "swap":
                self._swapped += answer
            case "delay":
                self._later(fault.seconds or 0.0, [answer])
            case "pieces":
                size = fault.number
                parts = [answer[at : at + size] for at in range(0, len(answer), size)]
                self.transport.write(parts[0])
                self._later(fault.seconds or 0.0, parts[1:])
            case _:
                self._answer(spoiled)
        self._earlier = answer or self._earlier

    def _line(self, line: bytes) -> bytes:
        return self._owner.conduct.line(line)

    def _answer(self, answer: bytes | None) -> None:
        """Send `answer`, and behind it one that was held back; None hangs up."""
        if answer is None:
            self._hang_up(reset=False)
            return
        if answer:
            self._earlier = answer
            if self._swapped:
                answer, self._swapped = answer + self._swapped, b""
            self.transport.write(answer)
        self._after_answer()

    def _later(self, seconds: float, parts: list[bytes]) -> None:
        """Send `parts`, each `seconds` after what went before."""
        self._busy = True

        def send() -> None:
            self._timer = None
            if self.transport.is_closing():
                return
            if parts:
                self.transport.write(parts.pop(0))
            if parts:
                self._timer = asyncio.get_running_loop().call_later(seconds, send)
                return
            self._busy = False
            self._after_answer()
            self._go_on()

        self._timer = asyncio.get_running_loop().call_later(seconds, send)

    def _stall(self, piece: Piece, seconds: float | None) -> None:
        """Read no more, and carry `piece` out when that is over."""
        self._stalled = piece
        self.transport.pause_reading()
        loop = asyncio.get_running_loop()
        if seconds is not None:
            self._timer = loop.call_later(seconds, self._read_again)
            return
        self._owner.faults.on_clear.append(self._clear_stall)

    def _clear_stall(self) -> None:
        """The faults were cleared, in another thread."""
        self._owner.in_loop(self._read_again)

    def _read_again(self) -> None:
        piece, self._stalled = self._stalled, None
        if piece is not None and not self.transport.is_closing():
            self.transport.resume_reading()
            self._answer(self._ask(piece))
            self._go_on()

    def _hang_up(self, reset: bool) -> None:
        if reset:
            sock = self.transport.get_extra_info("socket")
            if sock is not None:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            self.transport.abort()
        else:
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        if self._timer is not None:
            self._timer.cancel()
        if self._clear_stall in self._owner.faults.on_clear:
            self._owner.faults.on_clear.remove(self._clear_stall)
        super().connection_lost(exc)
