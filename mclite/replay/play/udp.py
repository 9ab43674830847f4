"""The UDP transport: one datagram a write, an 8-byte header before each, answers put together in order.

protocol.txt 1905-1926. `udp` hides the header and checks it; `udp-raw` shows it, both ways.
"""

from __future__ import annotations

import contextlib
import itertools
import random
import select
import socket
import struct
import time

from mclite.replay.play.inbox import Inbox
from mclite.replay.scenario.talk import Act, Op, Script, Write, requests
from mclite.replay.scenario.text import Literal, Padded, Part, Repeat, Text
from mclite.replay.scenario.wire import escape

HEADER = struct.Struct(">HHHH")
#: The most bytes of a request that fit into one datagram, for every server: with the header below 1400.
REQUEST = 1392
#: Bytes that may wait to be read.
BUFFER = 4 * 1024 * 1024
#: The id with which the closing barrier asks, raw.
BARRIER_ID = 0xFFFE


class Datagrams(Inbox):
    """Looks like a connection: what is sent is one datagram, what comes is put together in `buffer`."""

    __slots__ = ("_ids", "_parts", "_poll", "_raw", "_sent", "received", "sock")

    def __init__(self, host: str, port: int, raw: bool) -> None:
        """Talk to a port; raise OSError when there is no such host."""
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        self.sock = socket.socket(family, kind)
        self.sock.connect(address)
        _widen(self.sock)
        self.sock.setblocking(False)
        super().__init__()
        self.received = 0
        self._raw = raw
        self._ids = itertools.count(random.randrange(1, 0x8000))
        self._sent: set[int] = set()
        self._parts: dict[int, dict[int, bytes]] = {}
        self._poll = select.poll()
        self._poll.register(self.sock, select.POLLIN)

    def frame(self, data: bytes) -> bytes:
        """Return what the closing barrier sends, and what must come: with a header, when headers are shown."""
        return HEADER.pack(BARRIER_ID, 0, 1, 0) + data if self._raw else data

    def send(self, data: bytes, deadline: float) -> bool:
        """Send one datagram; return False when it could not be sent until `deadline`."""
        if not self._raw:
            request = next(self._ids) % 0x10000
            self._sent.add(request)
            data = HEADER.pack(request, 0, 1, 0) + data
        while True:
            try:
                self.sock.send(data)
                return True
            except BlockingIOError:
                if time.monotonic() > deadline:
                    return False
                time.sleep(0.001)
            except OSError as error:
                # An ICMP answer to an earlier datagram, or one that is too long.
                self.gone = f"the datagram could not be sent: {error.strerror}"
                return True

    def fill(self, deadline: float) -> bool:
        """Read until a message is whole, until `deadline` at the latest; return False when none arrived."""
        before = len(self.buffer)
        while not self.over():
            left = deadline - time.monotonic()
            if not self._poll.poll(max(0, left * 1000)):
                return False
            try:
                data = self.sock.recv(65536)
            except BlockingIOError:
                continue
            except OSError as error:
                self.gone = f"nobody listens on the UDP port: {error.strerror}"
                return False
            self.received += len(data)
            self._take_in(data)
            if len(self.buffer) > before:
                return True
        return False

    def _take_in(self, data: bytes) -> None:
        if self._raw:
            self.buffer += data
            return
        if len(data) < HEADER.size:
            self.gone = f"a datagram is shorter than its header: {escape(data)}"
            return
        request, number, total, _ = HEADER.unpack_from(data)
        if request not in self._sent:
            self.gone = f"a datagram answers request {request}, which was not sent"
            return
        if number >= total:
            self.gone = f"a datagram says that it is number {number} of {total}"
            return
        parts = self._parts.setdefault(request, {})
        parts[number] = data[HEADER.size :]
        if len(parts) == total:
            # Several answers to one datagram follow each other, each a message of its own.
            for index in range(total):
                self.buffer += parts[index]
            del self._parts[request]

    def shut(self) -> None:
        """Do nothing: there is no connection to end."""

    def reset(self) -> None:
        """Close the socket."""
        self.close()

    def close(self) -> None:
        """Close the socket."""
        with contextlib.suppress(OSError):
            self.sock.close()


def _widen(sock: socket.socket) -> None:
    """Let the system keep as much as it will of an answer that arrives faster than it is read."""
    for option in (getattr(socket, "SO_RCVBUFFORCE", 33), socket.SO_RCVBUF):  # the first one is for root, on Linux
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, option, BUFFER)
            return


def unsayable(script: Script) -> str | None:
    """Return why a script cannot be played over UDP, if it cannot: a request must be whole in one datagram."""
    return next((reason for op in script if (reason := _unsayable(op))), None)


def _unsayable(op: Op) -> str | None:
    if isinstance(op, Act) and op.verb != "wait":
        return f"`{op.verb}` is about a connection, and UDP has none"
    if isinstance(op, Write):
        if any(not end for _, end in op.lines):
            return "it sends a line in parts, and a request must be whole in one datagram"
        if sum(1 for _ in requests(op)) > 1:
            return "it pipelines, and a datagram takes one request"
        size = sum(_size(text) + 2 for text, _ in op.lines)
        if size > REQUEST:
            return f"it sends {size} bytes at once, and a datagram takes {REQUEST}"
    return None


def _size(text: Text) -> int:
    """Return about how many bytes a text will have when it is sent."""
    return sum(_part_size(part) for part in text.parts)


def _part_size(part: Part) -> int:
    match part:
        case Literal(data):
            return len(data)
        case Repeat(text, count):
            return _size(text) * count
        case Padded(length=length):
            return length
        case _:
            return 16
