"""What a sync client sends and receives through: a socket, or a Session in the same process."""

from __future__ import annotations

import re
import select
import socket
import ssl
import time
from dataclasses import dataclass
from typing import Final, Protocol

from mclite.client.errors import BadArgumentError
from mclite.core.instance import Instance
from mclite.core.session import Session

READ_BYTES: Final = 256 << 10
NO_UNIX_SOCKETS: Final = "this system has no unix sockets"
_BLOCKED: Final = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


_READABLE: Final = getattr(select, "POLLIN", 1)
_WRITABLE: Final = getattr(select, "POLLOUT", 4)


def _select(sock: socket.socket, events: int, timeout: float | None) -> int:
    """Wait for `events` as poll does, where there is no poll. Raises TimeoutError after `timeout` seconds."""
    readers = [sock] if events & _READABLE else []
    writers = [sock] if events & _WRITABLE else []
    readable, writable, _ = select.select(readers, writers, [], None if timeout is None else max(timeout, 0))
    if not readable and not writable:
        raise TimeoutError("timed out")
    return (_READABLE if readable else 0) | (_WRITABLE if writable else 0)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is: `host` is a name, an address, or unix:/path, and then `port` means nothing.

    `connect_timeout` is in seconds.
    """

    host: str
    port: int
    connect_timeout: float | None
    tls: ssl.SSLContext | None = None

    def __str__(self) -> str:
        if self.path:
            return self.host
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def path(self) -> str:
        """The path of a unix socket, empty for TCP."""
        return self.host.removeprefix("unix:") if self.host.startswith("unix:") else ""


def parse_address(text: str, port: int = 11211) -> tuple[str, int]:
    """Read host, host:port, [IPv6]:port or unix:/path; return host and port. Raises BadArgumentError."""
    if text.startswith("unix:"):
        return text, port
    match = re.fullmatch(
        r"(?:\[(?P<v6>[^\]]+)\]|(?P<host>[^:\[\]]+|[^:\[\]]*(?::[^:\[\]]*){2,}))(?::(?P<port>[0-9]+))?", text
    )
    if match is None or not 0 < int(match["port"] or port) < 65536:
        raise BadArgumentError(f"{text!r} is not host:port, [IPv6]:port or unix:/path")
    return match["v6"] or match["host"], int(match["port"] or port)


class Transport(Protocol):
    """A connection that can be opened again. What goes wrong is an OSError; TimeoutError is one of them."""

    def open(self) -> None:
        """Connect."""

    def check(self) -> bytes | None:
        """Return the bytes received so far without waiting: None for none, b"" if the peer has hung up."""

    def send(self, data: bytes, until: float | None = None) -> bytes:
        """Send `data`; return what arrived meanwhile, so that neither side waits for the other to read.

        `until`: when all must be sent, on the monotonic clock.
        """

    def receive(self, timeout: float | None) -> bytes:
        """Wait up to `timeout` seconds for bytes; b"" if the peer has hung up."""

    def close(self) -> None:
        """Close, if open."""


class SocketTransport:
    """TCP, TLS or a unix socket."""

    def __init__(self, address: Address, timeout: float | None) -> None:
        self._address = address
        self._timeout = timeout
        self._socket: socket.socket | None = None

    def open(self) -> None:
        """Connect, and do the TLS handshake if there is one."""
        address = self._address
        if address.path:
            if not hasattr(socket, "AF_UNIX"):
                raise OSError(NO_UNIX_SOCKETS)
            sock = socket.socket(socket.AF_UNIX)
            try:
                sock.settimeout(address.connect_timeout)
                sock.connect(address.path)
            except BaseException:
                sock.close()
                raise
        else:
            sock = socket.create_connection((address.host, address.port), address.connect_timeout)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            if address.tls is not None:
                sock = address.tls.wrap_socket(sock, server_hostname=address.host)
            sock.setblocking(False)
        except BaseException:
            sock.close()
            raise
        self._socket = sock

    def _open_socket(self) -> socket.socket:
        if self._socket is None:
            raise ConnectionError("the socket is closed")
        return self._socket

    def check(self) -> bytes | None:
        """Return the bytes received so far without waiting: None for none, b"" if the peer has hung up."""
        try:
            return self._open_socket().recv(READ_BYTES)
        except _BLOCKED:
            return None
        except ConnectionError:
            return b""

    def send(self, data: bytes, until: float | None = None) -> bytes:
        """Send `data`, at the latest at `until` on the monotonic clock; return what arrived meanwhile."""
        sock = self._open_socket()
        view = memoryview(data)
        arrived = []
        while view:
            try:
                view = view[sock.send(view) :]
                continue
            except _BLOCKED:
                pass
            seconds = self._timeout
            if until is not None:
                left = until - time.monotonic()
                if left <= 0:
                    raise TimeoutError("timed out")
                seconds = left if seconds is None else min(left, seconds)
            if self._wait(sock, _READABLE | _WRITABLE, seconds) & _READABLE:
                chunk = self.check()
                if chunk == b"":
                    break  # the peer hung up; what it said before may tell why
                if chunk:
                    arrived.append(chunk)
        return b"".join(arrived)

    def receive(self, timeout: float | None) -> bytes:
        """Wait up to `timeout` seconds for bytes; b"" if the peer has hung up."""
        sock = self._open_socket()
        while True:
            if not (isinstance(sock, ssl.SSLSocket) and sock.pending()):
                self._wait(sock, _READABLE, timeout)
            try:
                return sock.recv(READ_BYTES)
            except _BLOCKED:
                continue

    @staticmethod
    def _wait(sock: socket.socket, events: int, timeout: float | None) -> int:
        if not hasattr(select, "poll"):
            return _select(sock, events, timeout)
        poll = select.poll()
        poll.register(sock, events)
        ready = poll.poll(None if timeout is None else max(timeout * 1000, 0))
        if not ready:
            raise TimeoutError("timed out")
        return ready[0][1]

    def close(self) -> None:
        """Close, if open."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class SessionTransport:
    """Straight to a Session of an Instance, without a socket. Nothing blocks: a missing answer is a timeout at once."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self._session: Session | None = None
        self._arrived: list[bytes] = []

    def open(self) -> None:
        """Begin a session."""
        self._session = Session(self.instance, transport="local")
        self._session.push = self._arrived.append
        self._arrived.clear()
        self.instance.connected(self._session)

    def check(self) -> bytes | None:
        """Return the bytes received so far without waiting: None for none, b"" if the session has ended."""
        data = b"".join(self._arrived)
        self._arrived.clear()
        if data:
            return data
        return b"" if self._session is None or self._session.closed else None

    def send(self, data: bytes, until: float | None = None) -> bytes:
        """Hand `data` to the session; its answers wait to be received."""
        session = self._session
        if session is None or session.closed:
            raise ConnectionError("the session has ended")
        self._arrived.append(session.receive(data))
        while session.more and not session.closed:
            self._arrived.append(session.receive(b""))
        return b""

    def receive(self, timeout: float | None) -> bytes:
        """Return what has arrived; if nothing has, nothing will: a timeout, or the end of the connection."""
        data = self.check()
        if data is not None:
            return data
        if timeout is None:
            return b""
        raise TimeoutError("a session in the same process has no more to send")

    def close(self) -> None:
        """End the session."""
        if self._session is not None:
            self._session.closed = True
            self.instance.disconnected(self._session)
            self._session = None
