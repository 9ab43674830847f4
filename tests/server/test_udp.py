"""UDP: a datagram is a request, an answer is as many as it takes."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine, Iterator
from typing import TYPE_CHECKING

import pytest
from waiting import SECONDS_MAX

from mclite.core.instance import Instance
from mclite.core.session import Session
from mclite.protocol import replies
from mclite.protocol.datagram import HEADER
from mclite.server.udp import TURN_DATAGRAMS, UNFINISHED_MAX, DatagramServer

if TYPE_CHECKING:
    from tests.server.conftest import Running

Serve = Callable[[str], "Running"]


@pytest.fixture
def udp(serve: Serve) -> Iterator[socket.socket]:
    """A UDP socket connected to a server."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    serve(f"-U {port}")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(("127.0.0.1", port))
        sock.settimeout(SECONDS_MAX)
        yield sock


def frame(request_id: int, payload: bytes, sequence: int = 0, total: int = 1) -> bytes:
    return HEADER.pack(request_id, sequence, total, 0) + payload


def test_a_request(udp: socket.socket) -> None:
    udp.send(frame(0x1234, b"version\r\n"))
    assert udp.recv(2000) == frame(0x1234, replies.VERSION)


def test_items_are_those_of_the_server(udp: socket.socket) -> None:
    udp.send(frame(1, b"set a 0 0 5\r\nhello\r\n"))
    assert udp.recv(2000) == frame(1, b"STORED\r\n")
    udp.send(frame(2, b"get a\r\n"))
    assert udp.recv(2000) == frame(2, b"VALUE a 0 5\r\nhello\r\nEND\r\n")


def test_an_answer_of_several_datagrams(udp: socket.socket) -> None:
    for part in range(4):
        udp.send(frame(part, b"append a 0 0 1000\r\n" if part else b"set a 0 0 1000\r\n"))
        udp.send(frame(part, (b"append" if part else b"set") + b" a 0 0 1000\r\n" + b"%d" % part * 1000 + b"\r\n"))
        assert udp.recv(2000) == frame(part, b"STORED\r\n")
    udp.send(frame(7, b"get a\r\n"))
    message = b"VALUE a 0 4000\r\n" + b"".join(b"%d" % part * 1000 for part in range(4)) + b"\r\nEND\r\n"
    parts = [udp.recv(2000) for _ in range(3)]
    assert [HEADER.unpack_from(part)[:3] for part in parts] == [(7, number, 3) for number in range(3)]
    assert b"".join(part[HEADER.size :] for part in parts) == message


@pytest.mark.parametrize(
    "dropped", [b"", b"short", frame(1, b"version\r\n", 0, 2), frame(1, b"get a", 0, 1), frame(1, b"")]
)
def test_what_is_not_answered(dropped: bytes, udp: socket.socket) -> None:
    udp.send(dropped)
    udp.send(frame(9, b"mn\r\n"))
    assert udp.recv(2000) == frame(9, b"MN\r\n")


def test_noreply(udp: socket.socket) -> None:
    udp.send(frame(1, b"set a 0 0 1 noreply\r\nx\r\n"))
    udp.send(frame(2, b"get a\r\n"))
    assert udp.recv(2000) == frame(2, b"VALUE a 0 1\r\nx\r\nEND\r\n")


def test_each_datagram_begins_anew(udp: socket.socket) -> None:
    udp.send(frame(1, b"set a 0 0 5\r\nhel"))
    udp.send(frame(2, b"version\r\n"))
    assert udp.recv(2000) == frame(2, replies.VERSION)


def test_garbage(udp: socket.socket) -> None:
    udp.send(frame(1, b"\xff" * 1000 + b"\r\n"))
    assert udp.recv(2000) == frame(1, b"ERROR\r\n")


def test_no_watching(udp: socket.socket) -> None:
    udp.send(frame(1, b"watch\r\n"))
    assert b"ERROR " in udp.recv(2000)


def test_a_client_that_has_gone_away_harms_nobody(udp: socket.socket) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone:
        gone.connect(udp.getpeername())
        gone.send(frame(1, b"version\r\n"))
    udp.send(frame(2, b"mn\r\n"))
    assert udp.recv(2000) == frame(2, b"MN\r\n")


def in_a_loop(test: Callable[[], Coroutine[None, None, None]]) -> Callable[[], None]:
    def run() -> None:
        asyncio.run(test())

    return run


class Wire(asyncio.DatagramTransport):
    """What a DatagramServer sends, counted; `protocol` is told to pause when `room` datagrams are taken."""

    def __init__(self, protocol: DatagramServer, room: int) -> None:
        super().__init__()
        self.protocol = protocol
        self.room = room
        self.sent: list[tuple[bytes, object]] = []
        protocol.connection_made(self)

    def sendto(self, data: bytes, addr: object = None) -> None:  # type: ignore[override]
        self.sent.append((data, addr))
        if len(self.sent) == self.room:
            self.protocol.pause_writing()


def wire_to_large_items(room: int = 1 << 30) -> Wire:
    """A server with an item of 1,000,000 bytes under `k`, and of 5 under `a`."""
    instance = Instance()
    for key, length in ((b"k", 1_000_000), (b"a", 5)):
        assert Session(instance).receive(b"set %b 0 0 %d\r\n%b\r\n" % (key, length, b"x" * length)) == replies.STORED
    return Wire(DatagramServer(instance), room)


def ask(wire: Wire, request_id: int, payload: bytes, client: str = "client") -> None:
    wire.protocol.datagram_received(frame(request_id, payload), (client, 1))


MANY = b"get" + b" k" * 1000 + b"\r\n"
"""a request of 2 kB whose answer has 1 GB"""


@in_a_loop
async def test_a_turn_sends_a_bounded_part_of_an_answer() -> None:
    wire = wire_to_large_items()
    ask(wire, 1, MANY)
    assert len(wire.sent) == TURN_DATAGRAMS
    ask(wire, 2, b"get a\r\n", "other")
    assert wire.sent[-1] == (frame(2, b"VALUE a 0 5\r\nxxxxx\r\nEND\r\n"), ("other", 1))
    for _ in range(20):
        before = len(wire.sent)
        await asyncio.sleep(0)
        assert 0 < len(wire.sent) - before <= TURN_DATAGRAMS


@in_a_loop
async def test_nothing_is_made_that_the_socket_does_not_take() -> None:
    wire = wire_to_large_items(room=100)
    stats = wire.protocol._instance.stats
    ask(wire, 1, MANY)
    for _ in range(10):
        await asyncio.sleep(0)
    assert len(wire.sent) == 100
    assert stats.cmd_get == 5  # items were fetched, of a thousand: one message of ANSWER_MAX and the last item
    ask(wire, 2, b"delete a\r\n")
    assert stats.total("delete_hits") == 0  # dropped: it could not be answered
    wire.protocol.resume_writing()
    await asyncio.sleep(0)
    assert len(wire.sent) > 100


@in_a_loop
async def test_long_answers_are_bounded_in_number_and_take_turns() -> None:
    wire = wire_to_large_items()
    for number in range(2 * UNFINISHED_MAX):
        ask(wire, number, MANY, f"client {number}")
    assert len(wire.sent) == 2 * UNFINISHED_MAX * TURN_DATAGRAMS
    del wire.sent[:]
    for _ in range(UNFINISHED_MAX):
        await asyncio.sleep(0)
    clients = {addr for _, addr in wire.sent}
    assert clients == {(f"client {number}", 1) for number in range(UNFINISHED_MAX)}


@in_a_loop
async def test_requests_without_answers_take_turns_too() -> None:
    wire = wire_to_large_items()
    ask(wire, 1, b"touch none 0 noreply\r\n" * 1000)
    assert wire.protocol._instance.stats.cmd_touch <= TURN_DATAGRAMS + 1
    for _ in range(1000 // TURN_DATAGRAMS + 1):
        await asyncio.sleep(0)
    assert wire.protocol._instance.stats.cmd_touch == 1000
