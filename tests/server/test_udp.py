"""UDP: a datagram is a request, an answer is as many as it takes."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
from waiting import SECONDS_MAX

from mclite.protocol import replies
from mclite.protocol.datagram import HEADER

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
