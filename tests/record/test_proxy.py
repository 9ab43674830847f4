from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest
from waiting import SECONDS_MAX

from mclite.cli import main
from mclite.record.proxy import Proxy
from mclite.record.scenario import scenario
from mclite.replay.play.transport import Address
from mclite.store.clock import SystemClock
from mclite.testing import ServerThread

ROOT = Path(__file__).resolve().parents[2]


def say(sock: socket.socket, request: bytes, answer: bytes) -> None:
    sock.sendall(request)
    got = b""
    while len(got) < len(answer):
        got += sock.recv(4096)
    assert got == answer


async def application(port: int) -> None:
    def talk() -> None:
        with (
            socket.create_connection(("127.0.0.1", port), SECONDS_MAX) as a,
            socket.create_connection(("127.0.0.1", port), SECONDS_MAX) as b,
        ):
            say(a, b"set color 0 0 4\r\n4711\r\n", b"STORED\r\n")
            say(b, b"append color 0 0 6\r\n\x00\r\n{}'\r\n", b"STORED\r\n")
            say(a, b"get color\r\n", b"VALUE color 0 10\r\n4711\x00\r\n{}'\r\nEND\r\n")
            say(b, b"ms color 1 F7 c\r\nx\r\n", b"HD c3\r\n")
            say(a, b"cas color 0 0 1 3\r\ny\r\n", b"STORED\r\n")
            say(b, b"mg color v c\r\n", b"VA 1 c4\r\ny\r\n")

    await asyncio.to_thread(talk)


def test_what_is_recorded_can_be_replayed(tmp_path: Path) -> None:
    async def record(target: Address) -> Proxy:
        proxy = Proxy(target)
        port = await proxy.start("127.0.0.1", 0)
        await application(port)
        await proxy.stop()
        return proxy

    with ServerThread(clock=SystemClock()) as server:
        proxy = asyncio.run(record(Address("tcp", server.host, server.port)))
        recorded = scenario(proxy.events, "a session", "a test")
        assert recorded.requests == 6
        file = tmp_path / "session.toml"
        file.write_text(recorded.text)
        # Another run has other keys and other cas uniques.
        assert main(["suite", "play", str(file), "--target", server.address]) == 0
        assert main(["suite", "play", str(file), "--target", server.address]) == 0
        server.faults.error("SERVER_ERROR no", on="append")
        assert main(["suite", "play", str(file), "--target", server.address]) == 1


def test_a_target_that_is_gone_is_said() -> None:
    async def record() -> Proxy:
        proxy = Proxy(Address("tcp", "127.0.0.1", 1))
        port = await proxy.start("127.0.0.1", 0)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert await reader.read() == b""
        writer.close()
        await proxy.stop()
        return proxy

    assert "cannot be connected to: Connection refused" in str(asyncio.run(record()).failed)


def test_more_connections_than_letters_are_served_and_left_out() -> None:
    async def record(server: ServerThread) -> Proxy:
        proxy = Proxy(Address("tcp", server.host, server.port))
        port = await proxy.start("127.0.0.1", 0)
        writers = []
        for _ in range(28):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"mn\r\n")
            assert await reader.readline() == b"MN\r\n"
            writers.append(writer)
        for writer in writers:
            writer.close()
        await proxy.stop()
        return proxy

    with ServerThread() as server:
        proxy = asyncio.run(record(server))
    assert proxy.unrecorded == 2
    assert len({event.conn for event in proxy.events}) == 26


def test_a_client_that_only_ends_what_it_sends_is_answered(tmp_path: Path) -> None:
    value = b"x" * 900_000
    answer = b"VALUE big 0 900000\r\n%b\r\nEND\r\n" % value

    def talk(port: int) -> bytes:
        with socket.create_connection(("127.0.0.1", port), SECONDS_MAX) as sock:
            say(sock, b"set big 0 0 900000\r\n%b\r\n" % value, b"STORED\r\n")
            sock.sendall(b"get big\r\n")
            sock.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: sock.recv(1 << 16), b""))

    async def record(target: Address) -> Proxy:
        proxy = Proxy(target)
        port = await proxy.start("127.0.0.1", 0)
        assert await asyncio.to_thread(talk, port) == answer
        await proxy.stop()
        return proxy

    with ServerThread(clock=SystemClock()) as server:
        proxy = asyncio.run(record(Address("tcp", server.host, server.port)))
        assert [event.kind for event in proxy.events if not event.data] == ["shut", "hung-up"]
        file = tmp_path / "session.toml"
        file.write_text(scenario(proxy.events, "a session", "a test").text)
        assert "\nshut\n< VALUE {key} 0 900000\n" in file.read_text()
        assert file.read_text().endswith("\nclosed\n'''\n")
        assert main(["suite", "play", str(file), "--target", server.address]) == 0


def test_a_recording_holds_so_much_and_the_rest_is_handed_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("mclite.record.proxy.LONGEST", 100)
    size = len(b"set a 0 0 10\r\n0123456789\r\nSTORED\r\n")

    def talk(port: int) -> None:
        with socket.create_connection(("127.0.0.1", port), SECONDS_MAX) as sock:
            for _ in range(50):
                say(sock, b"set a 0 0 10\r\n0123456789\r\n", b"STORED\r\n")

    async def record(target: Address) -> Proxy:
        proxy = Proxy(target)
        port = await proxy.start("127.0.0.1", 0)
        await asyncio.to_thread(talk, port)
        await proxy.stop()
        return proxy

    with ServerThread(clock=SystemClock()) as server:
        proxy = asyncio.run(record(Address("tcp", server.host, server.port)))
        assert proxy.full
        assert 100 - size < sum(len(event.data) for event in proxy.events) <= 100
        recorded = scenario(proxy.events, "a session", "a test", cut=proxy.full)
        assert recorded.requests in (2, 3)
        file = tmp_path / "session.toml"
        file.write_text(recorded.text)
        assert main(["suite", "play", str(file), "--target", server.address]) == 0
