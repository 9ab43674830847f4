"""The sockets of the compiled build: what asyncio's transports do, on both event loops."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from waiting import SECONDS_MAX, until_async

from mclite.server.server import loop_factory

sockets = pytest.importorskip("mclite.server.sockets", reason="this is not the compiled build")

MEGABYTE = 1 << 20
pytestmark = pytest.mark.compiled


class Recorder(asyncio.Protocol):
    """Notes what it is told."""

    def __init__(self) -> None:
        self.transport: Any = None
        self.data = b""
        self.lost: list[Exception | None] = []
        self.paused: list[bool] = []
        self.at_end_of_file = False  # stay open?

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.data += data

    def eof_received(self) -> bool:
        return self.at_end_of_file

    def pause_writing(self) -> None:
        self.paused.append(True)

    def resume_writing(self) -> None:
        self.paused.append(False)

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.append(exc)


class Echo(Recorder):
    """Sends back what it gets."""

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self.transport.write(data)


class CountingLoop:
    """An event loop that counts how often it tells that something is ready."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.told = 0

    def add_reader(self, fd: int, callback: Callable[[], None]) -> None:
        def tell() -> None:
            self.told += 1
            callback()

        self._loop.add_reader(fd, tell)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loop, name)


class Host:
    """Sockets in the running loop, and clients to them."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.counting = CountingLoop(self.loop)
        self.sockets = sockets.Sockets(self.counting)
        self.faults: list[dict[str, Any]] = []
        self.loop.set_exception_handler(lambda loop, context: self.faults.append(context))
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._clients: list[socket.socket] = []

    def connect(self, protocol: Any) -> socket.socket:
        """Connect a client, not blocking, to `protocol`."""
        client = socket.create_connection(self._listening.getsockname())
        accepted, _ = self._listening.accept()
        accepted.setblocking(False)
        client.setblocking(False)
        self.sockets.add(accepted, protocol)
        self._clients.append(client)
        return client

    async def read(self, client: socket.socket, length: int) -> bytes:
        """Read `length` bytes, fewer if the other side hangs up."""
        got = bytearray()
        while len(got) < length:
            part = await self.loop.sock_recv(client, 65536)
            if not part:
                break
            got += part
        return bytes(got)

    def close(self) -> None:
        self.sockets.close()
        for client in self._clients:
            client.close()
        self._listening.close()


@asynccontextmanager
async def hosting() -> AsyncIterator[Host]:
    host = Host()
    try:
        yield host
    finally:
        host.close()


Case = Callable[[Host], Coroutine[Any, Any, None]]


@pytest.fixture(params=["asyncio", "uvloop"])
def play(request: pytest.FixtureRequest) -> Callable[[Case], None]:
    """Plays a case on an event loop."""
    if request.param == "uvloop":
        pytest.importorskip("uvloop")

    def run(case: Case) -> None:
        async def whole() -> None:
            async with hosting() as host:
                await asyncio.wait_for(case(host), SECONDS_MAX)

        with asyncio.Runner(loop_factory=loop_factory(request.param)) as runner:
            runner.run(whole())

    return run


Play = Callable[[Case], None]


def test_what_is_sent_comes_back(play: Play) -> None:
    async def case(host: Host) -> None:
        protocol = Echo()
        client = host.connect(protocol)
        for size in (1, 100, 16 << 10, (16 << 10) + 1, 300_000, 1, 5 * MEGABYTE, 2):
            data = os.urandom(size)
            sending = asyncio.ensure_future(host.loop.sock_sendall(client, data))
            assert await host.read(client, size) == data
            await sending
        assert protocol.transport.get_write_buffer_size() == 0

    play(case)


@pytest.mark.parametrize("size", [1, 5000, MEGABYTE])
@pytest.mark.parametrize("number", [1, 3, 64, 65])
def test_parts_are_sent_one_after_the_other(play: Play, number: int, size: int) -> None:
    parts = [bytes([part]) * (size // number + 1) for part in range(number)]

    class Parts(Recorder):
        def data_received(self, data: bytes) -> None:
            self.transport.writelines(parts)
            self.transport.writelines([b"the", b"end"])

    async def case(host: Host) -> None:
        protocol = Parts()
        client = host.connect(protocol)
        await host.loop.sock_sendall(client, b"go")
        whole = b"".join(parts) + b"theend"
        assert await host.read(client, len(whole)) == whole
        assert protocol.transport.get_write_buffer_size() == 0

    play(case)


def test_many_connections_at_once(play: Play) -> None:
    async def case(host: Host) -> None:
        clients = [host.connect(Echo()) for _ in range(300)]
        for round_ in range(3):
            for number, client in enumerate(clients):
                client.send(b"%d-%d" % (round_, number))
            for number, client in enumerate(clients):
                text = b"%d-%d" % (round_, number)
                assert await host.read(client, len(text)) == text

    play(case)


def test_a_client_that_does_not_read(play: Play) -> None:
    """The protocol is told to pause once above the limit, and to resume once below it, and nothing is lost."""

    async def case(host: Host) -> None:
        protocol = Recorder()
        client = host.connect(protocol)
        pieces = [os.urandom(100_000) for _ in range(80)]
        for piece in pieces:
            protocol.transport.write(piece)
        assert protocol.paused == [True]
        assert protocol.transport.get_write_buffer_size() > 64 << 10
        assert await host.read(client, 8_000_000) == b"".join(pieces)
        await until_async(lambda: protocol.paused == [True, False])
        assert protocol.transport.get_write_buffer_size() == 0

    play(case)


def test_reading_pauses(play: Play) -> None:
    async def case(host: Host) -> None:
        protocol = Recorder()
        client = host.connect(protocol)
        protocol.transport.pause_reading()
        assert not protocol.transport.is_reading()
        client.send(b"early")
        client.shutdown(socket.SHUT_WR)
        await asyncio.sleep(0.05)
        assert (protocol.data, protocol.lost) == (b"", [])
        protocol.transport.resume_reading()
        assert protocol.transport.is_reading()
        await until_async(lambda: protocol.lost)
        assert (protocol.data, protocol.lost) == (b"early", [None])

    play(case)


def test_a_hang_up_while_reading_pauses_costs_nothing(play: Play) -> None:
    """epoll would tell of it again and again."""

    async def case(host: Host) -> None:
        protocol = Recorder()
        client = host.connect(protocol)
        protocol.transport.pause_reading()
        reset(client)
        for _ in range(20):
            await asyncio.sleep(0.01)
        assert host.counting.told == 0
        protocol.transport.resume_reading()
        await until_async(lambda: protocol.lost)
        assert host.counting.told > 0

    play(case)


def test_close_sends_what_is_left(play: Play) -> None:
    async def case(host: Host) -> None:
        protocol = Recorder()
        client = host.connect(protocol)
        data = os.urandom(8 * MEGABYTE)
        protocol.transport.write(data)
        protocol.transport.close()
        assert protocol.transport.is_closing()
        assert await host.read(client, len(data) + 1) == data
        await until_async(lambda: protocol.lost)
        assert (protocol.data, protocol.lost) == (b"", [None])

    play(case)


def test_abort_sends_nothing_more(play: Play) -> None:
    async def case(host: Host) -> None:
        protocol = Recorder()
        client = host.connect(protocol)
        protocol.transport.write(bytes(8 * MEGABYTE))
        protocol.transport.abort()
        protocol.transport.write(b"more")
        protocol.transport.close()
        await until_async(lambda: protocol.lost)
        assert protocol.lost == [None]
        assert len(await host.read(client, 8 * MEGABYTE)) < 8 * MEGABYTE

    play(case)


@pytest.mark.parametrize("stay", [False, True])
def test_the_end_of_what_the_client_sends(play: Play, stay: bool) -> None:
    async def case(host: Host) -> None:
        protocol = Echo()
        protocol.at_end_of_file = stay
        client = host.connect(protocol)
        client.send(b"last")
        client.shutdown(socket.SHUT_WR)
        assert await host.read(client, 4) == b"last"
        if not stay:
            assert await host.read(client, 1) == b""
            await until_async(lambda: protocol.lost)
            assert protocol.lost == [None]

    play(case)


def reset(client: socket.socket) -> None:
    """Hang up with a RST."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def test_a_reset_while_reading(play: Play) -> None:
    async def case(host: Host) -> None:
        protocol = Recorder()
        reset(host.connect(protocol))
        await until_async(lambda: protocol.lost)
        assert len(protocol.lost) == 1
        assert isinstance(protocol.lost[0], ConnectionResetError)
        assert host.faults == []

    play(case)


def test_a_reset_while_writing(play: Play) -> None:
    async def case(host: Host) -> None:
        protocol = Recorder()
        client = host.connect(protocol)
        protocol.transport.pause_reading()
        protocol.transport.write(bytes(8 * MEGABYTE))
        reset(client)
        await until_async(lambda: protocol.lost)
        assert len(protocol.lost) == 1
        assert isinstance(protocol.lost[0], ConnectionError)
        protocol.transport.write(b"more")

    play(case)


def test_a_protocol_that_fails(play: Play) -> None:
    class Failing(Recorder):
        def data_received(self, data: bytes) -> None:
            raise ValueError("by intention")

    async def case(host: Host) -> None:
        protocol, other = Failing(), Echo()
        client, beside = host.connect(protocol), host.connect(other)
        client.send(b"x")
        beside.send(b"y")
        assert await host.read(client, 1) == b""
        assert await host.read(beside, 1) == b"y"
        assert [type(error) for error in protocol.lost] == [ValueError]
        assert [type(fault["exception"]) for fault in host.faults] == [ValueError]

    play(case)


def test_one_connection_closes_the_others_in_the_same_turn(play: Play) -> None:
    """All are ready when the first is read; none is told of anything after it was let go of."""
    protocols: list[Closing] = []

    class Closing(Recorder):
        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            for protocol in protocols:
                if protocol is not self:
                    protocol.transport.abort()

    async def case(host: Host) -> None:
        protocols.extend(Closing() for _ in range(40))
        clients = [host.connect(protocol) for protocol in protocols]
        for client in clients:
            client.send(b"x")
        await until_async(lambda: sum(map(len, (protocol.lost for protocol in protocols))) == 39)
        assert sorted(len(protocol.data) for protocol in protocols) == [0] * 39 + [1]

    play(case)


def test_nothing_is_left_open(play: Play) -> None:
    async def case(host: Host) -> None:
        for _ in range(3):
            protocols = [Echo() for _ in range(50)]
            clients = [host.connect(protocol) for protocol in protocols]
            for client in clients[::2]:
                client.close()
            for protocol in protocols[1::2]:
                protocol.transport.close()
            await until_async(lambda made=protocols: all(protocol.lost for protocol in made))
            for client in clients:
                client.close()
            opened.append(len(list(Path("/proc/self/fd").iterdir())))
        assert len(set(opened)) == 1

    opened: list[int] = []
    play(case)


def test_closing_all(play: Play) -> None:
    async def case(host: Host) -> None:
        protocols = [Recorder() for _ in range(3)]
        clients = [host.connect(protocol) for protocol in protocols]
        protocols[0].transport.write(bytes(8 * MEGABYTE))
        protocols[1].transport.close()
        host.sockets.close()
        assert [protocol.lost for protocol in protocols] == [[None]] * 3
        host.sockets.close()
        assert await host.read(clients[2], 1) == b""
        await asyncio.sleep(0.01)
        assert [protocol.lost for protocol in protocols] == [[None]] * 3

    play(case)


def test_what_it_tells_of_its_socket(play: Play) -> None:
    async def case(host: Host) -> None:
        protocol = Recorder()
        client = host.connect(protocol)
        tell = protocol.transport.get_extra_info
        assert tell("peername") == client.getsockname()
        assert tell("sockname") == client.getpeername()
        assert tell("socket").fileno() >= 0
        assert tell("ssl_object", 7) == 7
        reset(client)
        await asyncio.sleep(0.01)
        assert tell("peername", "gone") == "gone"

    play(case)
