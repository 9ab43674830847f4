"""Client, server and fixtures without what only POSIX has: the modules are blocked, the functions taken away."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from waiting import SECONDS_MAX

ROOT = Path(__file__).parents[1]

WITHOUT_POSIX = """
import asyncio, os, select, signal, socket, sys

pair, unix = socket.socketpair, socket.AF_UNIX
socket.socketpair = lambda: pair(unix)  # the event loop's own, which it needs everywhere

for name in ("resource", "pwd", "grp", "fcntl"):
    sys.modules[name] = None
for module, names in (
    (os, ("fork", "register_at_fork", "getuid", "setsid", "setgroups", "setuid", "setgid", "sched_getaffinity")),
    (socket, ("AF_UNIX",)),
    (select, ("poll", "POLLIN", "POLLOUT")),
    (signal, ("SIGUSR1", "SIGHUP")),
    (asyncio, ("open_unix_connection", "start_unix_server")),
):
    for name in names:
        delattr(module, name)

def refuse(*args, **kwargs):
    raise NotImplementedError

asyncio.AbstractEventLoop.add_signal_handler = asyncio.SelectorEventLoop.add_signal_handler = refuse
"""

USE = """
from mclite.client import AsyncClient, Client, ConnectError, TimedOutError
from mclite.testing import Cluster, ServerThread

with ServerThread() as server, server.client(timeout=60) as client:
    assert client.set("k", b"x" * 1_000_000, 60)
    assert client.get("k") == b"x" * 1_000_000
    assert float(client.stats()["rusage_user"]) >= 0
    server.clock.advance(60)
    assert client.get("k") is None

    async def use():
        async with server.async_client() as one:
            await one.set("k", "1")
            return await one.get("k")

    assert asyncio.run(use()) == b"1"
    with server.frozen():
        hasty = Client(server.host, server.port, timeout=0.1)
        try:
            hasty.get("k")
        except TimedOutError:
            hasty.close()
        else:
            raise AssertionError("a frozen server answered")

with Cluster(2, enable_ssl=True) as cluster:
    for node in cluster:
        with node.client() as client:
            assert client.set("k", "1")

for make in (lambda: Client("unix:/nowhere").get("k"), lambda: asyncio.run(AsyncClient("unix:/nowhere").get("k"))):
    try:
        make()
    except ConnectError as error:
        assert "no unix sockets" in str(error)
    else:
        raise AssertionError("a unix socket was used")
"""

SERVE = """
from mclite.cli import main

sys.exit(main(sys.argv[1:]))
"""


def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `code` in a process where POSIX's parts are missing."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", WITHOUT_POSIX + code, *arguments],
        capture_output=True,
        text=True,
        timeout=2 * SECONDS_MAX,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def test_client_testing_and_the_server() -> None:
    done = run(USE)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_needs_posix_says_so(tmp_path: Path) -> None:
    for words, says in (
        (("-s", str(tmp_path / "s")), "this system has no unix sockets"),
        (("--port", "0", "--store", f"disk:{tmp_path}"), "file locks (fcntl), which this system does not have"),
        (("--port", "0", "-d"), "-d needs fork, which this system does not have"),
    ):
        done = run(SERVE, "serve", *words)
        assert (done.returncode, done.stdout) == (1, "")
        assert says in done.stderr
        assert "Traceback" not in done.stderr


def test_serve(tmp_path: Path) -> None:
    """Started, asked and stopped by a client; -u has no effect there."""
    ready = tmp_path / "ready"
    arguments = [
        sys.executable, "-c", WITHOUT_POSIX + SERVE,
        "serve", "--port", "0", "-u", "nobody", "-A", "--ready-file", str(ready),
    ]  # fmt: skip
    server = subprocess.Popen(arguments, env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE)
    try:
        stop = """
import time
from pathlib import Path
from mclite.client import Client

deadline = time.monotonic() + 60
while not Path(sys.argv[1]).exists():
    assert time.monotonic() < deadline
    time.sleep(0.02)
host, port = Path(sys.argv[1]).read_text().strip().split(":")
with Client(host, int(port)) as client:
    assert client.set("k", "1")
    client.shutdown()
"""
        done = run(stop, str(ready))
        assert (done.returncode, done.stderr) == (0, "")
        _, errors = server.communicate(timeout=SECONDS_MAX)
        assert (server.returncode, errors) == (0, b"")
        assert not ready.exists()
    finally:
        if server.poll() is None:
            server.kill()
            server.wait()
