"""The proxy: hands bytes on both ways as they come, and keeps what passed."""

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
#: The first byte of a request of the binary protocol, which no scenario can hold.
BINARY = 0x80


class Proxy:
    """Accepts clients and connects each to the target; `events` is what was said, in its order.

    At most 26 connections are recorded at once, for a scenario has a letter for each; others are served all the same,
    and counted in `unrecorded`.
    """

    def __init__(self, target: Address, on_event: Callable[[], None] | None = None) -> None:
        self.target = target
        self.events: list[Event] = []
        self.unrecorded = 0
        self.binary = 0
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
            await self._both(letter, reader, server, answers, writer)
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

    async def _both(
        self,
        letter: str | None,
        client: asyncio.StreamReader,
        server: asyncio.StreamWriter,
        answers: asyncio.StreamReader,
        back: asyncio.StreamWriter,
    ) -> None:
        asking = asyncio.create_task(self._pump(letter, "asked", client, server))
        answering = asyncio.create_task(self._pump(letter, "answered", answers, back))
        ways = (asking, answering)
        try:
            done, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            if letter is not None:
                self._keep(letter, "hung-up" if answering in done else "closed")
        finally:
            for task in ways:
                task.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _pump(
        self, letter: str | None, kind: Kind, source: asyncio.StreamReader, sink: asyncio.StreamWriter
    ) -> None:
        first = True
        with contextlib.suppress(ConnectionError):
            while data := await source.read(CHUNK):
                if kind == "asked" and first:
                    self.binary += data[0] == BINARY
                first = False
                if letter is not None:
                    self._keep(letter, kind, data)
                sink.write(data)
                await sink.drain()

    def _keep(self, letter: str, kind: Kind, data: bytes = b"") -> None:
        self.events.append(Event(letter, kind, time.time(), data))
        if self._on_event is not None:
            self._on_event()
