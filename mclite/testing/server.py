"""A server in a thread of the test's process, on a free port, with a clock to move and faults to inject."""

from __future__ import annotations

import asyncio
import threading
from types import TracebackType
from typing import Self

from mclite.core.instance import Instance
from mclite.core.settings import Settings
from mclite.server.connection import Connection
from mclite.server.server import Server, stop_listening
from mclite.store.clock import Clock, DebugClock
from mclite.testing.faults import Fault, Faults, first_request

STOP_SECONDS = 10.0


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


class ServerThread:
    """A server that runs in a thread while the `with` block does, or between `start` and `stop`.

    `host` and `port` say where it listens, `address` both as text; `instance` is its state; `faults` injects faults.
    `clock` stands still until the test moves it (`server.clock.advance(60)`); give a CLOCK, such as SystemClock(), to
    have another. SETTINGS are those of `mclite serve`; where it listens is not among them.
    """

    def __init__(self, settings: Settings | None = None, clock: Clock | None = None, port: int = 0) -> None:
        if clock is None:
            clock = DebugClock()
            clock.pause()
        settings = settings or Settings()
        settings.port = 0  # it listens by itself, below
        self.faults = Faults()
        self.instance = Instance(settings, clock=clock)
        self._clock = clock
        self.host = "127.0.0.1"
        self.port = port
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread: threading.Thread | None = None
        self._ready = threading.Event()
        self._failure: BaseException | None = None

    @property
    def address(self) -> str:
        """host:port."""
        return f"{self.host}:{self.port}"

    @property
    def clock(self) -> DebugClock:
        """The server's clock, for the test to move. Raises TypeError if the server was given one that does not."""
        if not isinstance(self._clock, DebugClock):
            raise TypeError("this server runs on a clock that cannot be moved")
        return self._clock

    def start(self) -> None:
        """Start the server, and wait until it listens. Raises OSError if the port is taken."""
        self._ready.clear()
        self._thread = threading.Thread(target=self._run, name="mclite", daemon=True)
        self._thread.start()
        self._ready.wait()
        failure: BaseException | None = self._failure
        if failure is not None:
            self._thread.join()
            raise failure

    def _run(self) -> None:
        self._failure = None
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            self._failure = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        server = Server(self.instance)
        loop = asyncio.get_running_loop()
        self._loop, self._stop = loop, server.stopped
        await server.start()
        listener = None
        try:
            listener = await loop.create_server(lambda: FaultyConnection(server, self.faults), self.host, self.port)
            self.port = listener.sockets[0].getsockname()[1]
            self.instance.listeners[:] = [f"tcp:{self.address}"]
            self._ready.set()
            await server.stopped.wait()
        finally:
            if listener is not None:
                await stop_listening([listener])
            await server.stop()

    def stop(self) -> None:
        """Stop the server and close its connections; `start` starts it again, on the same port, with its items."""
        if self._thread is None:
            return
        if self._loop is not None and self._stop is not None and self._thread.is_alive():
            try:
                self._loop.call_soon_threadsafe(self._stop.set)
            except RuntimeError:
                pass  # it has just ended by itself (shutdown)
        self._thread.join(STOP_SECONDS)
        self._thread = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
