"""A port before a server that can be closed and opened again: to a client it looks as if the server restarted."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType
from typing import Self

from mclite.replay.clients.library import Place


class Front:
    """Hands bytes on between clients and the server at `behind`; `place` is where it listens."""

    def __init__(self, behind: Place) -> None:
        self._behind = behind
        self._guard = threading.Lock()
        self._open: set[socket.socket] = set()
        self._listener: socket.socket | None = None
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.place: Place = ("127.0.0.1", int(free.getsockname()[1]))

    def up(self) -> None:
        """Accept clients."""
        self._listener = socket.create_server(self.place)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def down(self) -> None:
        """Hang up on all clients, and refuse new ones."""
        listener, self._listener = self._listener, None
        if listener is not None:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        with self._guard:
            for sock in self._open:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                try:
                    server = socket.create_connection(self._behind, 2.0)
                except OSError:
                    client.close()
                    continue
                server.settimeout(None)
                with self._guard:
                    self._open |= {client, server}
                for here, there in ((client, server), (server, client)):
                    threading.Thread(target=self._pump, args=(here, there), daemon=True).start()

    def _pump(self, here: socket.socket, there: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := here.recv(1 << 16):
                there.sendall(data)
        with contextlib.suppress(OSError):
            there.shutdown(socket.SHUT_RDWR)
        with self._guard:
            self._open.discard(here)
        here.close()

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.down()
