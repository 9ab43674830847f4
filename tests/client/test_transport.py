"""Sockets: servers that do not answer, hang up, or do not read; addresses; unix sockets and TLS."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from waiting import SECONDS_MAX

from mclite.client import BadArgumentError, BadReplyError, Client, ConnectError, ConnectionLostError, TimedOutError
from mclite.client.transport import SocketTransport, parse_address
from mclite.core.instance import Instance
from mclite.core.settings import Settings
from mclite.server.server import Server

Hostile = Callable[[Callable[[socket.socket], object]], int]


def mute(sock: socket.socket) -> None:
    """Read until the client hangs up, and answer nothing."""
    while sock.recv(65536):
        pass


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", ("a", 11211)),
        ("a:1", ("a", 1)),
        ("::1", ("::1", 11211)),
        ("[::1]", ("::1", 11211)),
        ("[::1]:5", ("::1", 5)),
        ("unix:/tmp/x:y", ("unix:/tmp/x:y", 11211)),
    ],
)
def test_addresses(text: str, expected: tuple[str, int]) -> None:
    assert parse_address(text) == expected


@pytest.mark.parametrize("text", ["", ":5", "a:", "a:b", "a:0", "a:65536", "[::1"])
def test_bad_addresses(text: str) -> None:
    with pytest.raises(BadArgumentError, match="is not host:port"):
        parse_address(text)


def test_silence_is_a_timeout(hostile: Hostile) -> None:
    with Client("127.0.0.1", hostile(mute), timeout=0.1) as client, pytest.raises(TimedOutError, match=r"for 0.1 s"):
        client.get("k")


def test_each_read_may_take_the_whole_time(hostile: Hostile, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server sends a byte for each read that waits."""
    waits: list[float | None] = []
    waiting = threading.Semaphore(0)
    wait = SocketTransport._wait

    def noted(sock: socket.socket, events: int, timeout: float | None) -> int:
        waits.append(timeout)
        waiting.release()
        return wait(sock, events, timeout)

    def slowly(sock: socket.socket) -> None:
        sock.recv(100)
        for byte in b"END\r\n":
            waiting.acquire()
            sock.sendall(bytes([byte]))
        sock.recv(1)

    monkeypatch.setattr(SocketTransport, "_wait", staticmethod(noted))
    with Client("127.0.0.1", hostile(slowly), timeout=SECONDS_MAX) as client:
        assert client.get("k") is None
    assert waits == [SECONDS_MAX] * 5


def test_a_hang_up_before_and_within_an_answer(hostile: Hostile) -> None:
    def some(sock: socket.socket) -> None:
        sock.recv(100)
        sock.sendall(b"VALUE k 0 10\r\n123")

    for treat in (lambda sock: sock.recv(100) and None, some):
        with Client("127.0.0.1", hostile(treat), timeout=SECONDS_MAX) as client, pytest.raises(ConnectionLostError):
            client.get("k")


def test_an_endless_line(hostile: Hostile) -> None:
    def endless(sock: socket.socket) -> None:
        sock.recv(100)
        while True:
            sock.sendall(b"x" * 65536)

    with (
        Client("127.0.0.1", hostile(endless), timeout=SECONDS_MAX) as client,
        pytest.raises(BadReplyError, match="without end"),
    ):
        client.get("k")


def test_a_server_that_does_not_read_is_a_timeout(hostile: Hostile) -> None:
    released = threading.Event()
    port = hostile(lambda sock: bool(released.wait(SECONDS_MAX)))
    with Client("127.0.0.1", port, timeout=0.2) as client, pytest.raises(TimedOutError):
        client.set("k", b"x" * 50_000_000)
    released.set()


def test_a_server_that_must_be_read_to_read_on(hostile: Hostile) -> None:
    """A pipeline whose first answers fill every buffer while the rest of it is still being sent."""
    value = b"x" * 100_000
    gets, sets = 300, 400

    def serve(sock: socket.socket) -> None:
        with sock.makefile("rb") as file:
            assert file.readline() == b"get k\r\n"
            sock.sendall((b"VALUE k 0 %d\r\n%b\r\nEND\r\n" % (len(value), value)) * gets)
            for _ in range(gets - 1):
                file.readline()
            for _ in range(sets):
                file.readline()
                file.read(len(value) + 2)
            sock.sendall(b"STORED\r\n" * sets)

    with Client("127.0.0.1", hostile(serve), timeout=SECONDS_MAX) as client:
        pipeline = client.pipeline()
        for _ in range(gets):
            pipeline.get("k")
        for _ in range(sets):
            pipeline.set("k", value)
        assert pipeline.execute() == [value] * gets + [True] * sets


def test_nobody_listens() -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
        with pytest.raises(ConnectError, match=f"cannot connect to 127.0.0.1:{port}: Connection refused"):
            Client("127.0.0.1", port).get("k")
    with pytest.raises(ConnectError):
        Client("unix:/nowhere/at/all").get("k")


def test_connecting_takes_no_longer_than_it_may() -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen(0)
        port = sock.getsockname()[1]
        fillers = []
        for _ in range(4):  # fill the backlog, so that the next connection is not taken
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
            fillers.append(filler)
        with pytest.raises(TimedOutError, match="in time"):
            Client("127.0.0.1", port, connect_timeout=0.2).connect()
        for filler in fillers:
            filler.close()


class Running:
    """A server of `settings` in a thread."""

    def __init__(self, settings: Settings) -> None:
        import asyncio

        self.loop = asyncio.new_event_loop()
        self.server: Any = None
        ready = threading.Event()

        async def serve() -> None:
            self.server = Server(Instance(settings))
            await self.server.start()
            ready.set()
            await self.server.stopped.wait()
            await self.server.stop()

        self.thread = threading.Thread(target=lambda: self.loop.run_until_complete(serve()))
        self.thread.start()
        assert ready.wait(SECONDS_MAX)

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.server.stopped.set)
        self.thread.join(SECONDS_MAX)
        self.loop.close()


def test_unix_socket(tmp_path: Path) -> None:
    running = Running(Settings(unix_socket=str(tmp_path / "s")))
    try:
        with Client(f"unix:{tmp_path / 's'}") as client:
            assert client.set("k", b"x" * 900_000)
            assert client.get("k") == b"x" * 900_000
    finally:
        running.stop()


def test_tls() -> None:
    files = Path(__file__).parents[2] / "conformance" / "targets"
    settings = Settings(
        port=-1, enable_ssl=True, ssl_chain_cert=str(files / "certificate.pem"), ssl_key=str(files / "key.pem")
    )
    running = Running(settings)
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with Client("127.0.0.1", settings.port, tls=context) as client:
            assert client.set("k", b"x" * 900_000)
            assert client.get_many(["k", "l"]) == {"k": b"x" * 900_000}
        with pytest.raises(ConnectError, match="certificate"):
            Client("127.0.0.1", settings.port, tls=ssl.create_default_context()).get("k")
    finally:
        running.stop()
