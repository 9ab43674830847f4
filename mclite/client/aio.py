"""The async client: a thin shell that does what the core asks for, through asyncio streams."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncIterator, Coroutine, Sequence
from types import TracebackType
from typing import Any, Literal, Protocol, Self, TypeVar, Unpack, overload

from mclite.client import admin
from mclite.client.base import BaseClient, Options
from mclite.client.binding import Awaits
from mclite.client.call import Call
from mclite.client.exchange import Check, Close, Effect, Open, Plan, Receive, Send
from mclite.client.pipeline import Pipeline, checked
from mclite.client.transport import NO_UNIX_SOCKETS, READ_BYTES, Address, SessionTransport
from mclite.client.value import V
from mclite.core.instance import Instance

T = TypeVar("T")


class AsyncTransport(Protocol):
    """`mclite.client.transport.Transport`, for asyncio."""

    async def open(self) -> None:
        """Connect."""

    async def check(self) -> bytes | None:
        """Return the bytes received so far without waiting: None for none, b"" if the peer has hung up."""

    async def send(self, data: bytes) -> bytes:
        """Send `data`."""

    async def receive(self, timeout: float | None) -> bytes:
        """Wait up to `timeout` seconds for bytes; b"" if the peer has hung up."""

    def close(self) -> None:
        """Close, if open."""


class StreamTransport:
    """TCP, TLS or a unix socket, through asyncio streams."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def open(self) -> None:
        """Connect, and do the TLS handshake if there is one."""
        address = self._address
        async with asyncio.timeout(address.connect_timeout):
            if address.path:
                if not hasattr(socket, "AF_UNIX"):
                    raise OSError(NO_UNIX_SOCKETS)
                streams = await asyncio.open_unix_connection(
                    address.path, ssl=address.tls, server_hostname="localhost" if address.tls else None
                )
            else:
                streams = await asyncio.open_connection(address.host, address.port, ssl=address.tls)
        self._reader, self._writer = streams

    async def check(self) -> bytes | None:
        """Return the bytes received so far without waiting: None for none, b"" if the peer has hung up."""
        await asyncio.sleep(0)  # let the event loop take in what has arrived
        reader = self._stream()
        if reader.at_eof() or reader.exception() is not None:
            return b""
        try:
            async with asyncio.timeout(0):
                return await reader.read(READ_BYTES)
        except TimeoutError:
            return None
        except ConnectionError:
            return b""

    async def send(self, data: bytes) -> bytes:
        """Send `data`. It is not waited for until all is gone: answers are read meanwhile, so nothing can block."""
        self._stream()
        assert self._writer is not None
        self._writer.write(data)
        return b""

    async def receive(self, timeout: float | None) -> bytes:
        """Wait up to `timeout` seconds for bytes; b"" if the peer has hung up."""
        async with asyncio.timeout(timeout):
            return await self._stream().read(READ_BYTES)

    def _stream(self) -> asyncio.StreamReader:
        if self._reader is None:
            raise ConnectionError("the socket is closed")
        return self._reader

    def close(self) -> None:
        """Close, if open."""
        if self._writer is not None:
            try:
                self._writer.close()
            except RuntimeError:
                pass  # the event loop is closed already, and the socket with it
            self._reader = self._writer = None

    def let_go(self) -> None:
        """In a forked child: put nothing in the place of the socket, which the child's objects still know by number."""
        if self._writer is not None:
            sock: socket.socket | None = self._writer.get_extra_info("socket")
            if sock is not None and sock.fileno() >= 0:
                null = os.open(os.devnull, os.O_RDWR)
                os.dup2(null, sock.fileno())
                os.close(null)
            self._reader = self._writer = None


class AsyncSessionTransport:
    """A SessionTransport as asyncio wants it."""

    def __init__(self, instance: Instance) -> None:
        self._inner = SessionTransport(instance)
        self.close = self._inner.close
        self.let_go = self._inner.close

    async def open(self) -> None:
        """Begin a session."""
        self._inner.open()

    async def check(self) -> bytes | None:
        """Return the bytes received so far: None for none, b"" if the session has ended."""
        return self._inner.check()

    async def send(self, data: bytes) -> bytes:
        """Hand `data` to the session."""
        return self._inner.send(data)

    async def receive(self, timeout: float | None) -> bytes:
        """Return the bytes received so far; none is a timeout."""
        return self._inner.receive(timeout)


class AsyncClient(BaseClient[V], Awaits):
    """`mclite.client.Client` for asyncio: the same arguments, methods and errors, awaited.

    Tasks may share a client; their commands go one after the other. A task that is cancelled while an answer is due
    costs the connection.
    """

    @overload
    def __init__(
        self: AsyncClient[bytes],
        host: str = ...,
        port: int = ...,
        *,
        text: Literal[False] = ...,
        transport: AsyncTransport | None = ...,
        **options: Unpack[Options],
    ) -> None: ...

    @overload
    def __init__(
        self: AsyncClient[str],
        host: str = ...,
        port: int = ...,
        *,
        text: Literal[True],
        transport: AsyncTransport | None = ...,
        **options: Unpack[Options],
    ) -> None: ...

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 11211,
        *,
        timeout: float | None = 5.0,
        deadline: float | None = None,
        connect_timeout: float | None = 5.0,
        retries: int = 0,
        tls: ssl.SSLContext | None = None,
        text: bool = False,
        transport: AsyncTransport | None = None,
    ) -> None:
        address = Address(host, port, connect_timeout, tls)
        super().__init__(str(address) if transport is None else "the server", timeout, retries, text, deadline)
        self._transport: AsyncTransport = transport or StreamTransport(address)
        self._lock = asyncio.Lock()

    @overload
    @classmethod
    def in_process(cls, instance: Instance | None = ..., *, text: Literal[False] = ...) -> AsyncClient[bytes]: ...

    @overload
    @classmethod
    def in_process(cls, instance: Instance | None = ..., *, text: Literal[True]) -> AsyncClient[str]: ...

    @classmethod
    def in_process(cls, instance: Instance | None = None, *, text: bool = False) -> AsyncClient[Any]:
        """Return a client that sits straight on a session of `instance`, by default a new one: no socket, no server."""
        transport = AsyncSessionTransport(instance or Instance())
        client: AsyncClient[Any] = AsyncClient(text=text, transport=transport)  # type: ignore[call-overload]
        return client

    # The connection.

    async def connect(self) -> None:
        """Open the connection, a new one if there is one. Raises ConnectError, TimedOutError."""
        await self._drive(self._exchange.connect())

    async def close(self) -> None:
        """Close the connection; only `connect` opens it again."""
        await self._drive(self._exchange.close())

    async def __aenter__(self) -> Self:
        if not self.connected:
            await self.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _let_go_of_transport(self) -> None:
        self._lock = asyncio.Lock()
        if isinstance(self._transport, StreamTransport):
            self._transport.let_go()
        else:
            self._transport.close()

    def at_exit(self) -> None:
        """The interpreter ends, the event loop has: the socket is closed with it."""

    # Commands.

    def _carry_out(self, call: Call[T]) -> Coroutine[Any, Any, T]:
        return self.run(call)

    async def run(self, call: Call[T]) -> T:
        """Carry out one `call` of `commands`, and return its result."""
        result: T = checked(await self._drive(self._exchange.perform([call], flush=False)), True)[0]
        return result

    async def run_many(self, calls: Sequence[Call[Any]], raise_errors: bool = True) -> list[Any]:
        """Carry out `calls` in one go, and return their results."""
        return checked(await self._drive(self._exchange.perform(calls)), raise_errors)

    def pipeline(self, *, quiet: bool = False) -> Pipeline[V, Coroutine[Any, Any, list[Any]]]:
        """Return an empty pipeline, whose `execute` is awaited; see `Pipeline`."""
        return Pipeline(self._decode, self.run_many, quiet)

    async def watch(self, *streams: str) -> AsyncIterator[dict[str, str]]:
        """Turn the connection into a log stream, and return an async iterator over its lines, each as fields.

        `streams`: fetchers (if none is named), mutations, evictions, connevents, deletions. Raises RefusedError.
        """
        await self.run(admin.watching(streams))
        return self._log_lines()

    async def _log_lines(self) -> AsyncIterator[dict[str, str]]:
        while (line := await self._drive(self._exchange.next_line())) is not None:
            yield admin.fields(line)

    # The shell around the core.

    async def _drive(self, plan: Plan) -> Any:
        async with self._lock:
            answer: bytes | None = None
            error: BaseException | None = None
            try:
                while True:
                    try:
                        effect = plan.send(answer) if error is None else plan.throw(error)
                    except StopIteration as stop:
                        return stop.value
                    answer, error = None, None
                    try:
                        answer = await self._do(effect)
                    except BaseException as raised:  # the core decides what it means
                        error = raised
            except BaseException:
                if self._exchange.abandon():
                    self._transport.close()
                raise

    async def _do(self, effect: Effect) -> bytes | None:
        transport = self._transport
        match effect:
            case Send(data):
                return await transport.send(data)
            case Receive():
                return await transport.receive(self._exchange.patience(effect))
            case Check():
                return await transport.check()
            case Open():
                await transport.open()
            case Close():
                transport.close()
        return None
