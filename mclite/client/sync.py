"""The sync client: a thin shell that does what the core asks for, through a blocking transport."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from types import TracebackType
from typing import Any, Concatenate, Generic, Literal, ParamSpec, Self, TypeVar, overload

from mclite.client import admin
from mclite.client.call import Call
from mclite.client.classic import text_of
from mclite.client.commands import Commands
from mclite.client.core import Check, Close, Core, Effect, Open, Plan, Receive, Send, State
from mclite.client.errors import RefusedError
from mclite.client.pipeline import Pipeline, checked
from mclite.client.processes import Inherited, watch_over
from mclite.client.transport import Address, SessionTransport, SocketTransport, Transport
from mclite.core.instance import Instance

P = ParamSpec("P")
T = TypeVar("T")
V = TypeVar("V")


def _method(
    build: Callable[Concatenate[Commands[V], P], Call[T]],
) -> Callable[Concatenate[Client[V], P], T]:
    @wraps(build)
    def method(self: Client[V], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self.run(build(self.commands, *args, **kwargs))

    return method


class Client(Inherited, Generic[V]):
    """A connection to a memcached server, used as a context manager, or opened by the first command.

    HOST is a name, an address, or unix:/path. TIMEOUT is how many seconds each read may take, CONNECT_TIMEOUT the
    connecting; None waits for ever. RETRIES: see `mclite.client.core.Core`. TLS: a context to connect with. With TEXT
    values are str, UTF-8, instead of bytes. Threads may share a client; their commands go one after the other.

    Raises ConnectError, TimedOutError, ConnectionLostError, BadReplyError and RefusedError; all are MemcacheErrors.
    """

    @overload
    def __init__(
        self: Client[bytes],
        host: str = ...,
        port: int = ...,
        *,
        timeout: float | None = ...,
        connect_timeout: float | None = ...,
        retries: int = ...,
        tls: ssl.SSLContext | None = ...,
        text: Literal[False] = ...,
        transport: Transport | None = ...,
    ) -> None: ...

    @overload
    def __init__(
        self: Client[str],
        host: str = ...,
        port: int = ...,
        *,
        timeout: float | None = ...,
        connect_timeout: float | None = ...,
        retries: int = ...,
        tls: ssl.SSLContext | None = ...,
        text: Literal[True],
        transport: Transport | None = ...,
    ) -> None: ...

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 11211,
        *,
        timeout: float | None = 5.0,
        connect_timeout: float | None = 5.0,
        retries: int = 0,
        tls: ssl.SSLContext | None = None,
        text: bool = False,
        transport: Transport | None = None,
    ) -> None:
        address = Address(host, port, connect_timeout, tls)
        self.commands: Commands[V] = Commands(text_of if text else bytes)  # type: ignore[arg-type]
        self._core = Core(str(address) if transport is None else "the server", timeout, retries)
        self._transport = transport or SocketTransport(address, timeout)
        self._lock = threading.Lock()
        watch_over(self)

    @overload
    @classmethod
    def in_process(cls, instance: Instance | None = ..., *, text: Literal[False] = ...) -> Client[bytes]: ...

    @overload
    @classmethod
    def in_process(cls, instance: Instance | None = ..., *, text: Literal[True]) -> Client[str]: ...

    @classmethod
    def in_process(cls, instance: Instance | None = None, *, text: bool = False) -> Client[Any]:
        """Return a client that sits straight on a session of INSTANCE, by default a new one: no socket, no server."""
        client: Client[Any] = Client(text=text, transport=SessionTransport(instance or Instance()))  # type: ignore[call-overload]
        return client

    # The connection.

    @property
    def connected(self) -> bool:
        """Is the connection open, as far as is known?"""
        return self._core.state in (State.OPEN, State.WATCHING)

    @property
    def noreply_errors(self) -> list[RefusedError]:
        """The errors that came for earlier noreply commands, the last hundred; each is given once."""
        errors = list(self._core.noreply_errors)
        self._core.noreply_errors.clear()
        return errors

    def connect(self) -> None:
        """Open the connection, a new one if there is one. Raises ConnectError, TimedOutError."""
        self._drive(self._core.connect())

    def close(self) -> None:
        """Close the connection; only `connect` opens it again."""
        self._drive(self._core.close())

    def __enter__(self) -> Self:
        if not self.connected:
            self.connect()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def let_go(self) -> None:
        """In a forked child: close the child's copy; the next command opens a connection of its own."""
        self._lock = threading.Lock()
        self._transport.close()
        if self._core.state is not State.CLOSED:
            self._core.state = State.FRESH
        self._core.busy = False

    def at_exit(self) -> None:
        """The interpreter ends: close."""
        self._transport.close()

    # Commands.

    def run(self, call: Call[T]) -> T:
        """Carry out one CALL of `commands`, and return its result."""
        result: T = checked(self._drive(self._core.perform([call], flush=False)), True)[0]
        return result

    def run_many(self, calls: Sequence[Call[Any]], raise_errors: bool = True) -> list[Any]:
        """Carry out CALLS in one go, and return their results."""
        return checked(self._drive(self._core.perform(calls)), raise_errors)

    def pipeline(self, *, quiet: bool = False) -> Pipeline[V, list[Any]]:
        """Return an empty pipeline; see `Pipeline`."""
        return Pipeline(self.commands, self.run_many, quiet)

    def watch(self, *streams: str) -> Iterator[dict[str, str]]:
        """Turn the connection into a log stream, and go through its lines, each as fields, as long as it lasts.

        STREAMS: fetchers (if none is named), mutations, evictions, connevents, deletions. Raises RefusedError.
        """
        self.run(admin.watching(streams))
        return self._log_lines()

    def _log_lines(self) -> Iterator[dict[str, str]]:
        while (line := self._drive(self._core.next_line())) is not None:
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
                if self._core.abandon():
                    self._transport.close()
                raise

    def _do(self, effect: Effect) -> bytes | None:
        transport = self._transport
        match effect:
            case Send(data):
                return transport.send(data)
            case Receive(timeout):
                return transport.receive(self._core.timeout if timeout else None)
            case Check():
                return transport.check()
            case Open():
                transport.open()
            case Close():
                transport.close()
        return None

    set = _method(Commands.set)
    add = _method(Commands.add)
    replace = _method(Commands.replace)
    append = _method(Commands.append)
    prepend = _method(Commands.prepend)
    cas = _method(Commands.cas)
    set_str = _method(Commands.set_str)
    get = _method(Commands.get)
    get_str = _method(Commands.get_str)
    get_item = _method(Commands.get_item)
    gets = _method(Commands.gets)
    gat = _method(Commands.gat)
    gats = _method(Commands.gats)
    get_many = _method(Commands.get_many)
    gets_many = _method(Commands.gets_many)
    gat_many = _method(Commands.gat_many)
    gats_many = _method(Commands.gats_many)
    delete = _method(Commands.delete)
    incr = _method(Commands.incr)
    decr = _method(Commands.decr)
    touch = _method(Commands.touch)
    mg = _method(Commands.mg)
    ms = _method(Commands.ms)
    md = _method(Commands.md)
    ma = _method(Commands.ma)
    me = _method(Commands.me)
    mn = _method(Commands.mn)
    version = _method(Commands.version)
    flush_all = _method(Commands.flush_all)
    verbosity = _method(Commands.verbosity)
    cache_memlimit = _method(Commands.cache_memlimit)
    shutdown = _method(Commands.shutdown)
    quit = _method(Commands.quit)
    authenticate = _method(Commands.authenticate)
    stats = _method(Commands.stats)
    stats_reset = _method(Commands.stats_reset)
    stats_detail = _method(Commands.stats_detail)
    stats_detail_dump = _method(Commands.stats_detail_dump)
    slabs_reassign = _method(Commands.slabs_reassign)
    slabs_automove = _method(Commands.slabs_automove)
    lru_tune = _method(Commands.lru_tune)
    lru_mode = _method(Commands.lru_mode)
    lru_temp_ttl = _method(Commands.lru_temp_ttl)
    lru_crawler = _method(Commands.lru_crawler)
    lru_crawler_sleep = _method(Commands.lru_crawler_sleep)
    lru_crawler_tocrawl = _method(Commands.lru_crawler_tocrawl)
    lru_crawler_crawl = _method(Commands.lru_crawler_crawl)
    metadump = _method(Commands.metadump)
    mgdump = _method(Commands.mgdump)
    misbehave = _method(Commands.misbehave)
    debugtime = _method(Commands.debugtime)
