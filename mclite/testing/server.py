"""A server in a thread of the test's process, on a free port, with a clock to move and faults to inject."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from mclite.core.instance import Instance
from mclite.core.settings import Settings
from mclite.server.server import Server
from mclite.store.clock import Clock, DebugClock
from mclite.testing.conduct import conduct_of, dialect_of
from mclite.testing.connection import TestedConnection
from mclite.testing.faults import Faults
from mclite.testing.items import Items
from mclite.testing.misbehaviours import Conduct, Misbehaviour, misbehaviours
from mclite.testing.requests import Requests

if TYPE_CHECKING:
    import ssl
    from typing import Unpack

    from mclite.client import AsyncClient, Client
    from mclite.core.settings import Options

T = TypeVar("T")

STOP_SECONDS: Final = 10.0
"""How long `stop` waits for the thread to end."""

TLS_FILES: Final = Path(__file__).parent / "tls"
"""A certificate for 127.0.0.1 and localhost, signed by itself, and its key; for tests only."""


class ServerThread:
    """A server that runs in a thread while the `with` block does, or between `start` and `stop`.

    `options` are those of `mclite serve --help` by their long names (`memory_limit=64`, in megabytes). Without `port`
    it listens on a free one of 127.0.0.1, with `unix_socket` on that path instead; `enable_ssl` without a certificate
    uses one for tests. `clock` does not move until the test moves it (`server.clock.advance(60)`, seconds); give
    `SystemClock()` for one that does. `settings` instead of `options` is a finished `Settings`.

    `host` and `port` say where it listens, `address` both as text; `instance` is its state. `requests` holds what it
    received, `items` what it holds; `faults` injects faults, `misbehave` changes how it answers, `freeze` and
    `refusing` whether it does. Raises TypeError for an unknown option and ValueError for a bad value.
    """

    def __init__(
        self, settings: Settings | None = None, *, clock: Clock | None = None, **options: Unpack[Options]
    ) -> None:
        if settings is None:
            settings = Settings(**options)
        elif options:
            raise TypeError("give settings or single options, not both")
        if clock is None:
            clock = DebugClock()
            clock.pause()
        if "port" not in options or settings.port == 0:
            settings.port = -1
        if settings.tls and settings.ssl_chain_cert is None and settings.ssl_key is None:
            settings.ssl_chain_cert, settings.ssl_key = str(TLS_FILES / "certificate.pem"), str(TLS_FILES / "key.pem")
        self.faults = Faults()
        self.requests = Requests()
        self.extras: list[Misbehaviour] = dialect_of(settings)
        """how it answers otherwise than memcached 1.6.45, whatever `misbehave` says"""
        self.conduct = conduct_of(settings)
        self.instance = Instance(settings, clock=clock)
        self.items = Items(self.instance, self.call)
        self._clock = clock
        self.host = settings.listen[0] if settings.unix_socket is None else f"unix:{settings.unix_socket}"
        self.port = 0
        self._server: Server | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread: threading.Thread | None = None
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._frozen: threading.Event | None = None

    def __repr__(self) -> str:
        return f"<ServerThread {self.address} {'running' if self.running else 'stopped'}>"

    @property
    def address(self) -> str:
        """Where it listens: host:port, or unix:/path."""
        if self.host.startswith("unix:"):
            return self.host
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def clock(self) -> DebugClock:
        """The server's clock, for the test to move. Raises TypeError if the server was given one that does not."""
        if not isinstance(self._clock, DebugClock):
            raise TypeError("this server runs on a clock that cannot be moved")
        return self._clock

    @property
    def running(self) -> bool:
        """Whether the server listens."""
        return self._thread is not None and self._thread.is_alive()

    # Clients.

    @property
    def client_context(self) -> ssl.SSLContext | None:
        """A TLS context that trusts the server's certificate; None for a server without TLS."""
        settings = self.instance.settings
        if not settings.tls:
            return None
        import ssl

        return ssl.create_default_context(cafile=settings.ssl_ca_cert or settings.ssl_chain_cert)

    def client(self, **options: Any) -> Client[bytes]:
        """Return an `mclite.client.Client` of this server, with `options` of that class; it connects when used."""
        from mclite.client import Client

        return Client(self.host, self.port, tls=self.client_context, **options)

    def async_client(self, **options: Any) -> AsyncClient[bytes]:
        """Return an `mclite.client.AsyncClient` of this server that closes, at the latest, with the event loop."""
        from mclite.testing.loops import client_of_loop

        return client_of_loop(self.host, self.port, self.client_context, **options)

    # What it answers.

    def misbehave(self, *names: str) -> None:
        """Answer as the misbehaviours called `names` have it, in place of those before; without names truly again.

        Raises ValueError for a name that is none, with the nearest; `mclite.testing.MISBEHAVIOURS` is the list.
        """
        self.conduct = Conduct([*self.extras, *misbehaviours(names)])

    def reset(self) -> None:
        """Take the items away, forget the requests and the faults, and answer truly."""
        self.items.clear()
        self.faults.clear()
        self.faults.happened.clear()
        self.requests.clear()
        self.misbehave()

    def in_loop(self, function: Callable[[], object]) -> None:
        """Run `function` in the server's thread soon, if there is one."""
        if self._loop is not None and self.running:
            self._loop.call_soon_threadsafe(function)

    # Its life.

    def start(self, *, empty: bool = False) -> None:
        """Start the server and wait until it listens; after `stop` on the same port, with its items unless `empty`.

        Raises ServeError if it cannot listen.
        """
        if self.running:
            raise RuntimeError(f"the server at {self.address} runs already")
        if empty:
            self.items.clear()
        self._ready.clear()
        self._thread = threading.Thread(target=self._run, name="mclite", daemon=True)
        self._thread.start()
        self._ready.wait()
        failure: BaseException | None = self._failure
        if failure is not None:
            self._thread.join()
            self._thread = None
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
        self.instance.listeners.clear()
        server = Server(self.instance, lambda server: TestedConnection(server, self))
        self._server, self._loop, self._stop = server, asyncio.get_running_loop(), server.stopped
        await server.start()
        try:
            if server.addresses:
                self.host, self.port = server.addresses[0]
            self._ready.set()
            await server.stopped.wait()
        finally:
            await server.stop()

    def stop(self) -> None:
        """Stop the server and close its connections; `start` starts it again."""
        self.thaw()
        if self._thread is None:
            return
        if self._loop is not None and self._stop is not None and self._thread.is_alive():
            try:
                self._loop.call_soon_threadsafe(self._stop.set)
            except RuntimeError:
                pass  # it has just ended by itself (shutdown)
        self._thread.join(STOP_SECONDS)
        self._thread = None

    def freeze(self) -> None:
        """Hold the server still, as SIGSTOP does: connections open and stay open, and nothing is answered."""
        if self._frozen is not None:
            return
        if not self.running or self._loop is None:
            raise RuntimeError("a server that does not run cannot be frozen")
        gate, entered = threading.Event(), threading.Event()

        def hold() -> None:
            entered.set()
            gate.wait()

        self._loop.call_soon_threadsafe(hold)
        entered.wait()
        self._frozen = gate

    def thaw(self) -> None:
        """Let a frozen server go on: it answers what arrived meanwhile."""
        if self._frozen is not None:
            self._frozen.set()
            self._frozen = None

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Freeze the server for the duration of a `with` block."""
        self.freeze()
        try:
            yield
        finally:
            self.thaw()

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Refuse new connections during a `with` block, since the port is not listened on; open ones go on.

        Raises ServeError if the address is taken when it ends.
        """
        server, loop = self._server, self._loop
        if server is None or loop is None or not self.running:
            raise RuntimeError("a server that does not run refuses connections anyway")
        asyncio.run_coroutine_threadsafe(server.stop_listening(), loop).result(STOP_SECONDS)
        try:
            yield
        finally:
            if self.running and self._server is server:
                asyncio.run_coroutine_threadsafe(server.listen(), loop).result(STOP_SECONDS)

    def call(self, function: Callable[[], T]) -> T:
        """Run `function` between two requests, in the server's thread if there is one; return what it returns."""
        if self._frozen is not None or not self.running or self._loop is None:
            return function()
        future: Future[T] = Future()

        def run() -> None:
            try:
                future.set_result(function())
            except BaseException as error:
                future.set_exception(error)

        self._loop.call_soon_threadsafe(run)
        return future.result()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
