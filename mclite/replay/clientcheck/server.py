"""The server that a client is connected to in a scenario: honest, unless the talk says how a request is answered."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from mclite.replay.clientcheck.answers import HONEST, Part, meta_flags, render
from mclite.replay.clientcheck.arrival import Request
from mclite.replay.clientcheck.delivery import PLAIN, Delivery, place_of
from mclite.replay.clientcheck.items import Item, Items
from mclite.replay.clientcheck.notation import Directive, Do
from mclite.replay.clientcheck.reader import Reader
from mclite.replay.scenario.text import Text, Values

#: operation: the verbs of requests that carry it out
FAMILIES: dict[str, frozenset[str]] = {
    **{name: frozenset({name}) for name in ("set", "add", "replace", "append", "prepend", "cas", "gat", "delete")},
    **{name: frozenset({name}) for name in ("incr", "decr", "touch", "flush_all", "version", "stats")},
    **dict.fromkeys(("get", "gets", "get_many", "gets_many"), frozenset({"get"})),
}
#: Verbs that a client may send at any time: they ask about the connection, or end it.
NEUTRAL = frozenset({"version", "noop", "quit", "sasl"})
#: Seconds between two pieces of an answer, where nothing else is said.
_PIECE_SECONDS = 0.0004

Who = Literal["caller", "client", "server", "note"]


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened: milliseconds since the start, who, on which connection (0: none), and what."""

    at: float
    who: Who
    conn: int
    data: bytes


@dataclass(slots=True)
class Running:
    """Something that the caller does, and what arrived for it."""

    do: Do
    keys: tuple[bytes, ...]
    value: bytes | None
    arrived: list[Request] = field(default_factory=list)
    foreign: list[Request] = field(default_factory=list)
    answered: int = 0
    seen: asyncio.Event = field(default_factory=asyncio.Event)

    def directive(self) -> Directive | None:
        """Return how the next request is answered, None for honestly."""
        self.answered += 1
        found = self.do.directives
        return found[self.answered - 1] if self.answered <= len(found) else None


@dataclass(slots=True, eq=False)
class Connection:
    """A connection of the client."""

    number: int
    writer: asyncio.StreamWriter
    reader: Reader = field(default_factory=Reader)
    #: What is to be sent after the result, or before the next answer; `silent` drops what follows.
    held: list[bytes] = field(default_factory=list)
    mode: Literal["open", "late", "with-next", "silent"] = "open"
    owner: Running | None = None

    @property
    def is_open(self) -> bool:
        """Whether bytes can be sent."""
        return not self.writer.is_closing()


class Server:
    """Listens for one client during one scenario."""

    def __init__(self, items: Items, values: Values, bytes_flags: int, scale: float = 1.0) -> None:
        self.scale = scale  #: of the pauses within an answer, as of the timeout
        self.items = items
        self.values = values
        self.bytes_flags = bytes_flags
        self.events: list[Event] = []
        self.running: list[Running] = []
        self._past: list[Running] = []
        self.broken: str | None = None  #: how this server failed, which is no fault of the client
        self.illegal: list[Request] = []
        self.connections: list[Connection] = []
        self._began = time.monotonic()
        self._server: asyncio.Server | None = None
        self.port = 0

    def note(self, who: Who, data: bytes, conn: int = 0) -> None:
        """Take note of something that happened."""
        self.events.append(Event((time.monotonic() - self._began) * 1000, who, conn, data))

    async def up(self) -> None:
        """Listen: the first time on a free port, then on the same again."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=1 << 20)
        self.port = self._server.sockets[0].getsockname()[1]

    async def down(self) -> None:
        """Hang up on everybody, and listen no longer."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.drop()

    def drop(self) -> None:
        """Hang up on everybody."""
        for connection in self.connections:
            if connection.is_open:
                self.note("server", b"closes", connection.number)
                connection.writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = Connection(len(self.connections) + 1, writer)
        self.connections.append(connection)
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            await self._read(reader, connection)
        writer.close()

    async def _read(self, reader: asyncio.StreamReader, connection: Connection) -> None:
        try:
            while data := await reader.read(1 << 16):
                self.note("client", data, connection.number)
                for request in connection.reader.feed(data):
                    if not connection.is_open:
                        break
                    await self._answer(connection, request)
            self.note("client", b"closes", connection.number)
        except (ValueError, KeyError, IndexError, TypeError) as error:
            self.broken = f"{type(error).__name__}: {error}"

    def _whose(self, request: Request) -> Running | None:
        """Return what the caller does that a request belongs to; of several the one with its keys."""
        for running in self.running:
            if len(self.running) == 1 or set(request.keys) & set(running.keys):
                return running
        return None

    def _is_overdue(self, request: Request) -> bool:
        """Tell whether a request belongs to what the caller has given up, on a machine that was too busy to send it."""
        return any(
            request.verb in FAMILIES[one.do.operation] and set(request.keys) <= set(one.keys) for one in self._past
        )

    async def _answer(self, connection: Connection, request: Request) -> None:
        running = self._whose(request)
        if request.problem is not None:
            self.illegal.append(request)
            if running is not None:
                running.seen.set()
            await self._send(connection, b"ERROR\r\n")
            return
        directive: Directive | None = None
        if running is not None:
            overdue = not set(request.keys) <= set(running.keys) and self._is_overdue(request)
            if request.verb in FAMILIES[running.do.operation] and not overdue:
                running.arrived.append(request)
                directive = running.directive()
                running.seen.set()
            elif request.verb not in NEUTRAL and not overdue and not self._is_overdue(request):
                running.foreign.append(request)
        if connection.mode == "with-next" and connection.owner is not running:
            await self.release(connection)
        parts = self._parts(request, directive)
        if directive is None:
            await self._send(connection, b"".join(part.data for part in parts))
        else:
            connection.owner = running
            await self._deliver(connection, parts, directive)

    def _parts(self, request: Request, directive: Directive | None) -> Sequence[Part]:
        """Return the answer to a request, as it is before it is delivered."""
        if directive is not None and directive.raw:
            local = {**self.values, **self._presets(request)}
            return [Part("line", render_text(text, local) + end) for text, end in directive.raw]
        reply = self.items.carry_out(request)
        if directive is None:
            return render(request, reply, HONEST)
        bend = directive.bend
        if directive.key is not None:
            bend = replace(bend, key=render_text(directive.key, self.values))
        if directive.extra is not None:
            key, value = (render_text(text, self.values) for text in directive.extra)
            bend = replace(bend, extra=(key, value))
        return render(request, reply, bend)

    def _presets(self, request: Request) -> Values:
        """Return the values of names that depend on the request."""
        item = self.items.held.get(request.keys[0] if request.keys else b"", Item(b"", self.bytes_flags, 101))
        return {
            "cas": b" %d" % item.cas if request.name in ("gets", "gats") else b"",
            "flags": meta_flags(request, item),
            "opaque": request.opaque,
            "opcode": bytes([request.opcode]),
            "bytes_flags": b"%d" % self.bytes_flags,
            "empty": b"",
        }

    async def _deliver(self, connection: Connection, parts: Sequence[Part], directive: Directive) -> None:
        delivery: Delivery = directive.delivery
        whole = b"".join(part.data for part in parts)
        first, rest = whole, b""
        if delivery.place is not None:
            text = render_text(directive.at, self.values) if directive.at is not None else b""
            at = place_of(parts, delivery.place, text)
            first, rest = whole[:at], whole[at:]
        if delivery.when != "now" and delivery.place is None:
            first, rest = b"", whole
        await self._send(connection, first, delivery)
        for _ in range((delivery.megabytes << 20) // max(1, len(first)) if delivery.megabytes else 0):
            await self._send(connection, first)
            if not connection.is_open:
                break
        if delivery.then in ("close", "reset"):
            self._hang_up(connection, reset=delivery.then == "reset")
        elif delivery.when in ("late", "with-next"):
            connection.mode = delivery.when
            connection.held.append(rest)
        elif delivery.when == "never" or delivery.then == "stall":
            connection.mode = "silent"
        elif rest:
            await asyncio.sleep(delivery.seconds * self.scale)
            await self._send(connection, rest, delivery)
        if delivery.twice == "now":
            await self._send(connection, whole)
        elif delivery.twice == "late":
            connection.mode = "late"
            connection.held.append(whole)

    def _hang_up(self, connection: Connection, *, reset: bool) -> None:
        self.note("server", b"resets" if reset else b"closes", connection.number)
        if reset:
            sock = connection.writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.writer.transport.abort()
        else:
            connection.writer.close()

    async def _send(self, connection: Connection, data: bytes, delivery: Delivery = PLAIN) -> None:
        """Send bytes, or hold them back when an answer before them is."""
        if connection.mode != "open":
            if connection.mode != "silent" and data:
                connection.held.append(data)
            return
        if not data or not connection.is_open:
            return
        self.note("server", data, connection.number)
        with contextlib.suppress(ConnectionError):
            size = delivery.pieces or len(data)
            for start in range(0, len(data), size):
                if start:
                    await asyncio.sleep(delivery.seconds * self.scale or _PIECE_SECONDS)
                connection.writer.write(data[start : start + size])
                await connection.writer.drain()

    async def release(self, connection: Connection) -> None:
        """Send what was held back on a connection."""
        held, connection.held, connection.mode = b"".join(connection.held), [], "open"
        if held:
            if connection.is_open:
                self.note("note", b"what was held back is sent now", connection.number)
            await self._send(connection, held)

    async def after(self, running: Running) -> None:
        """The caller has a result: send what was kept for then, and answer again where nothing was answered."""
        self.running.remove(running)
        self._past.append(running)
        for connection in self.connections:
            if connection.owner is running and connection.mode in ("late", "silent"):
                await self.release(connection)

    async def push(self, data: bytes) -> None:
        """Send what nobody asked for, on every connection."""
        for connection in self.connections:
            await self._send(connection, data)


def render_text(text: Text, values: Values) -> bytes:
    """Return the bytes of a text; a key without a value is its name."""
    for name in text.needs:
        if name.startswith("key"):
            values.setdefault(name, name.encode())
    return text.render(values, lambda length: b"k" * (length or 1))
