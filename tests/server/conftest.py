"""Real servers in a thread of the test's process, on free ports, and connections to them."""

from __future__ import annotations

import asyncio
import select
import shlex
import socket
import ssl
import threading
from collections.abc import Callable, Iterator

import pytest
from waiting import SECONDS_MAX

from mclite.core.instance import Instance
from mclite.server import options
from mclite.server.server import Server


class Wire:
    """A client's socket, with a buffer."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.buffer = b""
        sock.settimeout(SECONDS_MAX)

    def send(self, data: bytes) -> None:
        """Send all of `data`."""
        self.sock.sendall(data)

    def read(self, length: int) -> bytes:
        """Read `length` bytes, fewer if the server hangs up."""
        while len(self.buffer) < length:
            part = self.sock.recv(65536)
            if not part:
                break
            self.buffer += part
        got, self.buffer = self.buffer[:length], self.buffer[length:]
        return got

    def line(self) -> bytes:
        """Read up to an LF."""
        while b"\n" not in self.buffer:
            part = self.sock.recv(65536)
            if not part:
                break
            self.buffer += part
        got, end, self.buffer = self.buffer.partition(b"\n")
        return got + end

    def ask(self, data: bytes, answer: bytes) -> None:
        """Send `data`; the server must answer `answer`."""
        self.send(data)
        assert self.read(len(answer)) == answer

    def closed(self) -> bool:
        """Wait until the server hangs up."""
        try:
            return self.sock.recv(1) == b""
        except ConnectionError:
            return True

    def quiet(self) -> bool:
        """Return whether nothing is to be read now."""
        return not select.select([self.sock], [], [], 0)[0]


class Running:
    """A server that runs; what it raised at its start is raised by `__init__`."""

    def __init__(self, command_line: str) -> None:
        self.settings = options.parse(shlex.split(command_line)).settings
        self.instance = Instance(self.settings)
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._wires: list[Wire] = []
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        assert self._ready.wait(SECONDS_MAX)
        if self._failure is not None:
            self._thread.join()
            raise self._failure

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            self._failure = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self.server = Server(self.instance)
        self._loop = asyncio.get_running_loop()
        await self.server.start()
        self._ready.set()
        try:
            await self.server.stopped.wait()
        finally:
            await self.server.stop()

    @property
    def port(self) -> int:
        """The first TCP port."""
        return self.server.addresses[0][1]

    def connect(self, host: str = "127.0.0.1", port: int | None = None) -> Wire:
        """Open a TCP connection."""
        return self._keep(socket.create_connection((host, port or self.port), SECONDS_MAX))

    def connect_unix(self, path: str) -> Wire:
        """Open a connection to a unix socket."""
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(path)
        return self._keep(sock)

    def connect_tls(self, context: ssl.SSLContext) -> Wire:
        """Open a TLS connection."""
        sock = socket.create_connection(("127.0.0.1", self.port), SECONDS_MAX)
        return self._keep(context.wrap_socket(sock))

    def _keep(self, sock: socket.socket) -> Wire:
        self._wires.append(Wire(sock))
        return self._wires[-1]

    def call(self, function: Callable[[], object]) -> None:
        """Call `function` in the server's thread, and wait for that."""
        done = threading.Event()

        def run() -> None:
            try:
                function()
            finally:
                done.set()

        self._loop.call_soon_threadsafe(run)
        assert done.wait(SECONDS_MAX)

    @property
    def alive(self) -> bool:
        """Does it still run?"""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Hang up on it, stop it, and see that it stops."""
        for wire in self._wires:
            wire.sock.close()
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self.server.stopped.set)
        self._thread.join(SECONDS_MAX)
        assert not self._thread.is_alive()


@pytest.fixture
def serve() -> Iterator[Callable[[str], Running]]:
    """Return what starts a server with options, by default on any free port of 127.0.0.1."""
    running: list[Running] = []

    def start(command_line: str = "") -> Running:
        running.append(Running(f"-p -1 {command_line}"))
        return running[-1]

    yield start
    for server in running:
        server.stop()
