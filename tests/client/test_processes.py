"""Connections end with the process, whatever ends it, and are not shared with a forked child."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys

import pytest
from waiting import SECONDS_MAX

from mclite.client import Client

HOLD = """
import os, sys, time
from mclite.client import Client
with Client("127.0.0.1", int(sys.argv[1])) as client:
    client.set("k", "1")
    if sys.argv[2] == "fork" and os.fork() == 0:
        time.sleep(600)
        os._exit(0)
    print("ready", flush=True)
    time.sleep(600)
"""

HOLD_ASYNC = """
import asyncio, os, sys, time
from mclite.client import AsyncClient
async def main():
    async with AsyncClient("127.0.0.1", int(sys.argv[1])) as client:
        await client.set("k", "1")
        if sys.argv[2] == "fork" and os.fork() == 0:
            time.sleep(600)
            os._exit(0)
        print("ready", flush=True)
        await asyncio.sleep(600)
asyncio.run(main())
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
@pytest.mark.parametrize("how", ["alone", "fork"])
@pytest.mark.parametrize("program", [HOLD, HOLD_ASYNC], ids=["sync", "async"])
def test_the_server_sees_the_end(program: str, how: str, number: signal.Signals) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        process = subprocess.Popen(
            [sys.executable, "-c", program, str(port), how],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(SECONDS_MAX)
                assert connection.recv(100).startswith(b"set k")
                connection.sendall(b"STORED\r\n")
                assert process.stdout is not None
                assert process.stdout.readline() == b"ready\n"
                process.send_signal(number)
                assert connection.recv(100) == b"", "the connection is still open"
            process.wait(SECONDS_MAX)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(SECONDS_MAX)
            assert process.stdout is not None
            process.stdout.close()


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_has_a_connection_of_its_own(mclite_port: int) -> None:
    with Client("127.0.0.1", mclite_port) as client:
        client.set("n", b"0")
        child = os.fork()
        if child == 0:
            try:
                ok = client.incr("n", 10) is not None and client.stats()["curr_connections"] == "2"
            finally:
                os._exit(0 if ok else 1)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        assert client.incr("n", 1) == 11
