from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from waiting import SECONDS_MAX

from mclite.replay.play.transport import Address, Connection, Unreachable, connect, parse_address

Serve = Callable[[Callable[[socket.socket], None]], Address]


@pytest.mark.parametrize(
    ("text", "kind", "host", "port", "shown"),
    [
        ("127.0.0.1:11212", "tcp", "127.0.0.1", 11212, "127.0.0.1:11212"),
        ("localhost", "tcp", "localhost", 11211, "localhost:11211"),
        ("[::1]:11300", "tcp", "::1", 11300, "[::1]:11300"),
        ("[::1]", "tcp", "::1", 11211, "[::1]:11211"),
        ("tls://cache.example:11211", "tls", "cache.example", 11211, "tls://cache.example:11211"),
        ("tls://[::1]:1", "tls", "::1", 1, "tls://[::1]:1"),
        ("udp://127.0.0.1:1", "udp", "127.0.0.1", 1, "udp://127.0.0.1:1"),
        ("unix:/tmp/a b", "unix", "/tmp/a b", 0, "unix:/tmp/a b"),
        ("unix:///tmp/s", "unix", "/tmp/s", 0, "unix:/tmp/s"),
    ],
)
def test_addresses(text: str, kind: str, host: str, port: int, shown: str) -> None:
    address = parse_address(text)
    assert (address.kind, address.host, address.port, str(address)) == (kind, host, port, shown)
    assert parse_address(shown) == address


@pytest.mark.parametrize("text", ["", "a b:1", "host:", "host:port", "host:70000", "unix:", "http://x:1", "::1:1"])
def test_malformed_addresses(text: str) -> None:
    with pytest.raises(ValueError, match=r"no address|needs a path"):
        parse_address(text)


@pytest.mark.parametrize("address", [Address("tcp", "127.0.0.1", 1), Address("unix", "/nowhere/socket")])
def test_unreachable(address: Address) -> None:
    with pytest.raises(Unreachable, match="cannot be connected to: "):
        connect(address, 1.0)


def test_no_read_outlasts_its_deadline(serve: Serve) -> None:
    connection = Connection(serve(lambda peer: bool(peer.recv(1))), 1.0)
    deadline = time.monotonic() + 0.1
    assert not connection.fill(deadline)
    assert time.monotonic() >= deadline
    connection.close()


def test_the_end_is_said(serve: Serve) -> None:
    connection = Connection(serve(lambda peer: peer.sendall(b"x")), 1.0)
    assert connection.fill(time.monotonic() + SECONDS_MAX)
    assert not connection.fill(time.monotonic() + SECONDS_MAX)
    assert connection.gone == "the server closed the connection"
    assert connection.take(5) == b"x"
    connection.close()


def test_unix_sockets(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        connection = connect(Address("unix", path), 1.0)
        peer, _ = listener.accept()
        connection.send(b"hello", time.monotonic() + SECONDS_MAX)
        assert peer.recv(10) == b"hello"
        peer.close()
        connection.close()
