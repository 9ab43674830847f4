"""One connection of a stream transport (TCP, TLS, unix socket): a Session, and flow control around it.

While the peer does not read, nothing is read from it: what waits to be written stays bounded.
"""

from __future__ import annotations

import asyncio
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

    __slots__ = ("_handshake", "_paused", "_server", "protocol")

    def __init__(self, server: Connections) -> None:
        self.protocol: str | None = None  # of the address that it is accepted at, if that has one of its own
        self._handshake: asyncio.Task[None] | None = None
        self._server = server
        self._paused = False
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
        if len(instance.sessions) < server.settings.max_connections:
            self.begin()
        elif not server.settings.maxconns_fast:
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
        if self.transport.is_closing():
            return
        self.session.push = self._push
        if self.session.transport != "tls":  # where what is sent is a copy anyway
            self.session.write_parts = self.transport.writelines
        self._server.instance.connected(self.session)
        self._server.connections.add(self)
        if self._server.tls is not None:
            # It has its place, as in memcached, before it has shaken hands.
            self.transport.pause_reading()
            self._paused = False
            self._handshake = asyncio.get_running_loop().create_task(self._shake_hands(self._server.tls))
        elif self._paused:
            self._paused = False
            self.transport.resume_reading()

    async def _shake_hands(self, context: ssl.SSLContext) -> None:
        """Go on over TLS: what arrives from now on is encrypted."""
        early = _Early()
        transport = None
        try:
            transport = await asyncio.get_running_loop().start_tls(self.transport, early, context, server_side=True)
        except OSError:  # an SSLError is one; `context` counts those that are the client's fault
            pass
        self._handshake = None
        if transport is None:
            self.transport.abort()
            self.connection_lost(None)
            return
        self.transport = transport
        transport.set_protocol(self)
        if not transport.get_extra_info("ssl_object").session_reused:
            self._server.instance.stats.ssl_new_sessions += 1
        if early.data:
            self.data_received(early.data)
        if early.lost:
            self.connection_lost(None)

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
        if not self.transport.is_closing():
            self.transport.pause_reading()

    def resume_writing(self) -> None:
        """The peer reads again."""
        self._paused = self.session.unread = False
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
        self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        server = self._server
        self.session.push = self.session.write_parts = None  # no cycle is left for the garbage collector
        if self in server.connections:
            server.connections.discard(self)
            server.instance.disconnected(self.session)
            server.place_is_free()
        elif self in server.waiting:
            server.waiting.remove(self)


class _Early(asyncio.Protocol):
    """Keeps what a client says when it has shaken hands, until its connection has the transport to answer over."""

    def __init__(self) -> None:
        self.data = b""
        self.lost = False

    def data_received(self, data: bytes) -> None:
        """Keep `data`."""
        self.data += data

    def connection_lost(self, exc: Exception | None) -> None:
        """Remember that the client is gone."""
        self.lost = True


def _address(name: Any) -> str:
    """Write a socket's address as memcached does: host:port, IPv6 in brackets, a path, or nothing."""
    if isinstance(name, tuple):
        host, port = name[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return name if isinstance(name, str) else ""
