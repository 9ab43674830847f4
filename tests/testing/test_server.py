"""The server for tests: its clock, its faults, its life; with mclite's client and with pymemcache."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mclite.client import Client, ConnectionLostError, ServerError, TimedOutError
from mclite.store.clock import SystemClock
from mclite.testing import ServerThread


@pytest.fixture
def server() -> Iterator[ServerThread]:
    with ServerThread() as server:
        yield server


@pytest.fixture
def client(server: ServerThread) -> Iterator[Client[bytes]]:
    with Client(server.host, server.port, timeout=5.0) as client:
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
    server.faults.delay(5)
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
    with socket.create_connection((server.host, server.port), 5) as sock:
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
        socket.create_connection((server.host, server.port), 5)
    server.start()
    assert server.address == address
    with Client(server.host, server.port) as other:
        assert other.get("k") == b"1"
    server.stop()
    server.stop()


def test_a_port_that_is_taken(server: ServerThread) -> None:
    with pytest.raises(OSError, match="in use"):
        ServerThread(port=server.port).start()


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


def test_the_fixtures_as_a_user_has_them(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["mclite.testing.fixtures"]\n')
    (tmp_path / "test_mine.py").write_text(
        "import pytest\n"
        "from mclite.client import ServerError\n"
        "def test_expiry(mclite_client, mclite_server):\n"
        "    mclite_client.set('k', 'v', 60)\n"
        "    mclite_server.clock.advance(60)\n"
        "    assert mclite_client.get('k') is None\n"
        "def test_fault(mclite_client, mclite_server):\n"
        "    assert mclite_client.get('k') is None\n"
        "    mclite_server.faults.error(on='set')\n"
        "    with pytest.raises(ServerError):\n"
        "        mclite_client.set('k', 'v')\n"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=tmp_path,
        env={"PYTHONPATH": str(root), "PATH": "/usr/bin:/bin"},
    )
    assert "2 passed" in done.stdout, done.stdout + done.stderr


def test_the_package_does_not_need_pytest() -> None:
    code = "import sys; sys.modules['pytest'] = None; import mclite.testing, mclite.client"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)
