"""Connections to a target: TCP, TLS and unix sockets, with deadlines and bounded buffers.

No call blocks longer than its deadline, and no buffer grows past LIMIT, whatever the target does.
"""

from __future__ import annotations

import contextlib
import re
import select
import socket
import ssl
import struct
import time
from dataclasses import dataclass

from mclite.replay.play.inbox import Inbox
from mclite.replay.play.udp import Datagrams
from mclite.replay.scenario.scenario import Kind

#: The most bytes that are held unread of one connection.
LIMIT = 64 * 1024 * 1024


class Unreachable(Exception):  # noqa: N818  # the word for what it is
    """The target cannot be connected to; the text says which and why."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a target listens."""

    kind: Kind
    host: str  #: or the path of a unix socket
    port: int = 0

    def __str__(self) -> str:
        if self.kind == "unix":
            return f"unix:{self.host}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}" if self.kind == "tcp" else f"{self.kind}://{host}:{self.port}"


_ADDRESS = re.compile(r"(?:(tcp|tls|udp)://)?(?:\[([^\]]+)\]|([^:/\s\[\]]+))(?::(\d+))?")


def parse_address(text: str) -> Address:
    """Return the address written as host:port, host, [IPv6]:port, unix:/path, tls://host:port or udp://host:port."""
    if text.startswith("unix:"):
        path = text.removeprefix("unix:").removeprefix("//")
        if not path:
            raise ValueError("unix: needs a path after it")
        return Address("unix", path)
    found = _ADDRESS.fullmatch(text)
    if not found or int(found[4] or 11211) > 65535:
        raise ValueError(f"{text!r} is no address such as 127.0.0.1:11211, unix:/path or tls://host:port")
    kind: Kind = {None: "tcp", "tcp": "tcp", "tls": "tls", "udp": "udp"}[found[1]]  # type: ignore[assignment]
    return Address(kind, found[2] or found[3], int(found[4] or 11211))


class Connection(Inbox):
    """A stream to the target: bytes received wait in `buffer`; `gone` says why nothing more will come."""

    __slots__ = ("_limit", "_poll", "_tls", "address", "received", "sock")

    def __init__(self, address: Address, timeout: float, limit: int = LIMIT) -> None:
        """Connect within `timeout` seconds; raise Unreachable. At most `limit` bytes are held while more are sent."""
        super().__init__()
        self.address = address
        self._limit = limit
        self.received = 0
        try:
            self.sock = _connect(address, timeout)
        except (OSError, ValueError) as error:
            raise Unreachable(f"{address} cannot be connected to: {_reason(error)}") from None
        self._tls = address.kind == "tls"
        self.sock.setblocking(False)
        self._poll = select.poll()
        self._poll.register(self.sock, select.POLLIN)

    def fill(self, deadline: float) -> bool:
        """Read once, until `deadline` (of time.monotonic) at the latest; return False when nothing arrived."""
        left = 0.0
        while not self.over() and left >= 0:
            # TLS may hold bytes of its own, of which poll knows nothing.
            if self._tls and self._receive():
                return True
            left = deadline - time.monotonic()
            if self.over() or not self._poll.poll(max(0, left * 1000)):
                return False
            if self._receive():
                return True
        return False

    def frame(self, data: bytes) -> bytes:
        """Return what the closing barrier sends, and what must come: a stream adds nothing."""
        return data

    def _receive(self) -> bool:
        try:
            data = self.sock.recv(65536)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return False
        except OSError as error:
            self.gone = "the server reset the connection" if isinstance(error, ConnectionError) else _reason(error)
            return False
        if not data:
            self.gone = "the server closed the connection"
            return False
        self.received += len(data)
        self.buffer += data
        return True

    def send(self, data: bytes, deadline: float) -> bool:
        """Send all bytes, reading what comes meanwhile; return False when they were not taken in time.

        When the target hung up the rest is dropped: what it answered before can still be read.
        """
        view = memoryview(data)
        while view:
            try:
                view = view[self.sock.send(view) :]
                continue
            except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
                pass
            except OSError:
                return True
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            events = select.POLLOUT | (select.POLLIN if self.gone is None and len(self.buffer) < self._limit else 0)
            self._poll.modify(self.sock, events)
            ready = self._poll.poll(left * 1000)
            self._poll.modify(self.sock, select.POLLIN)
            if ready and ready[0][1] & (select.POLLIN | select.POLLHUP | select.POLLERR) and self.gone is None:
                self._receive()
        return True

    def shut(self) -> None:
        """Send no more."""
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Hang up with a TCP reset."""
        with contextlib.suppress(OSError):
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self) -> None:
        """Hang up."""
        with contextlib.suppress(OSError):
            self.sock.close()


def connect(address: Address, timeout: float) -> Connection | Datagrams:
    """Return a connection, or its counterpart over UDP; raise Unreachable."""
    if address.kind not in ("udp", "udp-raw"):
        return Connection(address, timeout)
    try:
        return Datagrams(address.host, address.port, raw=address.kind == "udp-raw")
    except OSError as error:
        raise Unreachable(f"{address} cannot be reached: {_reason(error)}") from None


def _connect(address: Address, timeout: float) -> socket.socket:
    if address.kind == "unix":
        plain = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        plain.settimeout(timeout)
        try:
            plain.connect(address.host)
        except BaseException:
            plain.close()
            raise
        return plain
    plain = socket.create_connection((address.host, address.port), timeout)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if address.kind == "tls":
        try:
            return _handshake(plain, address.host, time.monotonic() + timeout)
        except BaseException:
            plain.close()
            raise
    return plain


def _handshake(plain: socket.socket, host: str, deadline: float) -> ssl.SSLSocket:
    """Shake hands until `deadline` at the latest, also with a server that sends a byte now and then; raise OSError."""
    wrapped = tls_context().wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)
    wrapped.setblocking(False)
    while True:
        try:
            wrapped.do_handshake()
            return wrapped
        except ssl.SSLWantReadError:
            event = select.POLLIN
        except ssl.SSLWantWriteError:
            event = select.POLLOUT
        poll = select.poll()
        poll.register(wrapped, event)
        if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
            wrapped.close()
            raise TimeoutError("timed out")


def tls_context() -> ssl.SSLContext:
    """Return the client's side of TLS: any certificate will do, for the suite judges no trust."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _reason(error: BaseException) -> str:
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).strip().rstrip(".")
