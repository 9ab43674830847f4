"""One connection of a stream transport (TCP, TLS, unix socket): a Session, and flow control around it.

While the peer does not read, nothing is read from it: what waits to be written stays bounded.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import time
from collections import deque
from typing import Any, Final

from mclite.core.instance import Instance
from mclite.core.session import Session
from mclite.server.receiver import Receiver

TOO_MANY: Final = b"ERROR Too many open connections\r\n"


class Connections:
    """The connections of a server: those that are served, and those that wait for one of the places (-c)."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.settings = instance.settings
        self.connections: set[Connection] = set()
        self.waiting: deque[Connection] = deque()
        """connections above -c that wait for a place, without maxconns_fast"""
        self.tls: ssl.SSLContext | None = None
        """the certificates that connections from now on shake hands with (-Z)"""
        self._full_since = 0.0

    def place_is_free(self) -> None:
        """A connection has gone: let one that waits begin."""
        instance = self.instance
        while self.waiting and len(instance.sessions) < self.settings.max_connections:
            self.waiting.popleft().begin()
        if not self.waiting and not instance.accepting:
            instance.accepting = True
            instance.listen_disabled_us += int((time.monotonic() - self._full_since) * 1_000_000)

    def wait_for_place(self, connection: Connection) -> None:
        """Put `connection`, one above -c, to wait."""
        instance = self.instance
        self.waiting.append(connection)
        if instance.accepting:
            instance.accepting = False
            instance.stats.listen_disabled_num += 1
            self._full_since = time.monotonic()


class Connection(Receiver, asyncio.Protocol):
    """The shell around one Session."""

    __slots__ = ("_accepted", "_handshake", "_paused", "_server", "_unsent", "protocol")

    def __init__(self, server: Connections) -> None:
        self.protocol: str | None = None  # of the address that it is accepted at, if that has one of its own
        self._accepted: socket.socket | None = None  # the socket, before hands are shaken over it
        self._handshake: asyncio.Task[None] | None = None
        self._server = server
        self._paused = False
        self._unsent = 0  # bytes that wait to be sent, as the budget knows it
        self._more = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin a session, or refuse a connection above the limit (-c)."""
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "write")
        self.transport = transport  # type: ignore[assignment]
        server = self._server
        instance = server.instance
        kind = "unix" if server.settings.unix_socket else "tls" if server.settings.tls else "tcp"
        self.session = Session(
            instance,
            _address(transport.get_extra_info("peername")),
            _address(transport.get_extra_info("sockname")),
            kind,
            self.protocol,
        )
        free = len(instance.sessions) < server.settings.max_connections
        if server.tls is not None and (free or not server.settings.maxconns_fast):
            self._accepted = self._take_socket()
        if free:
            self.begin()
        elif not server.settings.maxconns_fast:
            if self._accepted is None:
                self.transport.pause_reading()
                self._paused = True
            server.wait_for_place(self)
        else:
            instance.stats.rejected_connections += 1
            self.session.closed = True
            self.transport.write(TOO_MANY)
            self.transport.close()

    def begin(self) -> None:
        """Serve: there is a place for this connection."""
        if self.transport.is_closing() and self._accepted is None:
            return
        self.session.push = self._push
        if self._accepted is None:  # over TLS what is sent is a copy anyway
            self.session.write_parts = self.transport.writelines
        self._server.instance.connected(self.session)
        self._server.connections.add(self)
        if self._accepted is not None:
            # It has its place, as in memcached, before it has shaken hands.
            assert self._server.tls is not None
            sock, self._accepted = self._accepted, None
            self._handshake = asyncio.get_running_loop().create_task(self._shake_hands(sock, self._server.tls))
        elif self._paused:
            self._paused = False
            self.transport.resume_reading()

    def _take_socket(self) -> socket.socket:
        """Take the socket from its transport, before that reads of it.

        Not every event loop can be kept from reading at once, and what it read would be lost to the handshake.
        """
        plain = self.transport
        sock = plain.get_extra_info("socket")
        taken = sock.dup() if os.name == "nt" else socket.socket(fileno=os.dup(sock.fileno()))
        taken.setblocking(False)
        plain.set_protocol(asyncio.Protocol())
        plain.abort()
        return taken

    async def _shake_hands(self, sock: socket.socket, context: ssl.SSLContext) -> None:
        """Go on over TLS, or end when the client cannot."""
        try:
            await asyncio.get_running_loop().connect_accepted_socket(lambda: _Secured(self), sock, ssl=context)
        except (OSError, asyncio.CancelledError):  # an SSLError is one; `context` counts those of the client
            sock.close()
            self._handshake = None
            self.connection_lost(None)
        self._handshake = None

    def secured(self, transport: asyncio.Transport) -> None:
        """Go on with `transport`, over which hands were shaken."""
        self.transport = transport
        transport.set_protocol(self)
        if not transport.get_extra_info("ssl_object").session_reused:
            self._server.instance.stats.ssl_new_sessions += 1

    def _after_answer(self) -> None:
        """Hang up, or go on with what is left, as the session says."""
        session = self.session
        if session.closed:
            self.transport.close()
        elif session.more:
            self._more = True
            if not self._paused:
                self.transport.pause_reading()
            asyncio.get_running_loop().call_soon(self._continue)

    def _continue(self) -> None:
        """Go on with requests that were put off so that other connections get their turn (option -R)."""
        self._more = False
        if self.transport.is_closing():
            return
        if self._paused:
            self._more = True
            return  # resume_writing goes on
        self.transport.resume_reading()
        answer = self.session.receive(b"")
        if answer:
            self.transport.write(answer)
        self._after_answer()

    def pause_writing(self) -> None:
        """The peer does not read: stop reading from it."""
        self._paused = self.session.unread = True
        self._count_unsent(self.transport.get_write_buffer_size())
        if not self.transport.is_closing():
            self.transport.pause_reading()

    def _count_unsent(self, unsent: int) -> None:
        """Tell the budget that `unsent` bytes wait to be sent."""
        self._server.instance.budget.note_unsent(unsent - self._unsent)
        self._unsent = unsent

    def resume_writing(self) -> None:
        """The peer reads again."""
        self._paused = self.session.unread = False
        self._count_unsent(0)
        if self.transport.is_closing():
            return
        if self._more:
            self._continue()
        else:
            self.transport.resume_reading()

    def _push(self, line: bytes) -> bool:
        """Send a log line, unless the peer is too slow for it; return whether it is sent."""
        limit = self._server.settings.watcher_logbuf_size
        if self.transport.is_closing() or self.transport.get_write_buffer_size() > limit:
            return False
        self.transport.write(line)
        return True

    def close(self, reason: str) -> None:
        """Hang up, for `reason`."""
        self.session.close_reason = reason
        if self._accepted is not None:
            self._accepted.close()
            self._accepted = None
        if self._handshake is not None:
            self._handshake.cancel()
        self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        server = self._server
        self.session.push = self.session.write_parts = None  # no cycle is left for the garbage collector
        self.session.forget()
        self._count_unsent(0)
        if self in server.connections:
            server.connections.discard(self)
            server.instance.disconnected(self.session)
            server.place_is_free()
        elif self in server.waiting:
            server.waiting.remove(self)


class _Secured(asyncio.Protocol):
    """Hands the transport of a finished handshake to its connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let the connection go on over `transport`."""
        self._connection.secured(transport)  # type: ignore[arg-type]  # uvloop's is no subclass


def _address(name: Any) -> str:
    """Write a socket's address as memcached does: host:port, IPv6 in brackets, a path, or nothing."""
    if isinstance(name, tuple):
        host, port = name[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return name if isinstance(name, str) else ""
