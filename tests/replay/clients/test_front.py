"""A port before a server, closed and opened again."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from waiting import SECONDS_MAX, until

from mclite.replay.clients.front import Front
from mclite.testing import ServerThread


@pytest.fixture
def front() -> Iterator[Front]:
    with ServerThread() as server, Front((server.host, server.port)) as front:
        yield front


def ask(place: tuple[str, int], data: bytes = b"mn\r\n") -> bytes:
    with socket.create_connection(place, SECONDS_MAX) as sock:
        sock.sendall(data)
        return sock.recv(100)


def test_bytes_are_handed_on_both_ways(front: Front) -> None:
    assert ask(front.place) == b"MN\r\n"
    with socket.create_connection(front.place, SECONDS_MAX) as sock:
        sock.sendall(b"set k 0 0 1\r\nx\r\n")
        assert sock.recv(100) == b"STORED\r\n"
        sock.sendall(b"get k\r\nquit\r\n")
        assert b"".join(iter(lambda: sock.recv(100), b"")) == b"VALUE k 0 1\r\nx\r\nEND\r\n"
    until(lambda: not front._open)


def test_down_hangs_up_and_refuses_until_it_is_up_again(front: Front) -> None:
    with socket.create_connection(front.place, SECONDS_MAX) as sock:
        sock.sendall(b"mn\r\n")
        assert sock.recv(100) == b"MN\r\n"
        front.down()
        assert sock.recv(100) == b""
    with pytest.raises(ConnectionRefusedError):
        ask(front.place)
    front.down()  # nothing happens
    front.up()
    assert ask(front.place) == b"MN\r\n"


def test_a_client_of_a_server_that_is_gone_is_hung_up_on() -> None:
    with ServerThread() as server:
        place = (server.host, server.port)
    with Front(place) as front:
        try:
            answer = ask(front.place)
        except ConnectionResetError:
            answer = b""
        assert answer == b""
