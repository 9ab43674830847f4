"""The server for tests: its clock, its faults, its life; with mclite's client and with pymemcache."""

from __future__ import annotations

import asyncio
import gc
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from waiting import SECONDS_MAX

from mclite.client import Client, ConnectionLostError, MemcacheError, ServerError, TimedOutError
from mclite.core.settings import Settings
from mclite.server.server import ServeError
from mclite.store.clock import SystemClock
from mclite.testing import ServerThread


@pytest.fixture
def server() -> Iterator[ServerThread]:
    with ServerThread() as server:
        yield server


@pytest.fixture
def client(server: ServerThread) -> Iterator[Client[bytes]]:
    with Client(server.host, server.port, timeout=SECONDS_MAX) as client:
        yield client


def test_the_clock_stands_still_until_it_is_moved(server: ServerThread, client: Client[bytes]) -> None:
    before = server.clock.now()
    client.set("k", "1", 60)
    server.clock.advance(59)
    assert client.get("k") == b"1"
    assert client.mg("k", ttl=True).ttl == 1
    server.clock.advance(1)
    assert client.get("k") is None
    assert server.clock.now() == before + 60


def test_a_clock_of_its_own() -> None:
    with ServerThread(clock=SystemClock()) as server, pytest.raises(TypeError, match="cannot be moved"):
        server.clock.advance(1)


def test_delay(server: ServerThread, client: Client[bytes]) -> None:
    client.set("k", "1")
    server.faults.delay(0.2)
    began = time.monotonic()
    assert client.get("k") == b"1"
    assert time.monotonic() - began >= 0.2
    assert client.get("k") == b"1"
    server.faults.stall()
    with Client(server.host, server.port, timeout=0.1) as hasty, pytest.raises(TimedOutError):
        hasty.get("k")


def test_what_comes_during_a_delay_waits_its_turn(server: ServerThread, client: Client[bytes]) -> None:
    server.faults.delay(0.1, on="set")
    pipeline = client.pipeline()
    pipeline.get("k")
    pipeline.set("k", "1")
    pipeline.get("k")
    assert pipeline.execute() == [None, True, b"1"]


def test_close(server: ServerThread, client: Client[bytes]) -> None:
    client.set("n", "1")
    server.faults.close(on="incr")
    assert client.get("n") == b"1"
    with pytest.raises(ConnectionLostError):
        client.incr("n")
    client.connect()
    assert client.get("n") == b"1"  # it was not carried out


def test_partial(server: ServerThread, client: Client[bytes]) -> None:
    client.set("k", "12345")
    server.faults.partial(len(b"VALUE k 0 5\r\n12"))
    with socket.create_connection((server.host, server.port), SECONDS_MAX) as sock:
        sock.sendall(b"get k\r\n")
        received = b""
        while data := sock.recv(100):
            received += data
    assert received == b"VALUE k 0 5\r\n12"
    server.faults.partial(3)
    with pytest.raises(ConnectionLostError):
        client.incr("k")
    client.connect()
    assert client.get("k") == b"12346"  # it was carried out


def test_error(server: ServerThread, client: Client[bytes]) -> None:
    server.faults.error()
    server.faults.error("CLIENT_ERROR bad mood", on="get")
    with pytest.raises(ServerError, match="out of memory"):
        client.set("k", "x" * 300_000)
    assert client.set("k", "2")
    with pytest.raises(Exception, match="bad mood"):
        client.get("k")
    assert client.get("k") == b"2"


def test_faults_can_be_taken_back(server: ServerThread, client: Client[bytes]) -> None:
    server.faults.close()
    assert len(server.faults) == 1
    server.faults.clear()
    assert client.get("k") is None


def test_stop_and_start_keep_port_and_items(server: ServerThread, client: Client[bytes]) -> None:
    client.set("k", "1")
    address = server.address
    server.stop()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((server.host, server.port), SECONDS_MAX)
    server.start()
    assert server.address == address
    with Client(server.host, server.port) as other:
        assert other.get("k") == b"1"
    server.stop()
    server.stop()


def test_a_port_that_is_taken(server: ServerThread) -> None:
    with pytest.raises(ServeError, match="in use"):
        ServerThread(port=server.port).start()


def test_options_are_those_of_mclite_serve() -> None:
    with ServerThread(memory_limit=8, max_item_size=1024) as server, server.client() as client:
        assert client.stats("settings")["maxbytes"] == str(8 << 20)
        with pytest.raises(ServerError, match="too large"):
            client.set("k", "x" * 2000)
    with pytest.raises(TypeError, match="did you mean 'memory_limit'"):
        ServerThread(memory_limits=8)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="not both"):
        ServerThread(Settings(), memory_limit=8)


def test_a_port_of_choice() -> None:
    with ServerThread() as first:
        port = first.port
    with ServerThread(port=port) as second:
        assert second.address == f"127.0.0.1:{port}"
    with ServerThread(port=0, listen="::1") as third, third.client() as client:
        assert third.address == f"[::1]:{third.port}"
        assert client.set("k", "1")


def test_tls() -> None:
    with ServerThread(enable_ssl=True) as server, server.client() as client:
        assert client.set("k", "x" * 100_000)
        assert client.get("k") == b"x" * 100_000
        with pytest.raises(MemcacheError), Client(server.host, server.port, timeout=0.5) as plain:
            plain.get("k")


def test_a_unix_socket(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with ServerThread(unix_socket=path) as server, server.client() as client:
        assert server.address == f"unix:{path}"
        assert client.set("k", "1")
    assert not path.exists()


def test_frozen(server: ServerThread, client: Client[bytes]) -> None:
    client.set("k", "1")
    with server.frozen():
        hasty = Client(server.host, server.port, timeout=0.1)
        hasty.connect()  # the kernel takes the connection
        with pytest.raises(TimedOutError):
            hasty.get("k")
        hasty.close()
        assert server.call(lambda: len(server.instance.store)) == 1
    assert client.get("k") == b"1"
    server.freeze()
    server.freeze()
    server.stop()
    with pytest.raises(RuntimeError, match="does not run"):
        server.freeze()


def test_call_runs_between_requests(server: ServerThread) -> None:
    assert server.call(threading.get_ident) != threading.get_ident()
    with pytest.raises(ZeroDivisionError):
        server.call(lambda: 1 // 0)
    server.stop()
    assert server.call(threading.get_ident) == threading.get_ident()


def test_it_runs_once(server: ServerThread) -> None:
    with pytest.raises(RuntimeError, match="runs already"):
        server.start()
    assert repr(server) == f"<ServerThread {server.address} running>"


def test_an_async_client_closes_with_its_loop(server: ServerThread) -> None:
    """Else its socket would be found open by the garbage collector, which warns: here an error."""
    client = server.async_client()

    async def use() -> bytes | None:
        await client.set("k", "1")
        return await client.get("k")

    assert asyncio.run(use()) == b"1"
    assert server.call(lambda: True)
    gc.collect()


def test_other_libraries_can_use_it(server: ServerThread) -> None:
    pymemcache = pytest.importorskip("pymemcache")
    other = pymemcache.Client((server.host, server.port))
    try:
        assert other.set("k", "1", expire=10)
        assert other.get("k") == b"1"
        server.clock.advance(10)
        assert other.get("k") is None
        server.faults.error("SERVER_ERROR out of memory")
        with pytest.raises(pymemcache.MemcacheServerError):
            other.set("k", "1", noreply=False)
    finally:
        other.close()


def test_the_package_does_not_need_pytest() -> None:
    code = "import sys; sys.modules['pytest'] = None; import mclite.testing, mclite.client"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=SECONDS_MAX)
