"""The sync client: a thin shell that does what the core asks for, through a blocking transport."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any, Literal, Self, TypeVar, Unpack, overload

from mclite.client import admin
from mclite.client.base import BaseClient, Options
from mclite.client.binding import Runs
from mclite.client.call import Call
from mclite.client.exchange import Check, Close, Effect, Open, Plan, Receive, Send
from mclite.client.pipeline import Pipeline, checked
from mclite.client.transport import Address, SessionTransport, SocketTransport, Transport
from mclite.client.value import V
from mclite.core.instance import Instance

T = TypeVar("T")


class Client(BaseClient[V], Runs):
    """A connection to a memcached server, used as a context manager, or opened by the first command.

    `host` is a name, an address, or unix:/path. `timeout` is how many seconds each read may take, `deadline` a whole
    answer, however it trickles in, `connect_timeout` the connecting; None waits for ever. `retries`: see
    `mclite.client.exchange.Exchange`. `tls`: a context to connect with. With `text` values are str, UTF-8, instead of
    bytes. Threads may share a client; commands go one after the other.

    Raises ConnectError, TimedOutError, ConnectionLostError, BadReplyError and RefusedError; all are MemcacheErrors.
    """

    @overload
    def __init__(
        self: Client[bytes],
        host: str = ...,
        port: int = ...,
        *,
        text: Literal[False] = ...,
        transport: Transport | None = ...,
        **options: Unpack[Options],
    ) -> None: ...

    @overload
    def __init__(
        self: Client[str],
        host: str = ...,
        port: int = ...,
        *,
        text: Literal[True],
        transport: Transport | None = ...,
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
        transport: Transport | None = None,
    ) -> None:
        address = Address(host, port, connect_timeout, tls)
        super().__init__(str(address) if transport is None else "the server", timeout, retries, text, deadline)
        self._transport = transport or SocketTransport(address, timeout)
        self._lock = threading.Lock()

    @overload
    @classmethod
    def in_process(cls, instance: Instance | None = ..., *, text: Literal[False] = ...) -> Client[bytes]: ...

    @overload
    @classmethod
    def in_process(cls, instance: Instance | None = ..., *, text: Literal[True]) -> Client[str]: ...

    @classmethod
    def in_process(cls, instance: Instance | None = None, *, text: bool = False) -> Client[Any]:
        """Return a client that sits straight on a session of `instance`, by default a new one: no socket, no server."""
        client: Client[Any] = Client(text=text, transport=SessionTransport(instance or Instance()))  # type: ignore[call-overload]
        return client

    # The connection.

    def connect(self) -> None:
        """Open the connection, a new one if there is one. Raises ConnectError, TimedOutError."""
        self._drive(self._exchange.connect())

    def close(self) -> None:
        """Close the connection; only `connect` opens it again."""
        self._drive(self._exchange.close())

    def __enter__(self) -> Self:
        if not self.connected:
            self.connect()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _let_go_of_transport(self) -> None:
        self._lock = threading.Lock()
        self._transport.close()

    def at_exit(self) -> None:
        """The interpreter ends: close."""
        self._transport.close()

    # Commands.

    def _carry_out(self, call: Call[T]) -> T:
        return self.run(call)

    def run(self, call: Call[T]) -> T:
        """Carry out one `call` of `commands`, and return its result."""
        result: T = checked(self._drive(self._exchange.perform([call], flush=False)), True)[0]
        return result

    def run_many(self, calls: Sequence[Call[Any]], raise_errors: bool = True) -> list[Any]:
        """Carry out `calls` in one go, and return their results."""
        return checked(self._drive(self._exchange.perform(calls)), raise_errors)

    def pipeline(self, *, quiet: bool = False) -> Pipeline[V, list[Any]]:
        """Return an empty pipeline; see `Pipeline`."""
        return Pipeline(self._decode, self.run_many, quiet)

    def watch(self, *streams: str) -> Iterator[dict[str, str]]:
        """Turn the connection into a log stream, and go through its lines, each as fields, as long as it lasts.

        `streams`: fetchers (if none is named), mutations, evictions, connevents, deletions. Raises RefusedError.
        """
        self.run(admin.watching(streams))
        return self._log_lines()

    def _log_lines(self) -> Iterator[dict[str, str]]:
        while (line := self._drive(self._exchange.next_line())) is not None:
            yield admin.fields(line)

    # The shell around the core.

    def _drive(self, plan: Plan) -> Any:
        with self._lock:
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
                        answer = self._do(effect)
                    except BaseException as raised:  # the core decides what it means
                        error = raised
            except BaseException:
                if self._exchange.abandon():
                    self._transport.close()
                raise

    def _do(self, effect: Effect) -> bytes | None:
        transport = self._transport
        match effect:
            case Send(data):
                until = self._exchange.until
                return transport.send(data) if until is None else transport.send(data, until)
            case Receive():
                return transport.receive(self._exchange.patience(effect))
            case Check():
                return transport.check()
            case Open():
                transport.open()
            case Close():
                transport.close()
        return None
