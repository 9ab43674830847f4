"""A server's life: listen, serve, keep house, stop.

`Server` is for an event loop that embeds it; `run` is the whole life of `mclite serve`.
"""

from __future__ import annotations

import asyncio
import gc
import os
import re
import signal
import socket
import ssl
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from mclite.core.credentials import AuthFileError
from mclite.core.instance import Instance
from mclite.core.settings import Settings
from mclite.server.connection import Connection, Connections
from mclite.server.listener import Listener
from mclite.server.udp import DatagramServer
from mclite.store.stats import Stats

if TYPE_CHECKING:
    from pathlib import Path

try:
    from mclite.server.sockets import Sockets
except ModuleNotFoundError:
    Sockets = None  # type: ignore[assignment, misc]

HOUSEKEEPING_SECONDS = 1.0
STILL_SECONDS = 1.0
"""how late the housekeeping is when the process stood still"""
_TURNS_OF_ACCEPT = 4
"""turns of the event loop from accept() to connection_made, and one more"""
_USUAL_PIECE = 2 << 20
"""bytes that a piece of memory for requests and answers seldom exceeds; with 32 MB a grown store leaves large holes"""
YOUNG_OBJECTS_MAX = 20_000
"""Objects made within a second above which they are not looked through for cycles: they are items."""


_PREFIX: Final = re.compile(r"(?:proto\[(\w*)\]|tag\[[^\]]*\]|tag_[^:]*_):")
_PROTOCOLS: Final = {"ascii": "ascii", "binary": "binary", "negotiating": "auto"}


class ServeError(Exception):
    """The server cannot start; the text is for the user."""


class Server(Connections):
    """Listening sockets and connections around an `Instance`.

    `connection` makes what serves one connection; anything but `Connection` itself is served by the event loop's own
    transports. Raises ServeError from `start` when an address cannot be listened on, or a certificate cannot be used.
    """

    def __init__(self, instance: Instance, connection: Callable[[Server], Connection] = Connection) -> None:
        super().__init__(instance)
        self._make = connection
        self.addresses: list[tuple[str, int]] = []
        """host and port of each TCP socket listened on"""
        self._unix_path: Path | None = None
        self._servers: list[asyncio.Server | Listener] = []
        self._sockets: Sockets | None = None
        self._datagrams: list[asyncio.DatagramTransport] = []
        self._housekeeper: asyncio.TimerHandle | None = None
        self._kept_house = time.monotonic()  # when it was last done
        self.stopped: asyncio.Event = asyncio.Event()
        instance.on_stop = self._asked_to_stop

    @property
    def listening_on(self) -> list[str]:
        """The addresses that clients connect to: host:port with IPv6 in brackets, udp://host:port, or unix:/path."""
        tcp = [f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in self.addresses]
        others = [name for name in self.instance.listeners if not name.startswith("tcp:")]
        return tcp + [f"udp://{name[4:]}" if name.startswith("udp:") else name for name in others]

    async def start(self) -> None:
        """Listen, and keep house."""
        try:
            await self.listen()
        except ServeError:
            await self.stop()
            raise
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._exception)
        self._housekeeper = loop.call_later(HOUSEKEEPING_SECONDS, self._keep_house)

    async def listen(self) -> None:
        """Listen at the addresses of the settings. Raises ServeError."""
        settings = self.settings
        if settings.tls:
            self.tls = tls_context(settings, self.instance.stats)
        if settings.unix_socket is not None:
            await self._listen_unix(settings.unix_socket)
        else:
            for address in settings.listen:
                await self._listen_tcp(address)

    def reload(self) -> list[str]:
        """Read the authentication file and the certificates again, for connections from now on (SIGHUP).

        Return a sentence for each that cannot be used: then the old ones are kept.
        """
        problems = []
        try:
            self.instance.load_credentials()
        except AuthFileError as error:
            problems.append(f"{error}; the users are those of before")
        if self.tls is not None:
            try:
                self.tls = tls_context(self.settings, self.instance.stats)
            except ServeError as error:
                problems.append(f"{error}; the certificates are those of before")
            else:
                self.instance.certificates_loaded = self.instance.store.now
        return problems

    async def _listen_tcp(self, address: str) -> None:
        loop = asyncio.get_running_loop()
        settings = self.settings
        protocol, address = split_protocol(address)
        host, port = split_address(address, settings.port)

        def make() -> Connection:
            connection = self._make(self)
            connection.protocol = protocol
            return connection

        if port:
            wanted = 0 if port == -1 else port
            own = Sockets is not None and self.tls is None and self._make is Connection
            try:
                server = await loop.create_server(
                    make,
                    host or None,
                    wanted,
                    backlog=settings.backlog,
                    start_serving=not own,
                )
                names = [listening.getsockname() for listening in server.sockets]
                if own:
                    self._take_over(server, make)
                else:
                    self._servers.append(server)
            except OSError as error:
                raise ServeError(f"cannot listen on {host or '*'}:{wanted}: {_reason(error)}") from None
            for name in names:
                self.addresses.append((name[0], name[1]))
                self.instance.listeners.append(f"tcp:{name[0]}:{name[1]}")
            if settings.port == -1:
                settings.port = self.addresses[0][1]
        if settings.udp_port:
            wanted = max(settings.udp_port, 0)
            try:
                transport, _ = await loop.create_datagram_endpoint(
                    lambda: DatagramServer(self.instance), local_addr=(host or "0.0.0.0", wanted)
                )
            except OSError as error:
                raise ServeError(f"cannot listen on UDP {host}:{settings.udp_port}: {_reason(error)}") from None
            self._datagrams.append(transport)
            settings.udp_port = transport.get_extra_info("sockname")[1]
            self.instance.listeners.append(f"udp:{host}:{settings.udp_port}")

    def _take_over(self, server: asyncio.Server, make: Callable[[], Connection]) -> None:
        """Listen at the sockets that `server` has bound, in its place, with connections that `make` makes."""
        if self._sockets is None:
            self._sockets = Sockets(asyncio.get_running_loop())
        try:
            for bound in server.sockets:
                listening = socket.socket(fileno=os.dup(bound.fileno()))
                self._servers.append(Listener(self._sockets, listening, self.settings.backlog, make))
        finally:
            server.close()

    async def _listen_unix(self, name: str) -> None:
        from pathlib import Path  # here, since a server starts sooner without it

        if not hasattr(socket, "AF_UNIX"):
            raise ServeError(f"cannot listen on {name}: this system has no unix sockets")
        path = Path(name)
        try:
            if path.is_socket():
                if _is_live(name):
                    raise ServeError(f"cannot listen on {path}: another server does")
                path.unlink()  # left behind by a server that was killed
        except OSError as error:
            raise ServeError(f"cannot use {path}: {_reason(error)}") from None
        before = os.umask(0o777 & ~self.settings.unix_mask)
        try:
            server = await asyncio.get_running_loop().create_unix_server(
                lambda: self._make(self), name, backlog=self.settings.backlog
            )
        except OSError as error:
            raise ServeError(f"cannot listen on {path}: {_reason(error)}") from None
        finally:
            os.umask(before)
        self._servers.append(server)
        self._unix_path = path  # only what was made here is taken away again
        self.instance.listeners.append(f"unix:{path}")

    def _keep_house(self) -> None:
        """Once a second: the clock, expired items, idle connections."""
        instance = self.instance
        instance.housekeepings += 1
        instance.keep_house()
        if not gc.isenabled():
            if gc.get_count()[0] < YOUNG_OBJECTS_MAX:
                gc.collect(0)
            gc.freeze()
        timeout = self.settings.idle_timeout
        kept_house, self._kept_house = self._kept_house, time.monotonic()
        stood_still = self._kept_house - kept_house >= HOUSEKEEPING_SECONDS + STILL_SECONDS
        if timeout and not stood_still:  # else what clients said meanwhile is still to be read
            limit = instance.store.now - timeout
            for connection in [one for one in self.connections if one.session.last_command_time < limit]:
                instance.stats.idle_kicks += 1
                connection.close("idle_timeout")
        self._housekeeper = asyncio.get_running_loop().call_later(HOUSEKEEPING_SECONDS, self._keep_house)

    def _exception(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """A failed TLS handshake was counted; anything but a client's failure is a fault of mclite's, and shown."""
        if not isinstance(context.get("exception"), ssl.SSLError | ConnectionError):
            loop.default_exception_handler(context)

    def _asked_to_stop(self, graceful: bool) -> None:
        self.stopped.set()

    async def stop_listening(self) -> None:
        """Take no more connections or datagrams; those that are open go on."""
        await stop_listening(self._servers)
        for datagrams in self._datagrams:
            datagrams.close()
        self._servers.clear()
        self._datagrams.clear()
        self.addresses.clear()
        self.instance.listeners.clear()

    async def stop(self) -> None:
        """Listen no longer and close all connections."""
        if self._housekeeper is not None:
            self._housekeeper.cancel()
        await self.stop_listening()
        for connection in [*self.connections, *self.waiting]:
            connection.close("shutdown")
        deadline = time.monotonic() + 1
        while self.connections and time.monotonic() < deadline:
            await asyncio.sleep(0.005)
        for connection in list(self.connections):
            connection.transport.abort()
        if self._sockets is not None:
            self._sockets.close()
        self.instance.store.close()
        if self._unix_path is not None:
            self._unix_path.unlink(missing_ok=True)


async def stop_listening(servers: Sequence[asyncio.Server | Listener]) -> None:
    """Close listening sockets; a client accepted just now becomes a connection first, to be closed as such.

    asyncio (3.11) would lose it: neither closed nor told to anybody, since it makes no transport for a closed server.
    """
    for _ in range(_TURNS_OF_ACCEPT):
        if not any(getattr(task.get_coro(), "__name__", "") == "_accept_connection2" for task in asyncio.all_tasks()):
            break
        await asyncio.sleep(0)
    for server in servers:
        server.close()
    for _ in range(_TURNS_OF_ACCEPT):
        await asyncio.sleep(0)


def split_protocol(address: str) -> tuple[str | None, str]:
    """Split the prefixes off an address of option -l; return the protocol that proto[...] names, and the rest.

    Raises ServeError. A tag[...] says nothing here.
    """
    protocol = None
    while found := _PREFIX.match(address):
        if found[1] is not None and found[1] not in _PROTOCOLS:
            raise ServeError(f"{address}: the protocol is none of {', '.join(_PROTOCOLS)}")
        protocol = _PROTOCOLS[found[1]] if found[1] is not None else protocol
        address = address[found.end() :]
    return protocol, address


def split_address(address: str, port: int) -> tuple[str, int]:
    """Split an address of option -l, host[:port] with IPv6 in brackets or bare, into host and port."""
    if address.startswith("["):
        host, _, rest = address[1:].partition("]")
        text = rest.removeprefix(":")
    elif address.count(":") == 1:
        host, _, text = address.partition(":")
    else:
        host, text = address, ""
    if host == "*":
        host = ""
    if not text:
        return host, port
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise ServeError(f"bad port in the address {address}")
    return host, int(text)


def _is_live(name: str) -> bool:
    """Tell whether a server accepts connections at the unix socket `name`."""
    with socket.socket(socket.AF_UNIX) as client:
        client.setblocking(False)
        try:
            client.connect(name)
        except BlockingIOError:  # it does, and has no room for more just now
            return True
        except OSError:
            return False
    return True


def _reason(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)


def tls_context(settings: Settings, stats: Stats) -> ssl.SSLContext:
    """Make the TLS context of option -Z; what clients do wrong is counted in `stats`. Raises ServeError."""
    from pathlib import Path  # here, since a server starts sooner without it

    class Counted(ssl.SSLObject):
        """The TLS of one connection, which counts failed handshakes: event loops do not report them."""

        def do_handshake(self) -> None:
            try:
                super().do_handshake()
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                raise
            except ssl.SSLError:
                stats.ssl_proto_errors += 1  # where memcached 1.6.45 counts it: it shakes hands when it reads
                raise

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.sslobject_class = Counted
    versions = (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
    context.minimum_version = versions[settings.ssl_min_version]
    if settings.ssl_chain_cert is None or settings.ssl_key is None:
        raise ServeError("-Z needs -o ssl_chain_cert=FILE,ssl_key=FILE")
    for path in (settings.ssl_chain_cert, settings.ssl_key, settings.ssl_ca_cert):
        if path is not None and not Path(path).is_file():
            raise ServeError(f"cannot read the TLS file {path}")
    try:
        context.load_cert_chain(settings.ssl_chain_cert, settings.ssl_key)
        if settings.ssl_ca_cert is not None:
            context.load_verify_locations(settings.ssl_ca_cert)
        if settings.ssl_ciphers is not None:
            context.set_ciphers(settings.ssl_ciphers)
    except (ssl.SSLError, OSError) as error:
        raise ServeError(f"cannot use the certificate {settings.ssl_chain_cert}: {error}") from None
    if settings.ssl_verify_mode:
        context.verify_mode = ssl.CERT_OPTIONAL if settings.ssl_verify_mode == 1 else ssl.CERT_REQUIRED
    return context


def loop_factory(name: str) -> Callable[[], asyncio.AbstractEventLoop]:
    """Return what makes the event loop: `uvloop`, `asyncio`, or `auto` for uvloop if it is installed."""
    if name != "asyncio":
        try:
            import uvloop
        except ImportError:
            if name == "uvloop":
                raise ServeError("--loop uvloop: uvloop is not installed (pip install 'mclite[fast]')") from None
        else:
            return uvloop.new_event_loop
    return asyncio.new_event_loop


def on_signal(loop: asyncio.AbstractEventLoop, number: int, act: Callable[[], object]) -> None:
    """Have `loop` call `act` when signal `number` arrives."""
    try:
        loop.add_signal_handler(number, act)
    except NotImplementedError:  # the loops of Windows; theirs wakes up for a signal by itself
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(act))


async def _serve(
    instance: Instance, ready: Callable[[Server], None], connection: Callable[[Server], Connection]
) -> None:
    server = Server(instance, connection)
    loop = asyncio.get_running_loop()
    for name in ("SIGINT", "SIGTERM", "SIGUSR1"):
        if hasattr(signal, name):
            on_signal(loop, getattr(signal, name), server.stopped.set)
    if hasattr(signal, "SIGHUP"):
        on_signal(loop, signal.SIGHUP, lambda: _reload(server))
    await server.start()
    try:
        ready(server)
        await server.stopped.wait()
    finally:
        await server.stop()


def _reload(server: Server) -> None:
    for problem in server.reload():
        print(f"mclite serve: {problem}", file=sys.stderr, flush=True)


def _keep_freed_memory() -> None:
    """Have glibc keep the memory that a request leaves free for the next, instead of returning it each time.

    Once it has seen a piece freed that was too large for that, it keeps pieces of that size, and twice as much at its
    end (mallopt(3), M_MMAP_THRESHOLD): so one is made here, which is never touched.
    """
    bytes(_USUAL_PIECE)


def run(
    instance: Instance,
    ready: Callable[[Server], None] = lambda server: None,
    connection: Callable[[Server], Connection] = Connection,
) -> None:
    """Serve until SIGINT, SIGTERM or `shutdown`, each connection with what `connection` makes.

    `ready` is told when the server listens. Raises ServeError.
    """
    # Millions of items make each full collection a pause of seconds, and they are freed without it: nothing that serves
    # requests makes cycles. What little else does is collected while young, once a second (Server._keep_house).
    gc.disable()
    gc.freeze()
    _keep_freed_memory()
    with asyncio.Runner(loop_factory=loop_factory(instance.settings.loop)) as runner:
        runner.run(_serve(instance, ready, connection))
