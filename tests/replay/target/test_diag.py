"""Which sockets take what is sent to a port, asked of the kernel."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest

from mclite.replay.target import diag, listeners
from mclite.replay.target.diag import sockets

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="netlink is of Linux")


def inode(sock: socket.socket) -> int:
    return os.fstat(sock.fileno()).st_ino


def test_a_listener_is_found_and_who_owns_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        port = server.getsockname()[1]
        assert sockets(port, udp=False) == {inode(server): os.geteuid()}
        assert inode(server) not in (sockets(port, udp=True) or {})
        assert sockets(client.getsockname()[1], udp=False) == {}, "a connection is no listener"


@pytest.mark.parametrize("host", ["0.0.0.0", "127.0.0.1"])  # for a moment, and nothing is accepted
def test_a_datagram_socket_is_found(host: str) -> None:
    with socket.socket() as held, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        held.bind((host, 0))  # so that no other test listens there
        sock.bind(held.getsockname())
        assert sockets(sock.getsockname()[1], udp=True) == {inode(sock): os.geteuid()}
        assert sockets(sock.getsockname()[1], udp=False) == {}


def test_a_socket_of_another_address_is_not_found() -> None:
    with socket.create_server(("127.0.0.2", 0)) as server:
        assert sockets(server.getsockname()[1], udp=False) == {}


@pytest.mark.skipif(not Path("/proc/net/tcp6").exists(), reason="no IPv6 here")
def test_a_socket_of_both_families_is_found() -> None:
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as server:
        assert sockets(server.getsockname()[1], udp=False) == {inode(server): os.geteuid()}


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="no /proc here")
def test_proc_says_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        told = sockets(port, udp=False)
        monkeypatch.setattr(diag, "sockets", lambda *_: None)
        assert listeners._proc_sockets(port, False) == told


def test_where_the_kernel_refuses_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> socket.socket:
        raise PermissionError

    monkeypatch.setattr(socket, "socket", refused)
    assert sockets(1, udp=False) is None
