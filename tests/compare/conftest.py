"""Two servers to compare: mclite in a thread, and the same behind a proxy that changes what it answers."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from mclite.replay.play.transport import Address
from mclite.store.clock import SystemClock
from mclite.testing import ServerThread

Alter = Callable[[bytes], bytes]


class Altering:
    """A proxy: hands requests on as they are, and answers as `alter` makes them."""

    def __init__(self, port: int, alter: Alter) -> None:
        self._target = port
        self._alter = alter
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = Address("tcp", "127.0.0.1", int(self._listener.getsockname()[1]))
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
                for here, there, alter in ((client, server, None), (server, client, self._alter)):
                    threading.Thread(target=_pump, args=(here, there, alter), daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def _pump(here: socket.socket, there: socket.socket, alter: Alter | None) -> None:
    with contextlib.suppress(OSError):
        while data := here.recv(1 << 16):
            there.sendall(alter(data) if alter else data)
    with contextlib.suppress(OSError):
        there.shutdown(socket.SHUT_RDWR)
    for sock in (here, there):
        sock.close()


@pytest.fixture
def server() -> Iterator[Address]:
    """Where an mclite listens."""
    with ServerThread(clock=SystemClock()) as running:
        yield Address("tcp", running.host, running.port)


@pytest.fixture
def altered() -> Iterator[Callable[[Alter], Address]]:
    """Return what starts another mclite behind a proxy that changes its answers; it returns the address."""
    with contextlib.ExitStack() as stack:

        def start(alter: Alter) -> Address:
            running = stack.enter_context(ServerThread(clock=SystemClock()))
            proxy = Altering(running.port, alter)
            stack.callback(proxy.close)
            return proxy.address

        yield start
