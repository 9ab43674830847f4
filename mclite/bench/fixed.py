"""A server that does nearly nothing: it answers so many bytes with always the same bytes, unread.

`python -m mclite.bench.fixed PORT [epoll|uvloop]`. Each connection first says what it will send and what it
wants: `fixed <request size> <reply size>`, CR LF, the reply; the answer is `OK`. `version` is answered
before that too. It shows how much the generator can ask for when the server costs as little as Python lets
it.
"""

from __future__ import annotations

import asyncio
import re
import select
import socket
import sys
from typing import cast

_ORDER = re.compile(rb"fixed ([0-9]+) ([0-9]+)\r\n")
BACKLOG = 1024


class Fixed:
    """What one connection does, without I/O: bytes in, bytes out."""

    __slots__ = ("buffer", "have", "reply", "size")

    def __init__(self) -> None:
        self.buffer = b""
        self.size = 0  # bytes of a request; 0: not told yet
        self.have = 0  # bytes of the request under way
        self.reply = b""

    def receive(self, data: bytes) -> bytes:
        """Take bytes and return what to answer."""
        if self.size:
            if self.have == 0 and len(data) == self.size:
                return self.reply
            whole, self.have = divmod(self.have + len(data), self.size)
            return self.reply * whole
        self.buffer += data
        if self.buffer == b"version\r\n":
            self.buffer = b""
            return b"VERSION fixed\r\n"
        order = _ORDER.match(self.buffer)
        if order is None or len(self.buffer) < order.end() + int(order[2]):
            return b""
        self.size = int(order[1])
        self.reply = self.buffer[order.end() :]
        return b"OK\r\n"


def serve_epoll(listener: socket.socket) -> None:
    """Serve with the bare system calls, as the generator does."""
    connections: dict[int, tuple[socket.socket, Fixed]] = {}
    unsent: dict[int, bytes] = {}
    poller = select.epoll()
    poller.register(listener.fileno(), select.EPOLLIN)
    while True:
        for fd, event in poller.poll():
            if fd == listener.fileno():
                sock, _ = listener.accept()
                sock.setblocking(False)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connections[sock.fileno()] = (sock, Fixed())
                poller.register(sock.fileno(), select.EPOLLIN)
                continue
            sock, fixed = connections[fd]
            try:
                if event & select.EPOLLIN:
                    data = sock.recv(65_536)
                    if not data:
                        raise ConnectionResetError
                    answer = fixed.receive(data)
                    if fd in unsent:
                        unsent[fd] += answer
                        continue
                elif event & select.EPOLLOUT:
                    answer = unsent.pop(fd)
                    poller.modify(fd, select.EPOLLIN)
                else:
                    raise ConnectionResetError
                sent = sock.send(answer) if answer else 0
                if sent < len(answer):
                    unsent[fd] = answer[sent:]
                    poller.modify(fd, select.EPOLLIN | select.EPOLLOUT)
            except OSError:
                poller.unregister(fd)
                unsent.pop(fd, None)
                del connections[fd]
                sock.close()


class _Protocol(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass
        self.receive = Fixed().receive

    def data_received(self, data: bytes) -> None:
        answer = self.receive(data)
        if answer:
            self.transport.write(answer)


async def _serve_asyncio(listener: socket.socket) -> None:
    server = await asyncio.get_running_loop().create_server(_Protocol, sock=listener, backlog=BACKLOG)
    await server.serve_forever()


def main() -> int:
    """Serve until stopped."""
    port, loop = int(sys.argv[1]), (sys.argv[2:] or ["epoll"])[0]
    listener = socket.create_server(("127.0.0.1", port), backlog=BACKLOG)
    try:
        if loop == "uvloop":
            import uvloop

            uvloop.run(_serve_asyncio(listener))
        else:
            serve_epoll(listener)
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
