"""What sockets.pyx offers."""

import asyncio
import socket

class Sockets:
    """The sockets of one event LOOP."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None: ...
    def add(self, sock: socket.socket, protocol: asyncio.Protocol) -> None:
        """Serve SOCK, connected and non-blocking, with PROTOCOL."""

    def close(self) -> None:
        """Hang up on all, at once."""
