"""A listening TCP socket whose connections do without the event loop's transports: the compiled build (sockets.pyx)."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mclite.server.sockets import Sockets

_AT_ONCE: Final = 100
"""connections accepted in one turn of the event loop"""
_RETRY_SECONDS: Final = 1.0
_NO_ROOM: Final = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class Listener:
    """Accepts connections at `listening`, a bound TCP socket, and hands each to `sockets` with a protocol from `make`.

    Raises OSError if it cannot be listened on; then it is closed.
    """

    def __init__(
        self, sockets: Sockets, listening: socket.socket, backlog: int, make: Callable[[], asyncio.Protocol]
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._sockets = sockets
        self._listening = listening
        self._make = make
        self._retry: asyncio.TimerHandle | None = None
        try:
            listening.setblocking(False)
            listening.listen(backlog)
        except OSError:
            listening.close()
            raise
        self._begin()

    def _begin(self) -> None:
        self._retry = None
        self._loop.add_reader(self._listening, self._accept)

    def _accept(self) -> None:
        for _ in range(_AT_ONCE):
            try:
                accepted, _address = self._listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in _NO_ROOM:
                    raise
                # As asyncio does: it would be told of the same connection again at once.
                self._loop.call_exception_handler({"message": "cannot accept connections", "exception": error})
                self._loop.remove_reader(self._listening)
                self._retry = self._loop.call_later(_RETRY_SECONDS, self._begin)
                return
            accepted.setblocking(False)
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._sockets.add(accepted, self._make())

    def close(self) -> None:
        """Listen no longer."""
        if self._retry is not None:
            self._retry.cancel()
        self._loop.remove_reader(self._listening)
        self._listening.close()
