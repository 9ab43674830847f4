"""Small servers in this process, honest and hostile, for the engine to play to."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from waiting import SECONDS_MAX, connected, free_port

from mclite.replay.play.transport import Address

sys.path.insert(0, str(Path(__file__).with_name("small")))

from suite_run import HEAD, ROOT, Run, Suite

Handler = Callable[[socket.socket], None]


class SmallServer:
    """Calls a handler with each connection, in a thread each."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = Address("tcp", "127.0.0.1", self.listener.getsockname()[1])
        self.open: list[socket.socket] = []
        self.threads = [threading.Thread(target=self.run, daemon=True)]
        self.threads[0].start()

    def run(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                self.open.append(connection)
                thread = threading.Thread(target=self.call, args=(connection,), daemon=True)
                self.threads.append(thread)
                thread.start()

    def call(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            self.handler(connection)

    def stop(self) -> None:
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self.open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        for thread in self.threads:
            thread.join(SECONDS_MAX)


@pytest.fixture
def serve() -> Iterator[Callable[[Handler], Address]]:
    """Start a server that calls a handler with each connection; return its address."""
    servers: list[SmallServer] = []

    def start(handler: Handler) -> Address:
        servers.append(SmallServer(handler))
        return servers[-1].address

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def scripted(serve: Callable[[Handler], Address]) -> Callable[..., Address]:
    """Start a server that answers each request line with what a dict says, `version` always rightly."""

    def start(answers: dict[bytes, bytes] | None = None, version: bytes = b"VERSION 1.6.45\r\n") -> Address:
        said = {b"version": version, **(answers or {})}

        def handler(connection: socket.socket) -> None:
            with connection.makefile("rb") as lines:
                for line in lines:
                    connection.sendall(said.get(line.rstrip(b"\r\n"), b""))

        return serve(handler)

    return start


@pytest.fixture
def toy() -> str:
    """Return the command that starts the toy server, with the port left open."""
    return f"{{python}} {Path(__file__).with_name('toy_server.py')} {{port}}"


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    """Write a suite of one file, run pytest on it, and return what came of it."""
    root = tmp_path / "conformance"
    (root / "targets").mkdir(parents=True)
    shutil.copy(ROOT / "conformance" / "conftest.py", root / "conftest.py")
    outer = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}  # of our own run

    def run(
        scenarios: str,
        *options: str,
        path: str = "conformance",
        files: dict[str, str] | None = None,
        addopts: str = "",
        keep: bool = False,
    ) -> Run:
        (root / "chapter").mkdir(exist_ok=True)
        (root / "chapter" / "file.toml").write_text(HEAD + scenarios if scenarios else "")
        if not keep:
            shutil.rmtree(tmp_path / "reports", ignore_errors=True)
        for name, content in (files or {}).items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(content)
        done = subprocess.run(
            [sys.executable, "-m", "pytest", path, "-p", "no:cacheprovider", *options],
            cwd=tmp_path,
            env={**outer, "PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": addopts},
            capture_output=True,
            text=True,
            timeout=4 * SECONDS_MAX,
            check=False,
        )
        return Run(done, tmp_path / "reports")

    return run


@pytest.fixture
def running(toy: str) -> Iterator[Callable[..., str]]:
    """Start toys that the suite did not start; return their addresses."""
    processes = []

    def start(*words: str) -> str:
        port = free_port()
        command = toy.replace("{python}", sys.executable).replace("{port}", str(port)).split()
        processes.append(subprocess.Popen([*command, *words]))
        connected(port, processes[-1]).close()
        return f"127.0.0.1:{port}"

    yield start
    for process in processes:
        process.terminate()
        process.wait(SECONDS_MAX)
