"""A pytest run of its own, as a user's project has it, and raw connections to a server for tests."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from waiting import SECONDS_MAX

from mclite.testing import ServerThread

ROOT = Path(__file__).parents[2]
RunPytest = Callable[..., str]


class Wire:
    """A raw connection to the server."""

    def __init__(self, server: ServerThread) -> None:
        self.sock = socket.create_connection((server.host, server.port), SECONDS_MAX)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data: bytes) -> None:
        """Send all of `data`."""
        self.sock.sendall(data)

    def read(self, length: int) -> bytes:
        """Read `length` bytes, fewer if the server hangs up."""
        got = b""
        while len(got) < length and (part := self.sock.recv(length - len(got))):
            got += part
        return got

    def ask(self, data: bytes, length: int) -> bytes:
        """Send `data` and read `length` bytes."""
        self.send(data)
        return self.read(length)

    def rest(self) -> bytes:
        """Read to the end."""
        return self.read(1 << 20)

    def silent(self) -> bool:
        """Whether nothing arrives, after the answer to a request that follows."""
        return self.ask(b"mn\r\n", 4) == b"MN\r\n"


@pytest.fixture
def server() -> Iterator[ServerThread]:
    with ServerThread() as server:
        yield server


@pytest.fixture
def connect(server: ServerThread) -> Iterator[Callable[[], Wire]]:
    """Return what opens one more connection to `server`."""
    opened: list[Wire] = []

    def another() -> Wire:
        opened.append(Wire(server))
        return opened[-1]

    yield another
    for wire in opened:
        wire.sock.close()


@pytest.fixture
def wire(connect: Callable[[], Wire]) -> Wire:
    return connect()


@pytest.fixture
def binary(connect: Callable[[], Wire]) -> Wire:
    """A connection that speaks the binary protocol."""
    return connect()


@pytest.fixture
def run_pytest(tmp_path: Path) -> RunPytest:
    """Return what runs pytest on the text of a test file, with pytest's own options, and returns what it printed.

    The plugin is named, so that it is there whether mclite is installed or on the path only.
    """

    def run(text: str, *options: str, name: str = "test_mine.py") -> str:
        (tmp_path / name).write_text(text, "utf-8")
        words = ["-p", "mclite.testing.fixtures", "-p", "no:cacheprovider", "--strict-markers", "-W", "error"]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *words, "--rootdir", str(tmp_path), *options, name],
            capture_output=True,
            text=True,
            timeout=4 * SECONDS_MAX,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        return done.stdout + done.stderr

    return run
