"""Hand bytes on both ways as they arrive, and record them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import string
import time
from collections.abc import Callable

from mclite.record.events import Event, Kind
from mclite.replay.play.transport import Address, tls_context

#: Bytes that are read at once.
CHUNK = 1 << 16
#: The most bytes, and pieces of them, that a recording holds: what is said afterwards is handed on and left out.
LONGEST, PIECES = 16 * 1024 * 1024, 100_000
#: Seconds without an answer after which a client that sends no more has left: where the server is told that it does
#: not, and where it cannot be told, over TLS.
HALF_CLOSED_SECONDS, ANSWERED_SECONDS = 60.0, 1.0
#: The first byte of a request of the binary protocol, which no scenario can hold.
BINARY = 0x80


class Proxy:
    """Accepts clients and connects each to the target; `events` is what was said, in its order.

    At most 26 connections are recorded at once, for a scenario has a letter for each; others are served all the same,
    and counted in `unrecorded`. When `events` holds as much as it may, `full` is set.
    """

    def __init__(self, target: Address, on_event: Callable[[], None] | None = None) -> None:
        self.target = target
        self.events: list[Event] = []
        self.unrecorded = 0
        self.binary = 0
        self.full = False
        self._room = LONGEST
        self.failed: str | None = None
        self._on_event = on_event
        self._letters = list(string.ascii_uppercase)
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen, and return the port; raise OSError."""
        self._server = await asyncio.start_server(self._serve, host, port)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Accept no more clients, and hang up on those that are there."""
        if self._server is not None:
            self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        target = self.target
        if target.kind == "unix":
            return await asyncio.open_unix_connection(target.host)
        tls = tls_context() if target.kind == "tls" else None
        return await asyncio.open_connection(target.host, target.port, ssl=tls)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        letter = self._letters.pop(0) if self._letters else None
        self.unrecorded += letter is None
        server: asyncio.StreamWriter | None = None
        try:
            answers, server = await self._connect()
            await _Relay(self, letter).run(reader, server, answers, writer)
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else str(error)  # asyncio words it otherwise
            self.failed = f"{self.target} cannot be connected to: {reason}"
        except asyncio.CancelledError:
            pass  # the recording ends; what was said until now counts
        finally:
            self._tasks.discard(task)
            for one in (server, writer):
                if one is not None:
                    one.close()
            if letter is not None:
                self._letters = sorted([*self._letters, letter])

    def keep(self, letter: str, kind: Kind, data: bytes = b"") -> None:
        """Record what happened on a connection, as long as there is room for it."""
        if self.full:
            return
        self._room -= len(data)
        self.full = self._room < 0 or len(self.events) >= PIECES
        if not self.full:
            self.events.append(Event(letter, kind, time.time(), data))
        if self._on_event is not None:
            self._on_event()


class _Relay:
    """One client and its connection to the target: hands on what each says, until neither has more to say."""

    def __init__(self, proxy: Proxy, letter: str | None) -> None:
        self._proxy = proxy
        self._letter = letter
        self._client_done = False
        self._handed_on = 0  # bytes of answers
        self._answered_since = False  # the client sends no more, and was answered after that

    async def run(
        self,
        client: asyncio.StreamReader,
        server: asyncio.StreamWriter,
        answers: asyncio.StreamReader,
        back: asyncio.StreamWriter,
    ) -> None:
        """Hand on both ways, until the server hangs up, or the client did and is answered."""
        asking = asyncio.create_task(self._pump("asked", client, server))
        answering = asyncio.create_task(self._pump("answered", answers, back))
        try:
            await asyncio.wait((asking, answering), return_when=asyncio.FIRST_COMPLETED)
            hung_up = answering.done()
            if not hung_up:
                await self._rest(server, answering)
            self._keep("hung-up" if hung_up or self._answered_since else "closed")
        finally:
            for task in (asking, answering):
                task.cancel()
            await asyncio.gather(asking, answering, return_exceptions=True)

    async def _rest(self, server: asyncio.StreamWriter, answering: asyncio.Task[None]) -> None:
        """Tell the server that the client sends no more, and hand on what it answers yet.

        A client that left and one that only ended what it sends look the same until something is written to them.
        """
        self._client_done = True
        patience = ANSWERED_SECONDS
        if server.can_write_eof():  # TLS cannot
            with contextlib.suppress(OSError):
                server.write_eof()
                patience = HALF_CLOSED_SECONDS
        handed_on = -1
        while not answering.done() and handed_on != self._handed_on:
            handed_on = self._handed_on
            await asyncio.wait((answering,), timeout=patience)

    async def _pump(self, kind: Kind, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        first = True
        with contextlib.suppress(ConnectionError):
            while data := await source.read(CHUNK):
                if kind == "asked" and first:
                    self._proxy.binary += data[0] == BINARY
                first = False
                if kind == "answered":
                    self._handed_on += len(data)
                    if self._client_done and not self._answered_since:
                        self._answered_since = True
                        self._keep("shut")
                self._keep(kind, data)
                sink.write(data)
                await sink.drain()

    def _keep(self, kind: Kind, data: bytes = b"") -> None:
        if self._letter is not None:
            self._proxy.keep(self._letter, kind, data)
